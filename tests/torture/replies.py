#!/usr/bin/env python3
"""Servers that are not WeChat Pay's, and replies that are none: whether anything wrong is stored.

    tests/torture/replies.py [--only CASE]...

TLS cases: no call gets out, nothing is stored, readiness and metrics say TLS_FAILED, the other domain serves where
there is one, and all is read as soon as the server is what it should be. Reply cases: one user gets them on both
domains; that user's listing fails with the failure named here and stores nothing, all others are read, and that one,
too, as soon as its replies are good again. Exit code 1 where it was not so.
"""

import argparse
import contextlib
import gzip
import ssl
import sys
import time

from front import Authority, Front, gone
from harness import Bench, Cases, add_programs, find_programs, next_second, require, wait_for
from truth import differences

cases = Cases()
MIB = 1 << 20
REFUSED_SERVERS = 'couponsyncd_calls_total{domain="primary",outcome="tls_failed"'
SETTINGS = {"sync": {"interval": "2s"}, "api": {"request_timeout": "2s", "connect_timeout": "2s",
                                                "max_response_bytes": 4 * MIB}}


@contextlib.contextmanager
def bench_for(programs, name, *options, settings=None):
    bench = Bench(programs, "--users", 16, "--coupons-max", 60, *options, name=name, settings=settings or SETTINGS)
    bench.authority = Authority(bench.folder / "ca", bench.sandbox.folder / "ca.pem")
    bench.sandbox.configure(api={"ca_file": str(bench.authority.trusted)})
    try:
        yield bench
    finally:
        bench.close()


# TLS

def tls_case(programs, name, make, **front_options):
    """`make` returns key and certificate of a server that is not to be talked to."""
    with bench_for(programs, name) as bench:
        good = bench.authority.issue("good")
        front = Front(bench.sandbox.primary, *make(bench.authority), **front_options)
        bench.sandbox.configure(api={"primary": front.url, "backup": None})
        alone(bench, front)
        require(front.calls == 0, f"{front.calls} calls were sent to a server that is not WeChat Pay's")
        mended(bench, front, good)
        beside_a_good_one(bench, Front(bench.sandbox.primary, *make(bench.authority), **front_options))


def alone(bench, front):
    bench.bad = bench.start()
    bench.bad.wait_for_log("couponsyncd serves")
    wait_for(lambda: "TLS_FAILED" in bench.ready(), "readiness says TLS_FAILED")
    require(bench.metric(REFUSED_SERVERS) > 0, "not counted as tls_failed")
    status, text = bench.page("/status")
    require(status == 200, f"/status answers {status}: {text}")
    require(bench.value("SELECT count(*) FROM coupon") == 0, "coupons are stored")
    require(bench.value("SELECT count(*) FROM listing WHERE failures > 0") == 0, "listings fail, of the domain's fault")
    require(bench.sandbox.requests() == 0, "a call came through")


def mended(bench, front, good):
    """The same service goes on by itself when the server is mended."""
    front.close()
    with contextlib.closing(Front(bench.sandbox.primary, *good)) as mended_front:
        bench.sandbox.configure(api={"primary": mended_front.url})
        bench.bad.process.send_signal(1)  # SIGHUP: it is at another port
        bench.wait_until_ready(60)
        bench.catch_up(bench.bad)
        bench.require_equal()
        bench.bad.stop()


def beside_a_good_one(bench, front):
    with contextlib.closing(front):
        bench.sandbox.configure(api={"primary": front.url, "backup": bench.sandbox.backup})
        bench.sandbox.post("/mutations", op="random", count=40)
        service = bench.start()
        service.wait_for_log("couponsyncd serves")
        bench.wait_until_read_since(next_second())
        bench.require_equal()
        require(front.calls == 0, f"{front.calls} calls were sent to a server that is not WeChat Pay's")
        require(bench.metric(REFUSED_SERVERS) > 0, "not counted as tls_failed")
        require(not bench.ready(), f"not ready, though one domain works: {bench.ready()}")
        service.stop()


@cases.case
def tls_expired(programs):
    # Valid for no time at all; it is over before the service starts.
    tls_case(programs, "expired", lambda ca: ca.issue("expired", days=0))


@cases.case
def tls_wrong_host(programs):
    tls_case(programs, "host", lambda ca: ca.issue("host", host="DNS:api.mch.weixin.qq.com"))


@cases.case
def tls_self_signed(programs):
    tls_case(programs, "self", lambda ca: ca.self_signed())


@cases.case
def tls_weak_key(programs):
    tls_case(programs, "weak-key", lambda ca: ca.issue("weak", bits=1024), weak=True)


@cases.case
def tls_weak_signature(programs):
    tls_case(programs, "weak-signature", lambda ca: ca.issue("sha1", digest="sha1"), weak=True)


@cases.case
def tls_1_1_only(programs):
    tls_case(programs, "tls11", lambda ca: ca.issue("old"), version=ssl.TLSVersion.TLSv1_1, weak=True)


# Replies

def reply_case(programs, name, reply, *kinds, settings=None):
    """`reply` answers one user's calls. Without `kinds` it is to be accepted, or repeated until one is."""
    with bench_for(programs, name, settings=settings) as bench:
        truth = bench.sandbox.truth()
        victim = truth[2]["openid"]
        is_bad = [True]

        def answer(call, connection):
            if is_bad[0] and call.of(victim):
                return reply(call, connection)
            connection.sendall(call.honest())
            return True

        good = bench.authority.issue("good")
        key = bench.sandbox.folder / "sandbox" / "wechatpay_key.pem"
        with contextlib.closing(Front(bench.sandbox.primary, *good, answer, signing_key=key)) as one, \
                contextlib.closing(Front(bench.sandbox.backup, *good, answer, signing_key=key)) as other:
            bench.sandbox.configure(api={"primary": one.url, "backup": other.url})
            service = bench.start()
            service.wait_for_log("couponsyncd serves")
            said = fails_alone(bench, service, truth, victim, kinds) if kinds else ""
            is_bad[0] = not kinds  # what is to be accepted stays as it is
            bench.sandbox.post("/mutations", op="random", count=40)
            bench.catch_up(service)
            bench.require_equal()
            memory = peak_memory(service)
            service.stop()
            return f"{said} (at most {memory} MiB resident)".strip()


def fails_alone(bench, service, truth, victim, kinds):
    failing = "SELECT last_error_code FROM listing WHERE openid = ? AND failures > 0"
    code = wait_for(lambda: bench.query(failing, victim), "the user's listing fails", 90)[0][0]
    require(code in kinds, f"it fails as {code}, not as {' or '.join(kinds)}:\n{service.log()[-1500:]}")
    require(bench.value("SELECT count(*) FROM coupon WHERE openid = ?", victim) == 0, "something of that user is stored")
    others = [user for user in truth if user["openid"] != victim]
    at = next_second()
    behind = ("SELECT count(*) FROM listing WHERE openid <> ?"
              " AND (last_whole_at IS NULL OR last_whole_at < ? OR failures > 0)")
    wait_for(lambda: bench.value(behind, victim, at) == 0, "the others are read on and on", 60)
    with bench.reader() as mirror:
        differing = differences(others, mirror)
    require(not differing, f"the others' rows differ: {differing}")
    require(code in bench.page("/status")[1], f"/status does not say {code}")
    counted = bench.metric(f'couponsyncd_listing_failures_total{{failure="{code.lower()}"')
    require(counted > 0, f"{code} is not counted")
    require(bench.metric('couponsyncd_listings{health="failing"') == 1, "not one listing is counted as failing")
    require(not bench.ready(), f"not ready, for one user's fault: {bench.ready()}")
    return code


def peak_memory(service):
    with open(f"/proc/{service.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


@cases.case
def slow_reply(programs):
    """Byte by byte, for longer than a request may take."""
    def reply(call, connection):
        for byte in call.honest():
            if gone(connection):
                return False
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
        return True
    return reply_case(programs, "slow", reply, "TIMED_OUT")


@cases.case
def late_reply(programs):
    """A second late, and good."""
    def reply(call, connection):
        time.sleep(1)
        connection.sendall(call.honest())
        return True
    return reply_case(programs, "late", reply)


@cases.case
def endless_body(programs):
    def reply(call, connection):
        connection.sendall(call.honest(more=[("Transfer-Encoding", "chunked")], body=b"", length=False))
        while True:
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    return reply_case(programs, "endless", reply, "REPLY_TOO_LARGE")


@cases.case
def endless_body_until_eof(programs):
    def reply(call, connection):
        connection.sendall(call.honest(more=[("Connection", "close")], body=b"", length=False))
        while True:
            connection.sendall(b" " * 0x10000)
    return reply_case(programs, "endless-eof", reply, "REPLY_TOO_LARGE")


@cases.case
def endless_header(programs):
    def reply(_call, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")
    return reply_case(programs, "header", reply, "MALFORMED_REPLY")


@cases.case
def endless_continues(programs):
    """Interim replies for ever."""
    def reply(_call, connection):
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
            time.sleep(0.01)
    return reply_case(programs, "continues", reply, "MALFORMED_REPLY", "TIMED_OUT")


@cases.case
def huge_length(programs):
    def reply(call, connection):
        connection.sendall(call.honest(length=(1 << 63) - 1))
        return False
    return reply_case(programs, "length", reply, "REPLY_TOO_LARGE")


@cases.case
def two_lengths(programs):
    def reply(call, connection):
        connection.sendall(call.honest(more=[("Content-Length", "7")]))
        return True
    return reply_case(programs, "lengths", reply, "MALFORMED_REPLY")


@cases.case
def truncated_reply(programs):
    def reply(call, connection):
        whole = call.honest()
        connection.sendall(whole[:-100])
        return False
    return reply_case(programs, "truncated", reply, "CONNECTION_LOST")


@cases.case
def truncated_until_eof(programs):
    """No length is announced, and the connection is cut: what came must not be taken for all."""
    def reply(call, connection):
        connection.sendall(call.honest(more=[("Connection", "close")], length=False)[:-100])
        return False
    return reply_case(programs, "truncated-eof", reply, "CONNECTION_LOST", "SIGNATURE_WRONG")


@cases.case
def shorter_than_sent(programs):
    """The announced length ends in the middle of the body."""
    def reply(call, connection):
        connection.sendall(call.honest(length=100))
        return True
    return reply_case(programs, "shorter", reply, "SIGNATURE_WRONG")


@cases.case
def garbage(programs):
    def reply(_call, connection):
        connection.sendall(bytes(range(256)) * 40)
        return False
    return reply_case(programs, "garbage", reply, "MALFORMED_REPLY")


@cases.case
def garbage_behind_a_reply(programs):
    """Bytes behind a good reply, in its segment: the reply counts, the connection is never used again."""
    def reply(call, connection):
        connection.sendall(call.honest() + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + b"\0garbage" * 50)
        return True
    return reply_case(programs, "behind", reply)


@cases.case
def another_reply_behind_a_reply(programs):
    """The signed reply twice, so that the second one would answer whoever asks next."""
    def reply(call, connection):
        whole = call.honest()
        connection.sendall(whole + whole)
        return True
    return reply_case(programs, "twice", reply)


@cases.case
def compressed(programs):
    def reply(call, connection):
        connection.sendall(call.honest(more=[("Content-Encoding", "gzip")], body=gzip.compress))
        return True
    return reply_case(programs, "gzip", reply, "MALFORMED_REPLY")


# Sizes

def large_page(programs, name, most, *kinds):
    """A page that is right and signed, with 100 MB of white space in it."""
    settings = {"sync": {"interval": "5s"}, "api": {"request_timeout": "60s", "max_response_bytes": most}}

    def reply(call, connection):
        connection.sendall(call.signed(lambda body: body[:-1] + b" " * 100 * MIB + body[-1:]))
        return True

    return reply_case(programs, name, reply, *kinds, settings=settings)


@cases.case
def page_of_100_mb_refused(programs):
    """With the limit of the default configuration."""
    return large_page(programs, "large", 32 * MIB, "REPLY_TOO_LARGE")


@cases.case
def page_of_100_mb_allowed(programs):
    """max_response_bytes allows it: it is a page like any other."""
    return large_page(programs, "larger", 200 * MIB)


@cases.case
def ten_thousand_pages(programs):
    """A listing of 10,000 pages has one reader; all others go on meanwhile."""
    settings = {"sync": {"interval": "10s"}, "api": {"page_size": 1}, "rate": {"max_requests_per_second": 5000}}
    bench = Bench(programs, "--users", 6, "--coupons-max", 10_000, name="pages", settings=settings)
    try:
        longest = max(bench.sandbox.truth(), key=lambda user: len(user["coupons"]))["openid"]
        service = bench.start()
        service.wait_for_log("couponsyncd serves")
        completed = "SELECT count(*) FROM listing WHERE openid = ? AND last_completed_at IS NOT NULL"
        rounds = "SELECT min(last_completed_at), max(last_completed_at) FROM listing WHERE openid <> ?"
        seen, began = set(), time.monotonic()
        wait_for(lambda: seen.add(bench.query(rounds, longest)[0]) or bench.value(completed, longest),
                 "it is read", 1200)
        took = time.monotonic() - began
        require(len(seen) > 3, f"the others were not read on and on meanwhile: {seen}")
        pages = bench.value("SELECT pages_done FROM listing WHERE openid = ?", longest)
        require(pages == 10_000, f"{pages} pages")
        bench.require_equal()
        memory = peak_memory(service)
        service.stop()
        return f"{took:.0f} s, {pages / took:.0f} pages a second (at most {memory} MiB resident)"
    finally:
        bench.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="CASE", help=", ".join(cases.cases))
    add_programs(parser)
    arguments = parser.parse_args()
    return cases.main("replies", find_programs(arguments), arguments.only)


if __name__ == "__main__":
    sys.exit(main())
