-- Evidence: what is certain about a coupon that a listing no longer shows, and in which order things were seen.

-- The properties are of different types: a key, a brand, counters.
ALTER TABLE mirror_property RENAME TO mirror_property_before;
CREATE TABLE mirror_property (
  name TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mirror_property (name, value) SELECT name, value FROM mirror_property_before;
DROP TABLE mirror_property_before;

-- Since when no watched listing shows the coupon, where that does not prove it missing.
ALTER TABLE coupon ADD COLUMN unlisted_since INTEGER;

-- The feed gets two kinds more, and a CHECK can only be changed by making the table anew. Its seq goes on even where
-- somebody has thinned it.
ALTER TABLE coupon_change RENAME TO coupon_change_before;
CREATE TABLE coupon_change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  observed_at INTEGER NOT NULL,
  coupon_id INTEGER NOT NULL REFERENCES coupon (id),
  kind TEXT NOT NULL
    CHECK (kind IN ('added', 'state', 'usage', 'other', 'missing', 'returned', 'unlisted', 'listed')),
  from_state TEXT,
  to_state TEXT
) STRICT;
INSERT INTO coupon_change (seq, observed_at, coupon_id, kind, from_state, to_state)
SELECT seq, observed_at, coupon_id, kind, from_state, to_state FROM coupon_change_before;
DELETE FROM sqlite_sequence WHERE name = 'coupon_change';
UPDATE sqlite_sequence SET name = 'coupon_change' WHERE name = 'coupon_change_before';
DROP TABLE coupon_change_before;
CREATE INDEX coupon_change_by_coupon ON coupon_change (coupon_id);

-- The order number of the first request of the last reading that is evidence of what the listing does not hold.
ALTER TABLE listing ADD COLUMN last_whole_order INTEGER;
CREATE INDEX listing_by_whole_order ON listing (last_whole_order) WHERE last_whole_order IS NOT NULL;
-- Of the reading under way: entries on its pages so far, and how often it failed at the bookmark it has.
ALTER TABLE listing ADD COLUMN entries_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN bookmark_failures INTEGER NOT NULL DEFAULT 0;

-- The few listings that status is asked about, however many there are.
CREATE INDEX listing_failing ON listing (failures) WHERE failures > 0;
CREATE INDEX listing_unwatched ON listing (watched) WHERE watched = 0;

-- A coupon that listings narrowed by state no longer show, and how far the search for it has come: which pass through
-- the states, in the order of a coupon's life, which state is looked at next, and the request from which on a reading
-- of it counts. Orders are those of requests.
DROP TABLE absence;
CREATE TABLE absence (
  coupon_id INTEGER PRIMARY KEY REFERENCES coupon (id),
  since INTEGER NOT NULL,
  since_order INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  stage_order INTEGER NOT NULL,
  stage_at INTEGER NOT NULL
) STRICT;

-- Until now a listing narrowed by state could mark coupons missing that another state's listing would have shown. Where
-- not all states are watched by listings that must hold the coupon's stock and product, that was never certain: such
-- coupons are unlisted.
CREATE TEMP TABLE doubtful AS
SELECT c.id, c.coupon_state, c.missing_since FROM coupon AS c LEFT JOIN stock AS s ON s.stock_id = c.stock_id
WHERE c.missing_since IS NOT NULL
  AND EXISTS (SELECT 1 FROM listing AS l WHERE l.appid = c.appid AND l.openid = c.openid AND l.watched = 1)
  AND (SELECT CASE WHEN min(l.coupon_state) = '' THEN 7 ELSE count(DISTINCT l.coupon_state) END FROM listing AS l
    WHERE l.appid = c.appid AND l.openid = c.openid AND l.watched = 1
      AND l.stock_id IN ('', c.stock_id)
      AND (l.product_coupon_id = ''
        OR (l.product_coupon_id IN (c.product_coupon_id, s.product_coupon_id)
          AND coalesce(c.product_coupon_id, l.product_coupon_id) = l.product_coupon_id
          AND coalesce(s.product_coupon_id, l.product_coupon_id) = l.product_coupon_id))) < 7;
INSERT INTO coupon_change (observed_at, coupon_id, kind, from_state, to_state)
SELECT CAST(strftime('%s', 'now') AS INTEGER), id, 'unlisted', coupon_state, coupon_state FROM temp.doubtful;
UPDATE coupon SET unlisted_since = missing_since, missing_since = NULL,
  changed_at = CAST(strftime('%s', 'now') AS INTEGER)
WHERE id IN (SELECT id FROM temp.doubtful);
DROP TABLE temp.doubtful;
UPDATE listing SET last_whole_at = NULL WHERE coupon_state <> '';
