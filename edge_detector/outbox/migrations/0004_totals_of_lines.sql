-- How often each line was crossed in all, whatever of it is forgotten since: a counter must never go back.
CREATE TABLE line_totals (
    place INTEGER NOT NULL REFERENCES places (number),
    way TEXT NOT NULL CHECK (way IN ('in', 'out')),
    count INTEGER NOT NULL,
    PRIMARY KEY (place, way)
) STRICT, WITHOUT ROWID;

INSERT INTO line_totals (place, way, count) SELECT place, way, count(*) FROM crossings GROUP BY place, way;

CREATE TRIGGER crossing_adds_up AFTER INSERT ON crossings
BEGIN
    INSERT INTO line_totals (place, way, count) VALUES (NEW.place, NEW.way, 1)
    ON CONFLICT (place, way) DO UPDATE SET count = count + 1;
END;

-- What stands about in a camera's picture and looks like a person.
CREATE TABLE spots (
    camera TEXT PRIMARY KEY,
    spots TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Zone id to the longest time in seconds that one person stayed in it.
ALTER TABLE visits ADD COLUMN dwell TEXT NOT NULL DEFAULT '{}';

PRAGMA user_version = 4;
