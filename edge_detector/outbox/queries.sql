-- Every statement of the ledger and the journal, each after its name.

-- name: configure_wait
PRAGMA busy_timeout = 10000;

-- name: schema_version
PRAGMA user_version;

-- name: quick_check
PRAGMA quick_check(1);

-- name: configure_wal
PRAGMA journal_mode = WAL;

-- name: configure_synchronous
-- A row is on the disk when the call returns, power cut or not.
PRAGMA synchronous = FULL;

-- name: configure_foreign_keys
PRAGMA foreign_keys = ON;

-- name: begin
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: add_item
-- The same file again changes nothing; other content under the key, or the file at another place before it was
-- delivered, begins anew.
INSERT INTO items (
    key, kind, priority, camera, visit_id, n, path, bytes, sha256, content_type, metadata, created_utc,
    state, attempts, next_try_utc, last_error
) VALUES (
    :key, :kind, :priority, :camera, :visit_id, :n, :path, :bytes, :sha256, :content_type, :metadata, :created_utc,
    'saved', 0, :next_try_utc, NULL
)
ON CONFLICT (key) DO UPDATE SET
    path = excluded.path,
    bytes = excluded.bytes,
    sha256 = excluded.sha256,
    content_type = excluded.content_type,
    metadata = excluded.metadata,
    created_utc = excluded.created_utc,
    state = 'saved',
    attempts = 0,
    next_try_utc = excluded.next_try_utc,
    last_error = NULL
WHERE items.sha256 <> excluded.sha256
    OR (items.path <> excluded.path AND items.state NOT IN ('stored', 'purged'));

-- name: claim_items
-- A visit's document goes when the visit is over and nothing else of it waits. A visit that the journal does not
-- know was lost with an older database and is over.
UPDATE items SET state = 'uploading'
WHERE seq IN (
    SELECT due.seq FROM items AS due INDEXED BY items_waiting
    WHERE due.state = 'saved'
        AND due.next_try_utc <= :now_utc
        AND due.camera NOT IN (SELECT value FROM json_each(:held))
        AND (
            due.kind <> 'document'
            OR (
                NOT EXISTS (
                    SELECT 1 FROM items AS other
                    WHERE other.visit_id = due.visit_id
                        AND other.state IN ('saved', 'uploading')
                        AND other.seq <> due.seq
                )
                AND NOT EXISTS (SELECT 1 FROM visits WHERE visits.visit_id = due.visit_id AND NOT visits.ended)
            )
        )
    ORDER BY due.priority, due.created_utc, due.seq
    LIMIT :limit
)
RETURNING *;

-- name: settle_item
-- Never backwards from stored, purged or failed; a row that has got other content meanwhile is another delivery.
UPDATE items SET
    state = :state,
    attempts = :attempts,
    next_try_utc = :next_try_utc,
    last_error = :last_error
WHERE key = :key
    AND sha256 = :sha256
    AND (
        state IN ('saved', 'uploading')
        OR state = :state
        OR (:state = 'purged' AND state IN ('stored', 'failed'))
    );

-- name: reset_items
UPDATE items SET state = 'saved' WHERE state = 'uploading';

-- name: all_items
SELECT * FROM items ORDER BY created_utc, seq LIMIT :limit;

-- name: items_of_visit
SELECT * FROM items WHERE visit_id = :visit_id ORDER BY created_utc, seq LIMIT :limit;

-- name: count_items
SELECT state, count(*) AS count, min(created_utc) AS oldest_utc FROM items GROUP BY state;

-- name: last_error
SELECT last_error FROM items
WHERE state IN ('saved', 'uploading', 'failed') AND last_error IS NOT NULL
ORDER BY next_try_utc DESC, seq DESC
LIMIT 1;

-- name: put_visit
INSERT OR REPLACE INTO visits (
    visit_id, camera, started_utc, last_seen_utc, max_people, max_confidence, mean_inference_ms, zones, clips, ended
) VALUES (
    :visit_id, :camera, :started_utc, :last_seen_utc, :max_people, :max_confidence, :mean_inference_ms, :zones,
    :clips, :ended
);

-- name: all_visits
SELECT * FROM visits ORDER BY started_utc, visit_id;

-- name: open_visits
SELECT * FROM visits WHERE NOT ended ORDER BY started_utc, visit_id;

-- name: ended_visits
SELECT * FROM visits WHERE ended ORDER BY started_utc, visit_id;

-- name: visit
SELECT * FROM visits WHERE visit_id = :visit_id;

-- name: append_event
INSERT INTO events (id, camera, payload) VALUES (:id, :camera, :payload) ON CONFLICT (id) DO NOTHING;

-- name: next_events
SELECT id, camera, payload FROM events WHERE payload IS NOT NULL ORDER BY seq LIMIT :limit;

-- name: ack_event
UPDATE events SET payload = NULL WHERE id = :id;

-- name: forget_events
DELETE FROM events WHERE payload IS NULL AND seq <= (SELECT max(seq) FROM events) - :remembered;

-- name: put_settings
INSERT OR REPLACE INTO settings (camera, settings) VALUES (:camera, :settings);

-- name: get_settings
SELECT settings FROM settings WHERE camera = :camera;
