-- Readings of a part of a listing: when the last one was; and what its readings have shown of how often it changes.
ALTER TABLE listing ADD COLUMN last_probed_at INTEGER;
ALTER TABLE listing ADD COLUMN change_rate REAL;
