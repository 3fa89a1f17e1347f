-- Cameras, zones and lines, each with a number that is never given again. A camera's own id is empty.
CREATE TABLE places (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('camera', 'zone', 'line')),
    id TEXT NOT NULL,
    UNIQUE (camera, kind, id)
) STRICT;

-- What the owner drew on a camera's picture, in place of what the configuration says.
CREATE TABLE outlines (
    camera TEXT PRIMARY KEY,
    outline TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE crossings (
    id TEXT PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES places (number),
    utc REAL NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('in', 'out')),
    visit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX crossings_of_place ON crossings (place, utc, way);
CREATE INDEX crossings_by_time ON crossings (utc);

-- How many people were in a zone from a moment on; of a camera: how many were inside, by in minus out.
CREATE TABLE presence (
    place INTEGER NOT NULL REFERENCES places (number),
    utc REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (place, utc)
) STRICT, WITHOUT ROWID;
CREATE INDEX presence_by_time ON presence (utc);

-- Which zones somebody stood in during a visit; ids of visits are in the order of time.
CREATE TABLE zone_visits (
    place INTEGER NOT NULL REFERENCES places (number),
    visit_id TEXT NOT NULL,
    PRIMARY KEY (place, visit_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX visits_of_camera ON visits (camera, visit_id);

-- How much happened at a place in each hour, and in each quarter of an hour, of which every time zone's hours are made;
-- counted from 1970. Of a camera: also over all its lines.
CREATE TABLE tally (
    place INTEGER NOT NULL REFERENCES places (number),
    way TEXT NOT NULL CHECK (way IN ('visit', 'in', 'out')),
    size INTEGER NOT NULL CHECK (size IN (900, 3600)),
    slot INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (place, way, size, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_by_slot ON tally (size, slot);

-- Delivered clips and snapshots that are gone from `items`: what a visit needs to find them.
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

-- What is counted is counted by the rows themselves: once, however often a fact is told.
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

-- What is there already.
INSERT INTO places (camera, kind, id) SELECT DISTINCT camera, 'camera', '' FROM visits;
INSERT INTO places (camera, kind, id)
SELECT DISTINCT visits.camera, 'zone', zone.value FROM visits, json_each(visits.zones) AS zone;
INSERT INTO tally (place, way, size, slot, count)
SELECT
    places.number, 'visit', size.column1, CAST(round(visits.started_utc * 1000) AS INTEGER) / 1000 / size.column1,
    count(*)
FROM visits
JOIN places ON places.camera = visits.camera AND places.kind = 'camera'
JOIN (VALUES (900), (3600)) AS size
GROUP BY 1, 3, 4;
INSERT INTO zone_visits (place, visit_id)
SELECT DISTINCT places.number, visits.visit_id FROM visits, json_each(visits.zones) AS zone
JOIN places ON places.camera = visits.camera AND places.kind = 'zone' AND places.id = zone.value;

PRAGMA user_version = 3;
