BEGIN TRANSACTION;
CREATE TABLE crossings (
    id TEXT PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES places (number),
    utc REAL NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('in', 'out')),
    visit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "crossings" VALUES('01KAJBCH80MTS9FJ6P9FG8EB2W',3,1763700000.0,'in','01KAK9YGG0000000000000000A');
CREATE TABLE delivered (
    visit_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL,
    key TEXT NOT NULL,
    camera TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_utc REAL NOT NULL,
    PRIMARY KEY (visit_id, kind, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    payload TEXT
) STRICT;
INSERT INTO "events" VALUES(1,'01KAK9YGG0000000000000000A','door','{"event_type": "person_arrived"}');
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
INSERT INTO "items" VALUES(1,'clips/node=porch/camera=door/date=2025-11-21/01KAK9YGG0000000000000000A.mp4','clip',2,'door','01KAK9YGG0000000000000000A',1,'spool/door/clip.mp4',10,'00','video/mp4','[["people", "2"]]',1763700000.0,'saved',0,0.0,NULL);
CREATE TABLE line_totals (
    place INTEGER NOT NULL REFERENCES places (number),
    way TEXT NOT NULL CHECK (way IN ('in', 'out')),
    count INTEGER NOT NULL,
    PRIMARY KEY (place, way)
) STRICT, WITHOUT ROWID;
INSERT INTO "line_totals" VALUES(3,'in',1);
CREATE TABLE outlines (
    camera TEXT PRIMARY KEY,
    outline TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('camera', 'zone', 'line')),
    id TEXT NOT NULL,
    UNIQUE (camera, kind, id)
) STRICT;
INSERT INTO "places" VALUES(1,'door','camera','');
INSERT INTO "places" VALUES(2,'door','zone','mat');
INSERT INTO "places" VALUES(3,'door','line','step');
CREATE TABLE presence (
    place INTEGER NOT NULL REFERENCES places (number),
    utc REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (place, utc)
) STRICT, WITHOUT ROWID;
INSERT INTO "presence" VALUES(1,1763700000.0,1);
INSERT INTO "presence" VALUES(2,1763700000.0,1);
CREATE TABLE settings (
    camera TEXT PRIMARY KEY,
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('door','{"armed": false, "record": true, "upload": true, "confidence": 0.65, "max_clip_s": 20.0, "min_clip_gap_s": 60.0}');
CREATE TABLE spots (
    camera TEXT PRIMARY KEY,
    spots TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tally (
    place INTEGER NOT NULL REFERENCES places (number),
    way TEXT NOT NULL CHECK (way IN ('visit', 'in', 'out')),
    size INTEGER NOT NULL CHECK (size IN (900, 3600)),
    slot INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (place, way, size, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES(1,'in',900,1959666,1);
INSERT INTO "tally" VALUES(1,'in',3600,489916,1);
INSERT INTO "tally" VALUES(1,'visit',900,1959666,1);
INSERT INTO "tally" VALUES(1,'visit',3600,489916,1);
INSERT INTO "tally" VALUES(2,'visit',900,1959666,1);
INSERT INTO "tally" VALUES(2,'visit',3600,489916,1);
INSERT INTO "tally" VALUES(3,'in',900,1959666,1);
INSERT INTO "tally" VALUES(3,'in',3600,489916,1);
CREATE TABLE totals (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "totals" VALUES('stored',0);
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
, dwell TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID;
INSERT INTO "visits" VALUES('01KAK9YGG0000000000000000A','door',1763700000.0,1763700012.5,2,0.91,6.0,'["mat"]',1,1,'{}');
CREATE TABLE zone_visits (
    place INTEGER NOT NULL REFERENCES places (number),
    visit_id TEXT NOT NULL,
    PRIMARY KEY (place, visit_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "zone_visits" VALUES(2,'01KAK9YGG0000000000000000A');
CREATE INDEX items_waiting ON items (priority, created_utc, seq, next_try_utc, camera, kind, visit_id)
WHERE state = 'saved';
CREATE INDEX items_of_visit ON items (visit_id, state);
CREATE INDEX items_by_state ON items (state, created_utc);
CREATE INDEX items_by_age ON items (created_utc, seq);
CREATE INDEX visits_by_start ON visits (started_utc, visit_id);
CREATE INDEX visits_open ON visits (started_utc, visit_id) WHERE NOT ended;
CREATE INDEX events_unsent ON events (seq) WHERE payload IS NOT NULL;
CREATE INDEX crossings_of_place ON crossings (place, utc, way);
CREATE INDEX crossings_by_time ON crossings (utc);
CREATE INDEX presence_by_time ON presence (utc);
CREATE INDEX visits_of_camera ON visits (camera, visit_id);
CREATE INDEX tally_by_slot ON tally (size, slot);
CREATE TRIGGER visit_counts AFTER INSERT ON visits
BEGIN
    INSERT INTO places (camera, kind, id)
    SELECT NEW.camera, 'camera', ''
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE camera = NEW.camera AND kind = 'camera' AND id = '');
    INSERT INTO tally (place, way, size, slot, count)
    SELECT number, 'visit', size.column1, CAST(round(NEW.started_utc * 1000) AS INTEGER) / 1000 / size.column1, 1
    FROM places, (VALUES (900), (3600)) AS size WHERE camera = NEW.camera AND kind = 'camera' AND id = ''
    ON CONFLICT (place, way, size, slot) DO UPDATE SET count = count + 1;
    INSERT INTO places (camera, kind, id)
    SELECT DISTINCT NEW.camera, 'zone', zone.value FROM json_each(NEW.zones) AS zone
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE camera = NEW.camera AND kind = 'zone' AND id = zone.value);
    INSERT INTO zone_visits (place, visit_id)
    SELECT DISTINCT places.number, NEW.visit_id FROM json_each(NEW.zones) AS zone
    JOIN places ON places.camera = NEW.camera AND places.kind = 'zone' AND places.id = zone.value;
END;
CREATE TRIGGER visit_moves AFTER UPDATE OF zones ON visits WHEN NEW.zones <> OLD.zones
BEGIN
    INSERT INTO places (camera, kind, id)
    SELECT DISTINCT NEW.camera, 'zone', zone.value FROM json_each(NEW.zones) AS zone
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE camera = NEW.camera AND kind = 'zone' AND id = zone.value);
    INSERT INTO zone_visits (place, visit_id)
    SELECT DISTINCT places.number, NEW.visit_id FROM json_each(NEW.zones) AS zone
    JOIN places ON places.camera = NEW.camera AND places.kind = 'zone' AND places.id = zone.value
    WHERE NOT EXISTS (
        SELECT 1 FROM zone_visits AS known WHERE known.place = places.number AND known.visit_id = NEW.visit_id
    );
END;
CREATE TRIGGER visit_goes AFTER DELETE ON visits
BEGIN
    DELETE FROM zone_visits
    WHERE visit_id = OLD.visit_id AND place IN (SELECT number FROM places WHERE camera = OLD.camera AND kind = 'zone');
    DELETE FROM delivered WHERE visit_id = OLD.visit_id;
END;
CREATE TRIGGER zone_visit_counts AFTER INSERT ON zone_visits
BEGIN
    INSERT INTO tally (place, way, size, slot, count)
    SELECT NEW.place, 'visit', size.column1, CAST(round(started_utc * 1000) AS INTEGER) / 1000 / size.column1, 1
    FROM visits, (VALUES (900), (3600)) AS size WHERE visit_id = NEW.visit_id
    ON CONFLICT (place, way, size, slot) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER crossing_counts AFTER INSERT ON crossings
BEGIN
    INSERT INTO tally (place, way, size, slot, count)
    SELECT place.number, NEW.way, size.column1, CAST(NEW.utc / size.column1 AS INTEGER), 1
    FROM places AS line
    JOIN places AS place
        ON place.number = line.number OR (place.camera = line.camera AND place.kind = 'camera' AND place.id = '')
    JOIN (VALUES (900), (3600)) AS size
    WHERE line.number = NEW.place
    ON CONFLICT (place, way, size, slot) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER crossing_adds_up AFTER INSERT ON crossings
BEGIN
    INSERT INTO line_totals (place, way, count) VALUES (NEW.place, NEW.way, 1)
    ON CONFLICT (place, way) DO UPDATE SET count = count + 1;
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('places',3);
INSERT INTO "sqlite_sequence" VALUES('items',1);
INSERT INTO "sqlite_sequence" VALUES('events',1);
COMMIT;
PRAGMA user_version = 4;
