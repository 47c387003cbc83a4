"""The cases of `limits` about what is outside: the machine's clock, and DNS."""

import contextlib
import glob
import tempfile
from pathlib import Path

from harness import next_second, require, wait_for
from limits_bench import add_coupons, begin, bench_for, cases, last_seq, mount, unmount

HOUR = 3600


# The clock

class Clock:
    """The time of the processes that are started with its environment: the machine's, and `ahead` of it."""

    def __init__(self, folder):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.library = found[0] if found else None
        self.file = Path(folder) / "clock"
        self.set(0)

    def set(self, ahead):
        self.ahead = ahead
        new = self.file.with_suffix(".new")
        new.write_text(f"{ahead:+d}s\n")
        new.replace(self.file)

    def environment(self):
        return {"LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


@contextlib.contextmanager
def clock_of(folder="/tmp"):
    with tempfile.TemporaryDirectory(prefix="couponsyncd-torture-clock-", dir=folder) as own:
        yield Clock(own)


NO_FAKETIME = "skipped: install libfaketime"


@cases.case
def clock_steps(programs):
    """The machine's clock, which the API agrees with, jumps by hours, forward and back: everything goes on."""
    with clock_of() as clock:
        if not clock.library:
            return NO_FAKETIME
        clock.set(-48 * HOUR)  # so that the sandbox's certificates hold whatever the time will be
        with bench_for(programs, "clock", sandbox_environment=clock.environment()) as bench:
            clock.set(0)
            service = begin(bench, clock.environment())
            for ahead in (5 * HOUR, 0, -5 * HOUR, 20 * HOUR, 0):
                clock.set(ahead)
                add_coupons(bench)
                asked = bench.sandbox.requests()
                wait_for(lambda: bench.sandbox.requests() > asked + 30, f"it goes on reading at {ahead} s", 30)
                # Without a reload: the listings are due by themselves, and not hours later.
                bench.wait_until_read_since(next_second() + ahead, 60)
                bench.require_equal()
                require(not bench.ready(), f"not ready at {ahead} s: {bench.ready()}")
            for never in ("MIRROR_", "TIMED_OUT", "REFUSED", "CLOCK_SKEW"):
                require(never not in service.log(), f"{never}:\n{service.log()[-2000:]}")
            service.stop()
            return "+5 h, back, -5 h, +20 h, back"


def clock_is_wrong(programs, ahead):
    with clock_of() as clock:
        if not clock.library:
            return NO_FAKETIME
        with bench_for(programs, "skew") as bench:
            service = begin(bench, clock.environment())
            clock.set(ahead)
            add_coupons(bench)
            said = wait_for(bench.ready, "readiness says that something is wrong", 60)
            require("clock" in said, f"readiness does not name the clock: {said!r}")
            seq = last_seq(bench)
            failing = bench.value("SELECT count(*) FROM listing WHERE failures > 0")
            require(failing <= 3, f"{failing} listings are said to fail, of the service's own fault")
            clock.set(0)
            bench.wait_until_ready(90)
            bench.catch_up(service)
            bench.require_equal()
            require(last_seq(bench) >= seq, "the feed went back")
            service.stop()
            return said.strip()[:100]


@cases.case
def clock_wrong_ahead(programs):
    """The service's own clock is off by hours, and the API refuses its calls: a pause that names the clock."""
    return clock_is_wrong(programs, 3 * HOUR)


@cases.case
def clock_wrong_behind(programs):
    return clock_is_wrong(programs, -3 * HOUR)


# DNS

HOSTS = "127.0.0.1 localhost\n"


@contextlib.contextmanager
def own_names(bench):
    """Names come from a file of our own, and from nowhere else."""
    hosts, switch = bench.folder / "hosts", bench.folder / "nsswitch.conf"
    hosts.write_text(HOSTS)
    switch.write_text("hosts: files\npasswd: files\ngroup: files\n")
    mount("--bind", hosts, "/etc/hosts")
    mount("--bind", switch, "/etc/nsswitch.conf")
    try:
        yield hosts
    finally:
        unmount("/etc/hosts")
        unmount("/etc/nsswitch.conf")


def by_name(url):
    return url.replace("127.0.0.1", "localhost")


@cases.case
def no_dns(programs):
    """No name resolves any more: a pause, said once, and no listing fails."""
    with bench_for(programs, "dns", "--idle-close-ms", 200) as bench, own_names(bench) as hosts:
        bench.sandbox.configure(api={"primary": by_name(bench.sandbox.primary),
                                     "backup": by_name(bench.sandbox.backup)})
        service = begin(bench)
        hosts.write_text("")
        add_coupons(bench)
        said = wait_for(bench.ready, "readiness says that something is wrong", 60)
        require("RESOLVE_FAILED" in said, f"readiness does not say RESOLVE_FAILED: {said!r}")
        status, text = bench.page("/status")
        require(status == 200, f"/status answers {status}: {text}")
        failing = bench.value("SELECT count(*) FROM listing WHERE failures > 0")
        require(failing == 0, f"{failing} listings are said to fail, of the network's fault")
        seq = last_seq(bench)
        hosts.write_text(HOSTS)
        bench.wait_until_ready(90)
        bench.catch_up(service)
        bench.require_equal()
        require(last_seq(bench) >= seq, "the feed went back")
        service.stop()
        return said.strip()[:100]


@cases.case
def no_dns_for_one_domain(programs):
    """The primary domain's name is gone: the other one serves."""
    with bench_for(programs, "dns-one", "--idle-close-ms", 200) as bench, own_names(bench) as hosts:
        bench.sandbox.configure(api={"primary": by_name(bench.sandbox.primary)})
        service = begin(bench)
        hosts.write_text("")
        add_coupons(bench)
        bench.wait_until_read_since(next_second(), 60)
        bench.require_equal()
        require(bench.metric('couponsyncd_calls_total{domain="primary",outcome="resolve_failed"') > 0,
                "no call is counted as resolve_failed")
        require(not bench.ready(), f"not ready, though one domain works: {bench.ready()}")
        service.stop()
        return "the backup served"
