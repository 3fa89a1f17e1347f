-- Early copies go behind snapshots and before clips, so all kinds after the first move down by one.
UPDATE items SET priority = priority + 1 WHERE priority >= 1;

-- What rows that were removed would have counted.
CREATE TABLE totals (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO totals (name, count) VALUES ('stored', 0);

PRAGMA user_version = 2;
