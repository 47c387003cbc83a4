CREATE TABLE mirror_property (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon (
  id INTEGER PRIMARY KEY,
  appid TEXT NOT NULL,
  openid TEXT NOT NULL,
  stock_id TEXT NOT NULL,
  coupon_code TEXT NOT NULL,
  product_coupon_id TEXT,
  coupon_state TEXT,
  valid_begin_time INTEGER,
  valid_end_time INTEGER,
  receive_time INTEGER,
  send_request_no TEXT,
  send_channel TEXT,
  confirm_request_no TEXT,
  confirm_time INTEGER,
  deactivate_request_no TEXT,
  deactivate_time INTEGER,
  deactivate_reason TEXT,
  usage_total_count INTEGER,
  usage_used_count INTEGER,
  user_coupon_bundle_id TEXT,
  user_coupon_bundle_index INTEGER,
  member_card_id TEXT,
  coupon_tag_list TEXT,
  brand_id TEXT,
  attach TEXT,
  channel_custom_info TEXT,
  raw_json TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  first_seen_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  missing_since INTEGER,
  UNIQUE (appid, openid, stock_id, coupon_code)
) STRICT;
CREATE INDEX coupon_by_product ON coupon (product_coupon_id);
CREATE INDEX coupon_by_stock ON coupon (stock_id, coupon_state);
CREATE INDEX coupon_by_state ON coupon (coupon_state, valid_end_time);

CREATE TABLE usage_detail (
  coupon_id INTEGER NOT NULL REFERENCES coupon (id),
  usage_mode TEXT NOT NULL,
  item_index INTEGER NOT NULL,
  detail_state TEXT,
  valid_begin_time INTEGER,
  valid_end_time INTEGER,
  use_request_no TEXT,
  use_time INTEGER,
  transaction_id TEXT,
  out_trade_no TEXT,
  mchid TEXT,
  sub_mchid TEXT,
  pay_score_order_id TEXT,
  pay_score_out_order_no TEXT,
  return_request_no TEXT,
  return_time INTEGER,
  delete_time INTEGER,
  PRIMARY KEY (coupon_id, usage_mode, item_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_detail_by_use_time ON usage_detail (use_time) WHERE use_time IS NOT NULL;

CREATE TABLE stock (
  stock_id TEXT PRIMARY KEY,
  product_coupon_id TEXT,
  remark TEXT,
  coupon_code_mode TEXT,
  coupon_code_total_count INTEGER,
  coupon_code_available_count INTEGER,
  max_count INTEGER,
  max_count_per_day INTEGER,
  max_count_per_user INTEGER,
  special_first INTEGER,
  coupon_usage_method_list TEXT,
  usage_rule_mini_program_appid TEXT,
  usage_rule_mini_program_path TEXT,
  app_path TEXT,
  usage_description TEXT,
  store_info_description TEXT,
  store_info_mini_program_appid TEXT,
  store_info_mini_program_path TEXT,
  code_display_mode TEXT,
  background_color TEXT,
  entrance_mini_program_appid TEXT,
  entrance_mini_program_path TEXT,
  entrance_wording TEXT,
  guidance_wording TEXT,
  entrance_official_account_appid TEXT,
  finder_id TEXT,
  finder_video_id TEXT,
  finder_video_cover_image_url TEXT,
  notify_appid TEXT,
  store_scope TEXT,
  sent_total_count INTEGER,
  sent_today_count INTEGER,
  state TEXT,
  deactivate_request_no TEXT,
  deactivate_time INTEGER,
  deactivate_reason TEXT,
  stock_bundle_id TEXT,
  stock_bundle_index INTEGER,
  raw_json TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  first_seen_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stock_benefit (
  stock_id TEXT NOT NULL REFERENCES stock (stock_id),
  usage_mode TEXT NOT NULL,
  item_index INTEGER NOT NULL,
  kind TEXT NOT NULL,
  threshold INTEGER,
  discount_amount INTEGER,
  percent_off INTEGER,
  exchange_price INTEGER,
  PRIMARY KEY (stock_id, usage_mode, item_index, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_period (
  stock_id TEXT NOT NULL REFERENCES stock (stock_id),
  usage_mode TEXT NOT NULL,
  kind TEXT NOT NULL,
  item_index INTEGER NOT NULL,
  begin_time INTEGER,
  end_time INTEGER,
  available_days INTEGER,
  wait_days_after_receive INTEGER,
  day_list TEXT,
  begin_second INTEGER,
  end_second INTEGER,
  PRIMARY KEY (stock_id, usage_mode, kind, item_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_count (
  stock_id TEXT NOT NULL REFERENCES stock (stock_id),
  observed_at INTEGER NOT NULL,
  coupon_code_total_count INTEGER,
  coupon_code_available_count INTEGER,
  sent_total_count INTEGER,
  sent_today_count INTEGER,
  PRIMARY KEY (stock_id, observed_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE product_coupon (
  product_coupon_id TEXT PRIMARY KEY,
  scope TEXT,
  type TEXT,
  usage_mode TEXT,
  out_product_no TEXT,
  state TEXT,
  name TEXT,
  image_url TEXT,
  background_url TEXT,
  detail_image_url_list TEXT,
  original_price INTEGER,
  single_usage_normal_coupon_threshold INTEGER,
  single_usage_normal_coupon_discount_amount INTEGER,
  single_usage_discount_coupon_threshold INTEGER,
  single_usage_discount_coupon_percent_off INTEGER,
  sequential_usage_type TEXT,
  sequential_usage_count INTEGER,
  sequential_usage_available_days INTEGER,
  sequential_usage_interval_days INTEGER,
  progressive_bundle_usage_count INTEGER,
  progressive_bundle_usage_interval_days INTEGER,
  deactivate_request_no TEXT,
  deactivate_time INTEGER,
  deactivate_reason TEXT,
  raw_json TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  first_seen_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE combo_choice (
  product_coupon_id TEXT NOT NULL REFERENCES product_coupon (product_coupon_id),
  package_index INTEGER NOT NULL,
  choice_index INTEGER NOT NULL,
  package_name TEXT,
  pick_count INTEGER,
  name TEXT,
  price INTEGER,
  count INTEGER,
  image_url TEXT,
  mini_program_appid TEXT,
  mini_program_path TEXT,
  PRIMARY KEY (product_coupon_id, package_index, choice_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon_change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  observed_at INTEGER NOT NULL,
  coupon_id INTEGER NOT NULL REFERENCES coupon (id),
  kind TEXT NOT NULL CHECK (kind IN ('added', 'state', 'usage', 'other', 'missing', 'returned')),
  from_state TEXT,
  to_state TEXT
) STRICT;
CREATE INDEX coupon_change_by_coupon ON coupon_change (coupon_id);

CREATE TABLE listing (
  id INTEGER PRIMARY KEY,
  appid TEXT NOT NULL,
  openid TEXT NOT NULL,
  product_coupon_id TEXT NOT NULL DEFAULT '',
  stock_id TEXT NOT NULL DEFAULT '',
  coupon_state TEXT NOT NULL DEFAULT '',
  log_name TEXT,
  watched INTEGER NOT NULL DEFAULT 1 CHECK (watched IN (0, 1)),
  next_page_token TEXT,
  pages_done INTEGER NOT NULL DEFAULT 0,
  total_count INTEGER,
  last_started_at INTEGER,
  last_completed_at INTEGER,
  next_due_at INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  last_error_code TEXT,
  last_error TEXT,
  last_request_id TEXT,
  UNIQUE (appid, openid, product_coupon_id, stock_id, coupon_state)
) STRICT;

CREATE TABLE sync_run (
  id INTEGER PRIMARY KEY,
  "trigger" TEXT NOT NULL CHECK ("trigger" IN ('start', 'interval', 'sighup', 'once')),
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  listings_total INTEGER NOT NULL DEFAULT 0,
  listings_ok INTEGER NOT NULL DEFAULT 0,
  listings_failed INTEGER NOT NULL DEFAULT 0,
  pages INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  coupons_seen INTEGER NOT NULL DEFAULT 0,
  inserted INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  missing INTEGER NOT NULL DEFAULT 0,
  rate_limited INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  failovers INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0
) STRICT;
