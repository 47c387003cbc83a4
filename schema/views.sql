-- Views for people and jobs: times are text in +08:00, money is in yuan where a name says so. They hold no data,
-- so each schema version makes all of them anew. What is not known stays NULL in all of them: printf would make a 0 of it,
-- sum would leave it out. Nor is a sum known of which the parts are out of all reason: sum would fail, and the view with
-- it; total is exact below 2 to the power of 53.
DROP VIEW IF EXISTS v_expiring;
DROP VIEW IF EXISTS v_redemption_daily;
DROP VIEW IF EXISTS v_stock_funnel;
DROP VIEW IF EXISTS v_usage;
DROP VIEW IF EXISTS v_coupon;
DROP VIEW IF EXISTS v_stock_benefit;
DROP VIEW IF EXISTS v_listing_health;

-- In words only where it is known what comes off; a threshold is named where one is known.
CREATE VIEW v_stock_benefit AS
SELECT
  stock_id,
  usage_mode,
  item_index,
  kind,
  CASE
    WHEN kind = 'NORMAL' AND discount_amount IS NOT NULL THEN printf('%.2f yuan off', discount_amount / 100.0)
    WHEN kind = 'DISCOUNT' AND percent_off IS NOT NULL THEN printf('%d %% off', percent_off)
    WHEN kind = 'EXCHANGE' AND exchange_price IS NOT NULL THEN printf('for %.2f yuan', exchange_price / 100.0)
    WHEN kind NOT IN ('NORMAL', 'DISCOUNT', 'EXCHANGE') THEN kind
  END || CASE WHEN threshold > 0 THEN printf(' from %.2f yuan', threshold / 100.0) ELSE '' END AS benefit,
  threshold / 100.0 AS threshold_yuan,
  discount_amount / 100.0 AS discount_yuan,
  percent_off,
  exchange_price / 100.0 AS exchange_price_yuan
FROM stock_benefit;

-- The benefit is that of the product's type; of a coupon used in rounds, the next round's, if it is known which one is
-- next. Where the stock does not say what comes off, the product's, which sends 0 for nothing.
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
  c.missing_since IS NULL AND c.unlisted_since IS NULL AS listed,
  c.product_coupon_id,
  p.name AS product_name,
  p.type AS product_type,
  p.usage_mode,
  c.stock_id,
  s.remark AS stock_remark,
  coalesce(b.benefit,
    CASE
      WHEN p.usage_mode = 'SEQUENTIAL' AND c.usage_used_count IS NULL THEN NULL
      WHEN p.type = 'NORMAL' AND p.single_usage_normal_coupon_discount_amount > 0
        THEN printf('%.2f yuan off', p.single_usage_normal_coupon_discount_amount / 100.0)
        || CASE WHEN p.single_usage_normal_coupon_threshold > 0
          THEN printf(' from %.2f yuan', p.single_usage_normal_coupon_threshold / 100.0) ELSE '' END
      WHEN p.type = 'DISCOUNT' AND p.single_usage_discount_coupon_percent_off > 0
        THEN printf('%d %% off', p.single_usage_discount_coupon_percent_off)
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
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.missing_since, 'unixepoch', '+8 hours') AS missing_since,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', c.unlisted_since, 'unixepoch', '+8 hours') AS unlisted_since
FROM coupon AS c
LEFT JOIN stock AS s ON s.stock_id = c.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = c.product_coupon_id
LEFT JOIN v_stock_benefit AS b ON b.stock_id = c.stock_id AND b.usage_mode = coalesce(p.usage_mode, 'SINGLE')
  AND b.kind = p.type
  AND b.item_index = CASE WHEN p.usage_mode = 'SEQUENTIAL' THEN min(c.usage_used_count,
    (SELECT max(m.item_index) FROM stock_benefit AS m
     WHERE m.stock_id = c.stock_id AND m.usage_mode = 'SEQUENTIAL' AND m.kind = p.type)) ELSE 0 END;

-- A coupon used in rounds may repeat one of them as single_usage_detail: only its rounds count then. A use of which the
-- time is not known is one all the same, where the state says so. What a use gave away is known for an amount off, and
-- otherwise only where the product has an original price.
CREATE VIEW v_usage AS
WITH told AS (
  SELECT
    d.*,
    c.appid,
    c.openid,
    c.coupon_code,
    c.coupon_state,
    c.product_coupon_id,
    c.stock_id,
    CASE
      WHEN d.return_time >= d.use_time THEN 'returned'
      WHEN d.use_time IS NOT NULL THEN 'used'
      WHEN d.detail_state = 'USED' OR (d.usage_mode <> 'SEQUENTIAL' AND c.coupon_state = 'USED') THEN 'used'
      WHEN d.return_time IS NOT NULL THEN 'returned'
      ELSE 'not used'
    END AS outcome
  FROM usage_detail AS d
  JOIN coupon AS c ON c.id = d.coupon_id
)
SELECT
  d.coupon_id,
  d.appid,
  d.openid,
  d.coupon_code,
  d.coupon_state,
  d.product_coupon_id,
  p.name AS product_name,
  d.stock_id,
  s.remark AS stock_remark,
  d.usage_mode,
  d.item_index,
  d.detail_state,
  d.outcome,
  CASE WHEN d.outcome = 'used' THEN
    CASE p.type
      WHEN 'NORMAL' THEN coalesce(b.discount_amount, nullif(p.single_usage_normal_coupon_discount_amount, 0))
      WHEN 'DISCOUNT' THEN CAST(round(p.original_price
        * coalesce(b.percent_off, nullif(p.single_usage_discount_coupon_percent_off, 0)) / 100.0) AS INTEGER)
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
FROM told AS d
LEFT JOIN stock AS s ON s.stock_id = d.stock_id
LEFT JOIN product_coupon AS p ON p.product_coupon_id = d.product_coupon_id
LEFT JOIN stock_benefit AS b ON b.stock_id = d.stock_id AND b.usage_mode = d.usage_mode AND b.kind = p.type
  AND b.item_index = CASE WHEN d.usage_mode = 'SEQUENTIAL' THEN min(d.item_index,
    (SELECT max(m.item_index) FROM stock_benefit AS m
     WHERE m.stock_id = d.stock_id AND m.usage_mode = 'SEQUENTIAL' AND m.kind = p.type)) ELSE 0 END
WHERE d.usage_mode <> 'SINGLE'
  OR NOT EXISTS (SELECT 1 FROM usage_detail AS o WHERE o.coupon_id = d.coupon_id AND o.usage_mode <> 'SINGLE');

-- received counts coupons that are not missing, the states those that are listed; the others are counted as unlisted or
-- as missing, whatever their state was. What was given away is known where it is known of every use.
CREATE VIEW v_stock_funnel AS
WITH told AS (
  SELECT *, missing_since IS NULL AS present, missing_since IS NULL AND unlisted_since IS NULL AS listed FROM coupon
), held AS (
  SELECT
    stock_id,
    max(product_coupon_id) AS product_coupon_id,
    count(*) FILTER (WHERE present) AS received,
    count(DISTINCT CASE WHEN present THEN appid || ' ' || openid END) AS users,
    count(*) FILTER (WHERE listed AND coupon_state = 'CONFIRMING') AS confirming,
    count(*) FILTER (WHERE listed AND coupon_state = 'PENDING') AS pending,
    count(*) FILTER (WHERE listed AND coupon_state = 'EFFECTIVE') AS effective,
    count(*) FILTER (WHERE listed AND coupon_state = 'USED') AS used,
    count(*) FILTER (WHERE listed AND coupon_state = 'EXPIRED') AS expired,
    count(*) FILTER (WHERE listed AND coupon_state = 'DELETED') AS deleted,
    count(*) FILTER (WHERE listed AND coupon_state = 'DEACTIVATED') AS deactivated,
    count(*) FILTER (WHERE listed AND (coupon_state IS NULL OR coupon_state NOT IN
      ('CONFIRMING', 'PENDING', 'EFFECTIVE', 'USED', 'EXPIRED', 'DELETED', 'DEACTIVATED'))) AS other,
    count(*) FILTER (WHERE present AND NOT listed) AS unlisted,
    count(*) FILTER (WHERE NOT present) AS missing
  FROM told
  GROUP BY stock_id
), given AS (
  SELECT
    stock_id,
    count(*) AS uses,
    CASE WHEN count(fen_given_away) = count(*) AND abs(total(fen_given_away)) < 9007199254740992
      THEN CAST(total(fen_given_away) AS INTEGER) END AS fen_given_away
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
  coalesce(held.unlisted, 0) AS unlisted,
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
  CASE WHEN count(fen_given_away) = count(*) FILTER (WHERE outcome = 'used')
    AND abs(total(fen_given_away)) < 9007199254740992
    THEN CAST(total(fen_given_away) AS INTEGER) END AS fen_given_away
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
  AND c.unlisted_since IS NULL
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
  CAST(strftime('%s', 'now') AS INTEGER) - max(last_completed_at, coalesce(last_probed_at, last_completed_at))
    AS probed_age_seconds,
  failures,
  last_error_code,
  last_error,
  last_request_id,
  pages_done,
  total_count,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_started_at, 'unixepoch', '+8 hours') AS last_started_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_completed_at, 'unixepoch', '+8 hours') AS last_completed_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_whole_at, 'unixepoch', '+8 hours') AS last_whole_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', last_probed_at, 'unixepoch', '+8 hours') AS last_probed_at,
  strftime('%Y-%m-%dT%H:%M:%S+08:00', next_due_at, 'unixepoch', '+8 hours') AS next_due_at,
  change_rate
FROM listing;
