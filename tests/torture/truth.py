"""What the mirror has to hold, worked out from the API's answers and the contract alone, and what it holds.

Nothing here is the service's own code: a row is what the documentation of the tables says of an entry of the API.
"""

import datetime
import json
import re

TEXT, NUMBER, TIME, LIST = range(4)

COUPON = {
    "product_coupon_id": (TEXT, "product_coupon/product_coupon_id", "stock/product_coupon_id"),
    "coupon_state": (TEXT, "coupon_state"),
    "valid_begin_time": (TIME, "valid_begin_time"),
    "valid_end_time": (TIME, "valid_end_time"),
    "receive_time": (TIME, "receive_time"),
    "send_request_no": (TEXT, "send_request_no"),
    "send_channel": (TEXT, "send_channel"),
    "confirm_request_no": (TEXT, "confirm_request_no"),
    "confirm_time": (TIME, "confirm_time"),
    "deactivate_request_no": (TEXT, "deactivate_request_no"),
    "deactivate_time": (TIME, "deactivate_time"),
    "deactivate_reason": (TEXT, "deactivate_reason"),
    "usage_total_count": (NUMBER, "sequential_usage_detail/total_count",
                          "user_product_coupon_bundle_info/total_count"),
    "usage_used_count": (NUMBER, "sequential_usage_detail/used_count",
                         "user_product_coupon_bundle_info/used_count"),
    "user_coupon_bundle_id": (TEXT, "user_product_coupon_bundle_info/user_coupon_bundle_id"),
    "user_coupon_bundle_index": (NUMBER, "user_product_coupon_bundle_info/user_coupon_bundle_index"),
    "member_card_id": (TEXT, "coupon_tag_info/member_tag_info/member_card_id"),
    "coupon_tag_list": (LIST, "coupon_tag_info/coupon_tag_list"),
    "brand_id": (TEXT, "brand_id"),
    "attach": (TEXT, "attach"),
    "channel_custom_info": (TEXT, "channel_custom_info"),
}
ORDER, SCORE = "associated_order_info", "associated_pay_score_order_info"
USAGE_DETAIL = {
    "detail_state": (TEXT, "detail_state"),
    "valid_begin_time": (TIME, "valid_begin_time"),
    "valid_end_time": (TIME, "valid_end_time"),
    "use_request_no": (TEXT, "use_request_no"),
    "use_time": (TIME, "use_time"),
    "transaction_id": (TEXT, f"{ORDER}/transaction_id"),
    "out_trade_no": (TEXT, f"{ORDER}/out_trade_no"),
    "mchid": (TEXT, f"{ORDER}/mchid", f"{SCORE}/mchid"),
    "sub_mchid": (TEXT, f"{ORDER}/sub_mchid", f"{SCORE}/sub_mchid"),
    "pay_score_order_id": (TEXT, f"{SCORE}/order_id"),
    "pay_score_out_order_no": (TEXT, f"{SCORE}/out_order_no"),
    "return_request_no": (TEXT, "return_request_no"),
    "return_time": (TIME, "return_time"),
    "delete_time": (TIME, "delete_time"),
}
STOCK = {
    "product_coupon_id": (TEXT, "product_coupon_id"),
    "remark": (TEXT, "remark"),
    "coupon_code_mode": (TEXT, "coupon_code_mode"),
    "max_count": (NUMBER, "stock_send_rule/max_count"),
    "max_count_per_day": (NUMBER, "stock_send_rule/max_count_per_day"),
    "max_count_per_user": (NUMBER, "stock_send_rule/max_count_per_user"),
    "store_scope": (TEXT, "store_scope"),
    "notify_appid": (TEXT, "notify_config/notify_appid"),
    "stock_bundle_id": (TEXT, "stock_bundle_info/stock_bundle_id"),
    "stock_bundle_index": (NUMBER, "stock_bundle_info/stock_bundle_index"),
}
PRODUCT = {
    "scope": (TEXT, "scope"),
    "type": (TEXT, "type"),
    "usage_mode": (TEXT, "usage_mode"),
    "out_product_no": (TEXT, "out_product_no"),
    "name": (TEXT, "display_info/name"),
    "image_url": (TEXT, "display_info/image_url"),
    "background_url": (TEXT, "display_info/background_url"),
    "original_price": (NUMBER, "display_info/original_price"),
}

TIME_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)")


def instant(text):
    """RFC 3339, with or without seconds, to unix seconds."""
    minute, second, zone = TIME_FORM.fullmatch(text).groups()
    at = datetime.datetime.fromisoformat(f"{minute}:{second or '00'}{'+00:00' if zone == 'Z' else zone}")
    return int(at.timestamp())


def at(entry, place):
    for name in place.split("/"):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def row(entry, sources):
    """The columns, in order; the first place that has something counts."""
    columns = []
    for kind, *places in sources.values():
        value = next((found for place in places if (found := at(entry, place)) is not None), None)
        if value is not None and kind == TIME:
            value = instant(value)
        if value is not None and kind == LIST:
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        columns.append(value)
    return tuple(columns)


def expected(truth):
    """Of GET /truth: {table: {key: row}}."""
    tables = {"coupon": {}, "usage_detail": {}, "stock": {}, "product_coupon": {}}
    for user in truth:
        for entry in user["coupons"]:
            key = (user["appid"], user["openid"], entry["stock"]["stock_id"], entry["coupon_code"])
            tables["coupon"][key] = row(entry, COUPON)
            details = [("SINGLE", 0, entry.get("single_usage_detail")),
                       ("PROGRESSIVE_BUNDLE", 0, entry.get("progressive_bundle_usage_detail"))]
            sequence = (entry.get("sequential_usage_detail") or {}).get("detail_item_list") or []
            details += [("SEQUENTIAL", index, item) for index, item in enumerate(sequence)]
            for mode, index, detail in details:
                if detail is not None:
                    tables["usage_detail"][*key, mode, index] = row(detail, USAGE_DETAIL)
            tables["stock"][entry["stock"]["stock_id"],] = row(entry["stock"], STOCK)
            product = entry.get("product_coupon")
            if product:
                tables["product_coupon"][product["product_coupon_id"],] = row(product, PRODUCT)
    return tables


def mirrored(mirror, openids):
    """The same columns of what the mirror (a connection) lists for these users."""
    def table(key, sources, source):
        columns = ", ".join([*key, *sources])
        return {found[:len(key)]: found[len(key):] for found in mirror.execute(f"SELECT {columns} FROM {source}")}

    of_these = f"missing_since IS NULL AND openid IN (SELECT value FROM json_each('{json.dumps(sorted(openids))}'))"
    coupon_key = ["appid", "openid", "stock_id", "coupon_code"]
    return {
        "coupon": table(coupon_key, COUPON, f"coupon WHERE {of_these}"),
        "usage_detail": table(
            [*coupon_key, "usage_mode", "item_index"], USAGE_DETAIL,
            "usage_detail JOIN (SELECT id, appid, openid, stock_id, coupon_code FROM coupon"
            f" WHERE {of_these}) AS c ON c.id = coupon_id"),
        "stock": table(["stock_id"], STOCK, "stock"),
        "product_coupon": table(["product_coupon_id"], PRODUCT, "product_coupon"),
    }


# A stock or product stays in the mirror when the last coupon that brought it along is gone.
STAYS = ("stock", "product_coupon")


def differences(truth, mirror, shown=5):
    """The first few differences between GET /truth and the mirror, for people; empty if there is none."""
    wanted = expected(truth)
    found = mirrored(mirror, [user["openid"] for user in truth])
    lines = []
    for name, rows in wanted.items():
        for key, columns in rows.items():
            if key not in found[name]:
                lines.append(f"{name} {key}: not in the mirror")
            elif found[name][key] != columns:
                lines.append(f"{name} {key}: is {found[name][key]}, expected {columns}")
        if name not in STAYS:
            lines += [f"{name} {key}: in the mirror, but not at the API" for key in found[name] if key not in rows]
    return lines[:shown] + ([f"and {len(lines) - shown} more"] if len(lines) > shown else [])


class Feed:
    """A job as a user would write it: it remembers the last seq it handled and applies what came after to a copy of
    its own. `objections` says what was told twice, left out or contradicts what was told before."""

    def __init__(self):
        self.seq = 0
        self.copies = {}  # coupon_id: (state, missing)
        self.objections = []

    def catch_up(self, mirror):
        for seq, coupon, kind, before, after in mirror.execute(
                "SELECT seq, coupon_id, kind, from_state, to_state FROM coupon_change WHERE seq > ? ORDER BY seq",
                (self.seq,)):
            self.seq = seq
            self.apply(coupon, kind, before, after)

    def apply(self, coupon, kind, before, after):
        known = self.copies.get(coupon)
        if kind == "added":
            if known is not None:
                self.object(coupon, "added twice")
        elif known is None:
            self.object(coupon, f"{kind} before added")
        else:
            state, missing = known
            if state != before:
                self.object(coupon, f"{kind} from {before}, was {state}")
            if (before == after) == (kind == "state"):
                self.object(coupon, f"{kind} from {before} to {after}")
            if missing != (kind == "returned"):
                self.object(coupon, f"{kind} of one {'missing' if missing else 'listed'}")
        self.copies[coupon] = (after, kind == "missing")

    def object(self, coupon, what):
        self.objections.append(f"seq {self.seq}, coupon {coupon}: {what}")

    def differences(self, mirror):
        table = {coupon: (state, bool(missing)) for coupon, state, missing in mirror.execute(
            "SELECT id, coupon_state, missing_since IS NOT NULL FROM coupon")}
        return [f"coupon {coupon}: the feed says {self.copies.get(coupon)}, the table {table.get(coupon)}"
                for coupon in sorted(self.copies.keys() | table.keys())
                if self.copies.get(coupon) != table.get(coupon)][:5]
