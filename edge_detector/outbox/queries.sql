-- Every statement of the ledger and the journal, each after its name.

-- name: configure_wait
PRAGMA busy_timeout = 10000;

-- name: schema_version
PRAGMA user_version;

-- name: quick_check
PRAGMA quick_check(1);

-- name: quick_check_items
PRAGMA quick_check(items);

-- name: quick_check_events
PRAGMA quick_check(events);

-- name: quick_check_settings
PRAGMA quick_check(settings);

-- name: configure_wal
PRAGMA journal_mode = WAL;

-- name: configure_synchronous
-- A row is on the disk when the call returns, power cut or not.
PRAGMA synchronous = FULL;

-- name: data_version
-- Another number whenever another connection has changed something.
PRAGMA data_version;

-- name: be_quick
-- A row is safe from a crash when the call returns; a power cut may take it.
PRAGMA synchronous = NORMAL;

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
-- know was lost with an older database and is over. A next try beyond all pauses was set by a clock that was wrong.
UPDATE items SET state = 'uploading'
WHERE seq IN (
    SELECT due.seq FROM items AS due INDEXED BY items_waiting
    WHERE due.state = 'saved'
        AND (due.next_try_utc <= :now_utc OR due.next_try_utc > :absurd_utc)
        AND due.kind IN (SELECT value FROM json_each(:kinds))
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
-- Also what went from the list of files long after it was delivered.
SELECT
    seq, key, kind, camera, visit_id, n, path, bytes, sha256, content_type, metadata, created_utc, state, attempts,
    next_try_utc, last_error
FROM items WHERE visit_id = :visit_id
UNION ALL
SELECT 0, key, kind, camera, visit_id, n, path, bytes, sha256, content_type, '[]', created_utc, 'purged', 0, 0.0, NULL
FROM delivered WHERE visit_id = :visit_id
ORDER BY created_utc, seq
LIMIT :limit;

-- name: find_items
-- Each condition is a JSON list, or NULL where anything is wanted; a name is a key or a visit's id.
SELECT * FROM items
WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    AND (:cameras IS NULL OR camera IN (SELECT value FROM json_each(:cameras)))
    AND (
        :names IS NULL
        OR key IN (SELECT value FROM json_each(:names))
        OR visit_id IN (SELECT value FROM json_each(:names))
    )
ORDER BY created_utc, seq
LIMIT :limit;

-- name: renew_items
-- Due at once and as if never tried; a file that is under way stays so.
UPDATE items SET state = 'saved', attempts = 0, next_try_utc = min(next_try_utc, :now_utc)
WHERE state IN ('saved', 'failed') AND key IN (SELECT value FROM json_each(:keys));

-- name: hasten_items
UPDATE items SET next_try_utc = :now_utc WHERE state = 'saved' AND next_try_utc > :now_utc;

-- name: give_up_items
UPDATE items SET state = 'failed', last_error = :reason
WHERE state IN ('saved', 'failed') AND key IN (SELECT value FROM json_each(:keys))
RETURNING *;

-- name: drop_items
DELETE FROM items WHERE state = 'failed' AND key IN (SELECT value FROM json_each(:keys));

-- name: waiting_load
SELECT coalesce(sum(bytes), 0) AS bytes, min(created_utc) AS oldest_utc FROM items
WHERE state IN ('saved', 'failed');

-- name: waiting_items
SELECT * FROM items WHERE state IN ('saved', 'failed') ORDER BY created_utc, seq;

-- name: forget_item
DELETE FROM items
WHERE key = :key AND sha256 = :sha256 AND (state IN ('saved', 'failed') OR (kind = 'partial' AND state = 'uploading'));

-- name: remember_items
-- Before they are pruned: what a visit needs to find its clips and its snapshot.
INSERT OR REPLACE INTO delivered (visit_id, kind, n, key, camera, path, bytes, sha256, content_type, created_utc)
SELECT visit_id, kind, n, key, camera, path, bytes, sha256, content_type, created_utc FROM items
WHERE kind IN ('clip', 'snapshot')
    AND EXISTS (SELECT 1 FROM visits WHERE visits.visit_id = items.visit_id)
    AND seq IN (
        SELECT seq FROM items WHERE state IN ('stored', 'purged') AND created_utc < :before_utc
        ORDER BY created_utc, seq LIMIT :limit
    );

-- name: prune_items
DELETE FROM items
WHERE seq IN (
    SELECT seq FROM items WHERE state IN ('stored', 'purged') AND created_utc < :before_utc
    ORDER BY created_utc, seq LIMIT :limit
);

-- name: count_pruned
UPDATE totals SET count = count + :count WHERE name = 'stored';

-- name: prune_visits
DELETE FROM visits
WHERE visit_id IN (SELECT visit_id FROM visits WHERE ended AND started_utc < :before_utc LIMIT :limit);

-- name: prune_crossings
DELETE FROM crossings WHERE id IN (SELECT id FROM crossings WHERE utc < :before_utc LIMIT :limit);

-- name: prune_presence
DELETE FROM presence
WHERE (place, utc) IN (SELECT place, utc FROM presence WHERE utc < :before_utc LIMIT :limit);

-- name: prune_tally
DELETE FROM tally
WHERE (place, way, size, slot) IN (
    SELECT place, way, size, slot FROM tally WHERE size = :size_s AND slot < :before_slot LIMIT :limit
);

-- name: total_stored
SELECT count FROM totals WHERE name = 'stored';

-- name: count_items
SELECT state, count(*) AS count, min(created_utc) AS oldest_utc FROM items GROUP BY state;

-- name: last_error
SELECT last_error FROM items
WHERE state IN ('saved', 'uploading', 'failed') AND last_error IS NOT NULL
ORDER BY next_try_utc DESC, seq DESC
LIMIT 1;

-- name: put_visit
INSERT INTO visits (
    visit_id, camera, started_utc, last_seen_utc, max_people, max_confidence, mean_inference_ms, zones, dwell, clips,
    ended
) VALUES (
    :visit_id, :camera, :started_utc, :last_seen_utc, :max_people, :max_confidence, :mean_inference_ms, :zones,
    :dwell, :clips, :ended
)
ON CONFLICT (visit_id) DO UPDATE SET
    camera = excluded.camera,
    started_utc = excluded.started_utc,
    last_seen_utc = excluded.last_seen_utc,
    max_people = excluded.max_people,
    max_confidence = excluded.max_confidence,
    mean_inference_ms = excluded.mean_inference_ms,
    zones = excluded.zones,
    dwell = excluded.dwell,
    clips = excluded.clips,
    ended = excluded.ended;

-- name: all_visits
SELECT * FROM visits ORDER BY started_utc, visit_id;

-- name: open_visits
SELECT * FROM visits WHERE NOT ended ORDER BY started_utc, visit_id;

-- name: ended_visits
SELECT * FROM visits WHERE ended ORDER BY started_utc, visit_id;

-- name: visit
SELECT * FROM visits WHERE visit_id = :visit_id;

-- name: page_of_visits
-- Ids of visits are in the order of time, so the primary key pages through them.
SELECT * FROM visits WHERE visit_id >= :first AND visit_id < :before ORDER BY visit_id DESC LIMIT :limit;

-- name: page_of_camera
SELECT * FROM visits WHERE camera = :camera AND visit_id >= :first AND visit_id < :before
ORDER BY visit_id DESC
LIMIT :limit;

-- name: page_of_zone
SELECT visits.* FROM places
CROSS JOIN zone_visits ON zone_visits.place = places.number
CROSS JOIN visits ON visits.visit_id = zone_visits.visit_id
WHERE places.camera = :camera AND places.kind = 'zone' AND places.id = :zone
    AND zone_visits.visit_id >= :first AND zone_visits.visit_id < :before
ORDER BY zone_visits.visit_id DESC
LIMIT :limit;

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

-- name: add_place
INSERT INTO places (camera, kind, id)
SELECT :camera, :kind, :id
WHERE NOT EXISTS (SELECT 1 FROM places WHERE camera = :camera AND kind = :kind AND id = :id);

-- name: all_places
SELECT number, camera, kind, id FROM places ORDER BY number;

-- name: place_number
SELECT number FROM places WHERE camera = :camera AND kind = :kind AND id = :id;

-- name: put_outline
INSERT OR REPLACE INTO outlines (camera, outline) VALUES (:camera, :outline);

-- name: drop_outline
DELETE FROM outlines WHERE camera = :camera;

-- name: get_outline
SELECT outline FROM outlines WHERE camera = :camera;

-- name: add_crossing
INSERT INTO crossings (id, place, utc, way, visit_id) VALUES (:id, :place, :utc, :way, :visit_id)
ON CONFLICT (id) DO NOTHING;

-- name: crossings_of_visit
SELECT crossings.utc AS utc, places.id AS line, crossings.way AS way
FROM crossings JOIN places ON places.number = crossings.place
WHERE crossings.utc >= :first_utc AND crossings.utc <= :last_utc AND crossings.visit_id = :visit_id
ORDER BY crossings.utc, crossings.id;

-- name: line_totals
SELECT places.id AS line, line_totals.way AS way, line_totals.count AS count
FROM places JOIN line_totals ON line_totals.place = places.number
WHERE places.camera = :camera AND places.kind = 'line'
ORDER BY places.number, line_totals.way;

-- name: put_spots
INSERT OR REPLACE INTO spots (camera, spots) VALUES (:camera, :spots);

-- name: get_spots
SELECT spots FROM spots WHERE camera = :camera;

-- name: add_presence
INSERT INTO presence (place, utc, count) VALUES (:place, :utc, :count)
ON CONFLICT (place, utc) DO UPDATE SET count = excluded.count;

-- name: presence_at
SELECT utc, count FROM presence WHERE place = :place AND utc <= :utc ORDER BY utc DESC LIMIT 1;

-- name: tally
-- Whole slots, put together to buckets of local time.
SELECT
    (tally.slot * :slot_s + :offset_s) / :size_s AS bucket,
    sum(iif(tally.way = 'visit', tally.count, 0)) AS visits,
    sum(iif(tally.way = 'in', tally.count, 0)) AS inward,
    sum(iif(tally.way = 'out', tally.count, 0)) AS outward
FROM json_each(:places) AS place
CROSS JOIN tally ON tally.place = place.value
WHERE tally.way IN ('visit', 'in', 'out')
    AND tally.size = :slot_s AND tally.slot >= :first_slot AND tally.slot < :last_slot
GROUP BY 1;

-- name: count_crossings
SELECT
    (CAST(crossings.utc AS INTEGER) + :offset_s) / :size_s AS bucket,
    0 AS visits,
    sum(crossings.way = 'in') AS inward,
    sum(crossings.way = 'out') AS outward
FROM json_each(:places) AS place
CROSS JOIN crossings ON crossings.place = place.value
WHERE crossings.utc >= :first_utc AND crossings.utc < :last_utc
GROUP BY 1;

-- name: count_crossings_of_camera
SELECT
    (CAST(crossings.utc AS INTEGER) + :offset_s) / :size_s AS bucket,
    0 AS visits,
    sum(crossings.way = 'in') AS inward,
    sum(crossings.way = 'out') AS outward
FROM json_each(:places) AS place
CROSS JOIN places ON places.number = place.value AND places.kind = 'camera'
CROSS JOIN places AS line ON line.camera = places.camera AND line.kind = 'line'
CROSS JOIN crossings ON crossings.place = line.number
WHERE crossings.utc >= :first_utc AND crossings.utc < :last_utc
GROUP BY 1;

-- name: count_visits
SELECT
    (CAST(round(visits.started_utc * 1000) AS INTEGER) / 1000 + :offset_s) / :size_s AS bucket,
    count(*) AS visits,
    0 AS inward,
    0 AS outward
FROM json_each(:places) AS place
CROSS JOIN places ON places.number = place.value AND places.kind = 'camera'
CROSS JOIN visits ON visits.camera = places.camera
WHERE visits.visit_id >= :first_id AND visits.visit_id < :last_id
GROUP BY 1;

-- name: count_zone_visits
SELECT
    (CAST(round(visits.started_utc * 1000) AS INTEGER) / 1000 + :offset_s) / :size_s AS bucket,
    count(*) AS visits,
    0 AS inward,
    0 AS outward
FROM json_each(:places) AS place
CROSS JOIN zone_visits ON zone_visits.place = place.value
CROSS JOIN visits ON visits.visit_id = zone_visits.visit_id
WHERE zone_visits.visit_id >= :first_id AND zone_visits.visit_id < :last_id
GROUP BY 1;

-- name: passages_of_line
SELECT count(*) AS count, min(utc) AS first_utc, max(utc) AS last_utc FROM crossings
WHERE place = :place AND utc >= :first_utc AND utc <= :last_utc;

-- name: passages_of_zone
-- Each time one more person is there than before.
SELECT coalesce(sum(more), 0) AS count, min(utc) AS first_utc, max(utc) AS last_utc
FROM (
    SELECT utc, count - coalesce(
        lag(count) OVER (ORDER BY utc),
        (SELECT earlier.count FROM presence AS earlier
         WHERE earlier.place = :place AND earlier.utc < :first_utc ORDER BY earlier.utc DESC LIMIT 1),
        0
    ) AS more
    FROM presence WHERE place = :place AND utc >= :first_utc AND utc <= :last_utc
)
WHERE more > 0;

-- name: drop_waiting
-- Of a copy alone: the files of these rows are not in it.
DELETE FROM items WHERE state IN ('saved', 'uploading', 'failed');
