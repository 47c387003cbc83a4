#!/usr/bin/env python3
"""Takes from the running service what it lives on (room, descriptors, a writable disk, the time, DNS) and gives it back.

    tests/torture/limits.py [--only CASE]...          as root: it mounts in a namespace of its own

In each case the service goes on living or ends with the exit code that is promised, says what is wrong, loses nothing,
and has caught up with the API afterwards by itself. Exit code 1 where it did not.
"""

import argparse
import contextlib
import glob
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from harness import (Bench, Cases, Violation, add_programs, find_programs, next_second, require, wait_for)

UNSHARED = "COUPONSYNC_TORTURE_UNSHARED"
DAEMON_SETTINGS = {"sync": {"interval": "2s"}}
EVERY_TRY = 30  # of a mirror that takes no rows
HOUR = 3600
cases = Cases()


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(folder):
    subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def bench_for(programs, name, *options, **more):
    bench = Bench(programs, "--users", 30, "--coupons-max", 130, *options, name=name, **{"settings": DAEMON_SETTINGS, **more})
    try:
        yield bench
    except Violation as violation:
        bench.close(keep=True)
        raise Violation(f"{violation}\nkept in {bench.folder}") from None
    bench.close()


@contextlib.contextmanager
def bench_on(programs, name, *mount_arguments):
    """With its mirror on a file system of its own."""
    with bench_for(programs, name) as bench:
        disk = bench.folder / "disk"
        disk.mkdir()
        mount(*mount_arguments, disk)
        try:
            bench.use_mirror(disk / "mirror.db")
            yield bench, disk
        finally:
            for service in bench.services:
                if service.runs():
                    service.kill()
            subprocess.run(["umount", "-l", str(disk)], check=False)


def begin(bench, environment=None):
    service = bench.start(environment)
    service.wait_for_log("sync (start) done")
    bench.require_equal()
    return service


def add_coupons(bench, count=200):
    for user in bench.sandbox.truth()[::3]:
        bench.sandbox.post("/mutations", openid=user["openid"], op="add", count=count // 10)


def last_seq(bench):
    return bench.value("SELECT max(seq) FROM coupon_change")


def require_not_written(bench, service, *words):
    """Has coupons come in until the service says that they cannot be stored, and it must say why."""
    def is_said():
        require(service.runs(), f"it ended with {service.process.poll()}:\n{service.log()[-2000:]}")
        if "the mirror takes no rows" in bench.ready():
            return True
        add_coupons(bench)
        return False
    wait_for(is_said, "readiness says that the mirror takes no rows", 90)
    said = bench.ready()
    require(all(word in said for word in words), f"readiness says {said!r}, not {words}")
    require(bench.metric("couponsyncd_writing_stopped") == 1, "couponsyncd_writing_stopped is not 1")
    status, text = bench.page("/status")
    require(status == 200, f"/status answers {status}: {text}")
    require(bench.page("/healthz")[0] == 200, "not healthy, though it only waits")
    seq = last_seq(bench)
    paused = bench.sandbox.requests()
    changes_said = service.log().count("MIRROR_UNWRITABLE")
    require(changes_said < 200, f"the log says it {changes_said} times")
    return seq, paused


def require_written_again(bench, service, seq):
    """By itself, with nothing lost."""
    began = time.monotonic()
    wait_for(lambda: bench.metric("couponsyncd_writing_stopped") == 0, "rows are stored again", 3 * EVERY_TRY)
    took = time.monotonic() - began
    bench.wait_until_ready()
    require(last_seq(bench) >= seq, "the feed went back")
    bench.catch_up(service)
    coupons = bench.require_equal()
    service.stop()
    bench.require_equal()
    return f"wrote again after {took:.0f} s, {coupons} coupons"


# Room

def fill(disk):
    with open(disk / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(b"x" * size)


@cases.case
def disk_full(programs):
    with bench_on(programs, "disk-full", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as (bench, disk):
        service = begin(bench)
        fill(disk)
        seq, _ = require_not_written(bench, service, "MIRROR_UNWRITABLE", "full")
        (disk / "filler").unlink()
        return require_written_again(bench, service, seq)


@cases.case
def disk_full_and_killed(programs):
    """What is committed outlives a kill on a full disk; a start there ends with 74, or waits for room."""
    with bench_on(programs, "disk-killed", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as (bench, disk):
        service = begin(bench)
        fill(disk)
        seq, _ = require_not_written(bench, service, "MIRROR_UNWRITABLE")
        service.kill()
        again = bench.start()
        wait_for(lambda: not again.runs() or "couponsyncd serves" in again.log(), "it starts or ends")
        code = None if again.runs() else again.process.wait()
        require(code in (None, 74), f"on a full disk it ends with {code}:\n{again.log()[-1500:]}")
        (disk / "filler").unlink()
        if code is not None:
            again = bench.start()
            again.wait_for_log("couponsyncd serves")
        wait_for(lambda: bench.metric("couponsyncd_writing_stopped") == 0, "rows are stored again", 3 * EVERY_TRY)
        require(last_seq(bench) >= seq, "the feed went back")
        bench.catch_up(again)
        bench.require_equal()
        again.stop()
        return f"on the full disk the start {'waited' if code is None else 'ended with 74'}"


@cases.case
def disk_full_from_the_first(programs):
    """There never was room for a mirror."""
    with bench_on(programs, "disk-none", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as (bench, disk):
        fill(disk)
        service = bench.start()
        code = service.process.wait(30)
        require(code == 74, f"ended with {code}, not 74:\n{service.log()[-1500:]}")
        require(bench.sandbox.requests() == 0, "it asked the API, and could store nothing")
        (disk / "filler").unlink()
        service = bench.start()
        service.wait_for_log("sync (start) done")
        bench.require_equal()
        service.stop()
        return "74, nothing was sent"


def limited_file_size(programs, limit, *words):
    with bench_for(programs, "fsize") as bench:
        service = begin(bench)
        before = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
        seq, _ = require_not_written(bench, service, "MIRROR_UNWRITABLE", *words)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, before)
        return require_written_again(bench, service, seq)


@cases.case
def file_size_limit(programs):
    """RLIMIT_FSIZE below the mirror's size."""
    return limited_file_size(programs, 512 * 1024)


@cases.case
def file_size_limit_of_nothing(programs):
    """Not a byte, of the log neither."""
    return limited_file_size(programs, 0)


# Descriptors

@cases.case
def no_descriptors(programs):
    with bench_for(programs, "descriptors", "--idle-close-ms", 100) as bench:
        bench.sandbox.configure(api={"primary": bench.sandbox.primary.replace("127.0.0.1", "localhost")})
        service = begin(bench)
        before = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        service.wait_for_log("OUT_OF_DESCRIPTORS")
        service.wait_for_log("LimitNOFILE")
        add_coupons(bench)
        # Nobody can ask it for its readiness: that takes a descriptor, too.
        service.wait_for_log("nothing gets through")
        failing = bench.value("SELECT count(*) FROM listing WHERE failures > 0")
        require(failing == 0, f"{failing} listings are said to fail, of the service's own fault")
        seq = last_seq(bench)
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, before)
        bench.wait_until_ready()
        for never in ("RESOLVE_FAILED", "CONNECT_FAILED", "TLS_FAILED", "MIRROR_", "damaged", "is avoided"):
            require(never not in service.log(), f"it blames {never}:\n{service.log()[-2000:]}")
        require(bench.metric('couponsyncd_calls_total{domain="primary",outcome="out_of_descriptors"') > 0,
                "no call is counted as out_of_descriptors")
        bench.catch_up(service)
        coupons = bench.require_equal()
        require(last_seq(bench) >= seq, "the feed went back")
        service.stop()
        return f"{coupons} coupons"


# A disk that cannot be written to any more

@cases.case
def read_only_from_the_start(programs):
    """The file system is remounted read-only between a stop and a start."""
    with bench_on(programs, "read-only", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as (bench, disk):
        begin(bench).stop()
        seq = last_seq(bench)
        mount("-o", "remount,ro", disk)
        requests = bench.sandbox.requests()
        service = bench.start()
        code = service.process.wait(30)
        require(code == 74, f"ended with {code}, not 74:\n{service.log()[-1500:]}")
        require(bench.sandbox.requests() == requests, "it asked the API, and could store nothing")
        require(last_seq(bench) == seq, "a reader does not see what is there")
        mount("-o", "remount,rw", disk)
        add_coupons(bench)
        service = bench.start()
        service.wait_for_log("couponsyncd serves")
        bench.catch_up(service)
        bench.require_equal()
        service.stop()
        return "74; readers go on"


def ext4(bench):
    image, disk = bench.folder / "image", bench.folder / "disk"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(128 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    mount("-o", "loop,errors=remount-ro", image, disk)
    return image, disk


@cases.case
def immutable_and_back(programs):
    """Files that are open and cannot be written to for a while: chattr +i (but not the log's index: that one is mapped
    into memory)."""
    with bench_for(programs, "immutable") as bench:
        _, disk = ext4(bench)
        try:
            bench.use_mirror(disk / "mirror.db")
            service = begin(bench)
            files = [bench.mirror, f"{bench.mirror}-wal"]
            subprocess.run(["chattr", "+i", *files], check=True)
            try:
                seq, _ = require_not_written(bench, service, "MIRROR_UNWRITABLE")
            finally:
                subprocess.run(["chattr", "-i", *files], check=True)
            return require_written_again(bench, service, seq)
        finally:
            for service in bench.services:
                if service.runs():
                    service.kill()
            unmount(disk)


@cases.case
def read_only_by_an_error(programs):
    """As after an I/O error: ext4 makes itself read-only under open files, is repaired and mounted again."""
    with bench_for(programs, "abort") as bench:
        image, disk = ext4(bench)
        try:
            bench.use_mirror(disk / "mirror.db")
            service = begin(bench)
            # A while later the kernel has written the mapped pages, and asks the file system when they change again.
            subprocess.run(["sync", "-f", bench.mirror], check=True)
            subprocess.run(["mount", "-o", "remount,abort", disk], check=False, stderr=subprocess.DEVNULL)
            require_read_only(disk)
            seq, _ = require_not_written(bench, service, "MIRROR_UNWRITABLE")
            service.process.terminate()
            code = service.process.wait(10)
            require(code in (0, 74), f"SIGTERM ended it with {code}")
            unmount(disk)
            require(subprocess.run(["e2fsck", "-p", image], check=False, stdout=subprocess.DEVNULL).returncode < 4,
                    "e2fsck cannot repair the file system, which is not the service's fault")
            mount("-o", "loop", image, disk)
            service = bench.start()
            service.wait_for_log("couponsyncd serves")
            require(last_seq(bench) >= seq, "the feed went back")
            bench.catch_up(service)
            coupons = bench.require_equal()
            service.stop()
            return f"stopped with {code}; {coupons} coupons after the repair"
        finally:
            for service in bench.services:
                if service.runs():
                    service.kill()
            subprocess.run(["umount", "-l", str(disk)], check=False)


def require_read_only(disk):
    try:
        (disk / "probe").write_bytes(b"x")
    except OSError:
        return
    raise Violation("the file system is not read-only, so the case shows nothing")


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
    import tempfile
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
        bench.sandbox.configure(api={"primary": by_name(bench.sandbox.primary), "backup": by_name(bench.sandbox.backup)})
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="CASE", help=", ".join(cases.cases))
    add_programs(parser)
    arguments = parser.parse_args()
    if UNSHARED not in os.environ:
        if os.geteuid() != 0:
            sys.exit("limits.py mounts file systems: run it as root")
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv],
                   {**os.environ, UNSHARED: "1"})
    return cases.main("limits", find_programs(arguments), arguments.only)


if __name__ == "__main__":
    sys.exit(main())
