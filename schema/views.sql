-- Views for people and jobs: times are text in +08:00. They hold no data, so each schema version makes all of
-- them anew.
DROP VIEW IF EXISTS v_coupon;
CREATE VIEW v_coupon AS
SELECT
  c.id AS coupon_id,
  c.appid,
  c.openid,
  c.coupon_code,
  c.coupon_state,
  c.missing_since IS NULL AS listed,
  c.product_coupon_id,
  p.name AS product_name,
  p.type AS product_type,
  p.usage_mode,
  c.stock_id,
  s.remark AS stock_remark,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.valid_begin_time, 'unixepoch', '+8 hours') AS valid_begin_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.valid_end_time, 'unixepoch', '+8 hours') AS valid_end_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.receive_time, 'unixepoch', '+8 hours') AS receive_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.confirm_time, 'unixepoch', '+8 hours') AS confirm_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.deactivate_time, 'unixepoch', '+8 hours') AS deactivate_time,
  c.deactivate_reason,
  c.send_channel,
  c.send_request_no,
  c.confirm_request_no,
  c.deactivate_request_no,
  c.usage_used_count,
  c.usage_total_count,
  c.user_coupon_bundle_id,
  c.user_coupon_bundle_index,
  c.member_card_id,
  c.coupon_tag_list,
  c.brand_id,
  c.attach,
  c.channel_custom_info,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.first_seen_at, 'unixepoch', '+8 hours') AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.changed_at, 'unixepoch', '+8 hours') AS changed_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.missing_since, 'unixepoch', '+8 hours') AS missing_since
FROM coupon AS c
LEFT JOIN stock AS s ON s.stock_id = c.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id;

-- A coupon used in rounds may repeat one of them as single_usage_detail: only its rounds count then.
DROP VIEW IF EXISTS v_usage;
CREATE VIEW v_usage AS
SELECT
  d.coupon_id,
  c.appid,
  c.openid,
  c.coupon_code,
  c.coupon_state,
  c.product_coupon_id,
  p.name AS product_name,
  c.stock_id,
  s.remark AS stock_remark,
  d.usage_mode,
  d.item_index,
  d.detail_state,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', d.valid_begin_time, 'unixepoch', '+8 hours') AS valid_begin_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', d.valid_end_time, 'unixepoch', '+8 hours') AS valid_end_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', d.use_time, 'unixepoch', '+8 hours') AS use_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', d.return_time, 'unixepoch', '+8 hours') AS return_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', d.delete_time, 'unixepoch', '+8 hours') AS delete_time,
  d.use_request_no,
  d.return_request_no,
  d.transaction_id,
  d.out_trade_no,
  d.pay_score_order_id,
  d.pay_score_out_order_no,
  d.mchid,
  d.sub_mchid
FROM usage_detail AS d
JOIN coupon AS c ON c.id = d.coupon_id
LEFT JOIN stock AS s ON s.stock_id = c.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id
WHERE d.usage_mode <> 'SINGLE'
  OR NOT EXISTS (SELECT 1 FROM usage_detail AS o WHERE o.coupon_id = d.coupon_id AND o.usage_mode <> 'SINGLE');

-- The states count coupons that are listed; those that are not are counted as missing, whatever their state.
DROP VIEW IF EXISTS v_stock_funnel;
CREATE VIEW v_stock_funnel AS
WITH held AS (
  SELECT
    stock_id,
    max(product_coupon_id) AS product_coupon_id,
    count(*) AS mirrored,
    count(DISTINCT appid || ' ' || openid) AS users,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'CONFIRMING') AS confirming,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'PENDING') AS pending,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'EFFECTIVE') AS effective,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'USED') AS used,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'EXPIRED') AS expired,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'DELETED') AS deleted,
    count(*) FILTER (WHERE missing_since IS NULL AND coupon_state = 'DEACTIVATED') AS deactivated,
    count(*) FILTER (WHERE missing_since IS NULL AND (coupon_state IS NULL OR coupon_state NOT IN
      ('CONFIRMING', 'PENDING', 'EFFECTIVE', 'USED', 'EXPIRED', 'DELETED', 'DEACTIVATED'))) AS other,
    count(missing_since) AS missing
  FROM coupon
  GROUP BY stock_id
)
SELECT
  ids.stock_id,
  s.remark AS stock_remark,
  s.state AS stock_state,
  coalesce(held.product_coupon_id, s.product_coupon_id) AS product_coupon_id,
  p.name AS product_name,
  s.max_count,
  s.coupon_code_available_count,
  s.sent_total_count,
  s.sent_today_count,
  coalesce(held.mirrored, 0) AS mirrored,
  coalesce(held.users, 0) AS users,
  coalesce(held.confirming, 0) AS confirming,
  coalesce(held.pending, 0) AS pending,
  coalesce(held.effective, 0) AS effective,
  coalesce(held.used, 0) AS used,
  coalesce(held.expired, 0) AS expired,
  coalesce(held.deleted, 0) AS deleted,
  coalesce(held.deactivated, 0) AS deactivated,
  coalesce(held.other, 0) AS other,
  coalesce(held.missing, 0) AS missing,
  round(100.0 * held.used / nullif(held.mirrored - held.missing, 0), 2) AS used_percent
FROM (SELECT stock_id FROM stock UNION SELECT stock_id FROM coupon) AS ids
LEFT JOIN stock AS s ON s.stock_id = ids.stock_id
LEFT JOIN held ON held.stock_id = ids.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = coalesce(held.product_coupon_id, s.product_coupon_id);

DROP VIEW IF EXISTS v_redemption_daily;
CREATE VIEW v_redemption_daily AS
SELECT
  date(d.use_time, 'unixepoch', '+8 hours') AS day,
  c.product_coupon_id,
  p.name AS product_name,
  c.stock_id,
  s.remark AS stock_remark,
  count(*) AS uses,
  count(d.return_time) AS returned,
  count(*) - count(d.return_time) AS net_uses,
  count(DISTINCT c.appid || ' ' || c.openid) AS users
FROM usage_detail AS d
JOIN coupon AS c ON c.id = d.coupon_id
LEFT JOIN stock AS s ON s.stock_id = c.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id
WHERE d.use_time IS NOT NULL
  AND (d.usage_mode <> 'SINGLE'
    OR NOT EXISTS (SELECT 1 FROM usage_detail AS o WHERE o.coupon_id = d.coupon_id AND o.usage_mode <> 'SINGLE'))
GROUP BY day, c.product_coupon_id, c.stock_id;

DROP VIEW IF EXISTS v_expiring;
CREATE VIEW v_expiring AS
SELECT
  c.id AS coupon_id,
  c.appid,
  c.openid,
  c.coupon_code,
  c.product_coupon_id,
  p.name AS product_name,
  c.stock_id,
  s.remark AS stock_remark,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.valid_end_time, 'unixepoch', '+8 hours') AS valid_end_time,
  round((c.valid_end_time - strftime('%s', 'now')) / 86400.0, 1) AS days_left
FROM coupon AS c
LEFT JOIN stock AS s ON s.stock_id = c.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id
WHERE c.coupon_state = 'EFFECTIVE'
  AND c.missing_since IS NULL
  AND c.valid_end_time BETWEEN CAST(strftime('%s', 'now') AS INTEGER)
    AND CAST(strftime('%s', 'now') AS INTEGER) + 30 * 86400;

DROP VIEW IF EXISTS v_listing_health;
CREATE VIEW v_listing_health AS
SELECT
  id AS listing_id,
  log_name,
  appid,
  openid,
  product_coupon_id,
  stock_id,
  coupon_state,
  CASE
    WHEN watched = 0 THEN 'unwatched'
    WHEN failures > 0 THEN 'failing'
    WHEN next_page_token IS NOT NULL THEN 'reading'
    WHEN last_completed_at IS NULL THEN 'never read'
    ELSE 'ok'
  END AS health,
  CAST(strftime('%s', 'now') AS INTEGER) - last_completed_at AS age_seconds,
  failures,
  last_error_code,
  last_error,
  last_request_id,
  pages_done,
  total_count,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_started_at, 'unixepoch', '+8 hours') AS last_started_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_completed_at, 'unixepoch', '+8 hours') AS last_completed_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', next_due_at, 'unixepoch', '+8 hours') AS next_due_at
FROM listing;
