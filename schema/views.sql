-- Views for people and jobs: times are text in +08:00, money is in yuan where a name says so. They hold no data,
-- so each schema version makes all of them anew.
DROP VIEW IF EXISTS v_expiring;
DROP VIEW IF EXISTS v_redemption_daily;
DROP VIEW IF EXISTS v_stock_funnel;
DROP VIEW IF EXISTS v_usage;
DROP VIEW IF EXISTS v_coupon;
DROP VIEW IF EXISTS v_stock_benefit;
DROP VIEW IF EXISTS v_listing_health;

CREATE VIEW v_stock_benefit AS
SELECT
  stock_id,
  usage_mode,
  item_index,
  kind,
  CASE kind
    WHEN 'NORMAL' THEN printf('%.2f yuan off', discount_amount / 100.0)
    WHEN 'DISCOUNT' THEN printf('%d %% off', percent_off)
    WHEN 'EXCHANGE' THEN printf('for %.2f yuan', exchange_price / 100.0)
    ELSE kind
  END || CASE WHEN threshold > 0 THEN printf(' from %.2f yuan', threshold / 100.0) ELSE '' END AS benefit,
  threshold / 100.0 AS threshold_yuan,
  discount_amount / 100.0 AS discount_yuan,
  percent_off,
  exchange_price / 100.0 AS exchange_price_yuan
FROM stock_benefit;

-- The benefit is that of the product's type; of a coupon used in rounds, the next round's. Where the stock has
-- no rule of its own, the product's.
CREATE VIEW v_coupon AS
SELECT
  c.id AS coupon_id,
  c.appid,
  c.openid,
  c.coupon_code,
  c.coupon_state,
  CASE
    WHEN c.coupon_state IN ('PENDING', 'EFFECTIVE') AND c.valid_end_time < CAST(strftime('%s', 'now') AS INTEGER)
      THEN 'EXPIRED'
    WHEN c.coupon_state = 'PENDING' AND c.valid_begin_time <= CAST(strftime('%s', 'now') AS INTEGER)
      THEN 'EFFECTIVE'
    ELSE c.coupon_state
  END AS derived_state,
  c.missing_since IS NULL AS listed,
  c.product_coupon_id,
  p.name AS product_name,
  p.type AS product_type,
  p.usage_mode,
  c.stock_id,
  s.remark AS stock_remark,
  coalesce(b.benefit,
    CASE p.type
      WHEN 'NORMAL' THEN printf('%.2f yuan off', nullif(p.single_usage_normal_coupon_discount_amount, 0) / 100.0)
        || CASE WHEN p.single_usage_normal_coupon_threshold > 0
          THEN printf(' from %.2f yuan', p.single_usage_normal_coupon_threshold / 100.0) ELSE '' END
      WHEN 'DISCOUNT' THEN printf('%d %% off', nullif(p.single_usage_discount_coupon_percent_off, 0))
        || CASE WHEN p.single_usage_discount_coupon_threshold > 0
          THEN printf(' from %.2f yuan', p.single_usage_discount_coupon_threshold / 100.0) ELSE '' END
    END) AS benefit,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.valid_begin_time, 'unixepoch', '+8 hours') AS valid_begin_time,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.valid_end_time, 'unixepoch', '+8 hours') AS valid_end_time,
  CASE WHEN c.coupon_state IN ('CONFIRMING', 'PENDING', 'EFFECTIVE')
    AND c.valid_end_time >= CAST(strftime('%s', 'now') AS INTEGER)
    THEN round((c.valid_end_time - CAST(strftime('%s', 'now') AS INTEGER)) / 86400.0, 1) END AS days_left,
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
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id
LEFT JOIN v_stock_benefit AS b ON b.stock_id = c.stock_id AND b.usage_mode = coalesce(p.usage_mode, 'SINGLE')
  AND b.kind = p.type
  AND b.item_index = CASE WHEN p.usage_mode = 'SEQUENTIAL' THEN min(coalesce(c.usage_used_count, 0),
    (SELECT max(m.item_index) FROM stock_benefit AS m
     WHERE m.stock_id = c.stock_id AND m.usage_mode = 'SEQUENTIAL' AND m.kind = p.type)) ELSE 0 END;

-- A coupon used in rounds may repeat one of them as single_usage_detail: only its rounds count then. What a use
-- gave away is known for an amount off, and otherwise only where the product has an original price.
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
  CASE
    WHEN d.use_time IS NULL THEN 'not used'
    WHEN d.return_time >= d.use_time THEN 'returned'
    ELSE 'used'
  END AS outcome,
  CASE WHEN d.use_time IS NOT NULL AND (d.return_time IS NULL OR d.return_time < d.use_time) THEN
    CASE p.type
      WHEN 'NORMAL' THEN coalesce(b.discount_amount, p.single_usage_normal_coupon_discount_amount)
      WHEN 'DISCOUNT' THEN CAST(round(p.original_price
        * coalesce(b.percent_off, p.single_usage_discount_coupon_percent_off) / 100.0) AS INTEGER)
      WHEN 'EXCHANGE' THEN max(p.original_price - b.exchange_price, 0)
    END
  END AS fen_given_away,
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
LEFT JOIN stock_benefit AS b ON b.stock_id = c.stock_id AND b.usage_mode = d.usage_mode AND b.kind = p.type
  AND b.item_index = CASE WHEN d.usage_mode = 'SEQUENTIAL' THEN min(d.item_index,
    (SELECT max(m.item_index) FROM stock_benefit AS m
     WHERE m.stock_id = c.stock_id AND m.usage_mode = 'SEQUENTIAL' AND m.kind = p.type)) ELSE 0 END
WHERE d.usage_mode <> 'SINGLE'
  OR NOT EXISTS (SELECT 1 FROM usage_detail AS o WHERE o.coupon_id = d.coupon_id AND o.usage_mode <> 'SINGLE');

-- received and the states count coupons that are listed; those that are not are counted as missing, whatever
-- their state was.
CREATE VIEW v_stock_funnel AS
WITH held AS (
  SELECT
    stock_id,
    max(product_coupon_id) AS product_coupon_id,
    count(*) - count(missing_since) AS received,
    count(DISTINCT CASE WHEN missing_since IS NULL THEN appid || ' ' || openid END) AS users,
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
), given AS (
  SELECT stock_id, count(*) AS uses, sum(fen_given_away) AS fen_given_away
  FROM v_usage
  WHERE outcome = 'used'
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
  coalesce(held.received, 0) AS received,
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
  round(1.0 * held.used / nullif(held.received, 0), 4) AS redemption_rate,
  coalesce(given.uses, 0) AS uses,
  CASE WHEN given.uses IS NULL THEN 0 ELSE given.fen_given_away END AS fen_given_away
FROM (SELECT stock_id FROM stock UNION SELECT stock_id FROM coupon) AS ids
LEFT JOIN stock AS s ON s.stock_id = ids.stock_id
LEFT JOIN held ON held.stock_id = ids.stock_id
LEFT JOIN given ON given.stock_id = ids.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = coalesce(held.product_coupon_id, s.product_coupon_id);

CREATE VIEW v_redemption_daily AS
SELECT
  substr(use_time, 1, 10) AS day,
  product_coupon_id,
  product_name,
  stock_id,
  stock_remark,
  count(*) AS uses,
  count(*) FILTER (WHERE outcome = 'returned') AS returned,
  count(*) FILTER (WHERE outcome = 'used') AS net_uses,
  count(DISTINCT appid || ' ' || openid) AS users,
  sum(fen_given_away) AS fen_given_away
FROM v_usage
WHERE use_time IS NOT NULL
GROUP BY day, product_coupon_id, stock_id;

CREATE VIEW v_expiring AS
SELECT
  v.coupon_id,
  v.appid,
  v.openid,
  v.coupon_code,
  v.product_coupon_id,
  v.product_name,
  v.stock_id,
  v.stock_remark,
  v.benefit,
  v.valid_end_time,
  v.days_left
FROM coupon AS c
JOIN v_coupon AS v ON v.coupon_id = c.id
WHERE c.coupon_state IN ('EFFECTIVE', 'PENDING')
  AND c.missing_since IS NULL
  AND c.valid_end_time BETWEEN CAST(strftime('%s', 'now') AS INTEGER)
    AND CAST(strftime('%s', 'now') AS INTEGER) + 7 * 86400
  AND v.derived_state = 'EFFECTIVE';

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
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_whole_at, 'unixepoch', '+8 hours') AS last_whole_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', next_due_at, 'unixepoch', '+8 hours') AS next_due_at
FROM listing;
