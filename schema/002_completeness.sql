-- What was listed when the listing was last read whole; rows from before have not been read so.
ALTER TABLE listing ADD COLUMN last_whole_at INTEGER;

CREATE TABLE absence (
  listing_id INTEGER NOT NULL REFERENCES listing (id),
  coupon_id INTEGER NOT NULL REFERENCES coupon (id),
  since INTEGER NOT NULL,
  PRIMARY KEY (listing_id, coupon_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX absence_by_coupon ON absence (coupon_id);

ALTER TABLE product_coupon ADD COLUMN brand_id TEXT;
UPDATE product_coupon SET brand_id = json_extract(raw_json, '$.brand_id')
WHERE json_valid(raw_json) AND json_type(raw_json, '$.brand_id') = 'text';

ALTER TABLE stock ADD COLUMN brand_id TEXT;
UPDATE stock SET brand_id = json_extract(raw_json, '$.brand_id')
WHERE json_valid(raw_json) AND json_type(raw_json, '$.brand_id') = 'text';

-- What the last run learned about the brand's quota, so that the next start need not find it again.
CREATE TABLE learned_quota (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  requests_per_second REAL NOT NULL,
  peak_requests_per_second REAL NOT NULL,
  last_cut_at INTEGER NOT NULL,
  observed_at INTEGER NOT NULL
) STRICT;
