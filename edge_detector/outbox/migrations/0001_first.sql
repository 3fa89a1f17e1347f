-- One row a file to deliver. `seq` is the order of arrival, `priority` the order of kinds.
CREATE TABLE items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    camera TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_type TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_utc REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('saved', 'uploading', 'stored', 'purged', 'failed')),
    attempts INTEGER NOT NULL,
    next_try_utc REAL NOT NULL,
    last_error TEXT
) STRICT;

-- In the order of delivery, with all that decides whether a file is due.
CREATE INDEX items_waiting ON items (priority, created_utc, seq, next_try_utc, camera, kind, visit_id)
WHERE state = 'saved';
CREATE INDEX items_of_visit ON items (visit_id, state);
CREATE INDEX items_by_state ON items (state, created_utc);
CREATE INDEX items_by_age ON items (created_utc, seq);

CREATE TABLE visits (
    visit_id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    started_utc REAL NOT NULL,
    last_seen_utc REAL NOT NULL,
    max_people INTEGER NOT NULL,
    max_confidence REAL NOT NULL,
    mean_inference_ms REAL NOT NULL,
    zones TEXT NOT NULL,
    clips INTEGER NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX visits_by_start ON visits (started_utc, visit_id);
CREATE INDEX visits_open ON visits (started_utc, visit_id) WHERE NOT ended;

-- An acknowledged event stays for a while without its payload, so that its id is not taken twice.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    payload TEXT
) STRICT;

CREATE INDEX events_unsent ON events (seq) WHERE payload IS NOT NULL;

CREATE TABLE settings (
    camera TEXT PRIMARY KEY,
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
