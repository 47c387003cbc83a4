#!/usr/bin/env python3
"""Takes from the running service what it lives on (room, descriptors, a writable disk, the time, DNS), and gives it
back.

    tests/torture/limits.py [--only CASE]...          as root: it mounts in a namespace of its own

In each case the service goes on living or ends with the exit code that is promised, says what is wrong, loses nothing,
and has caught up with the API afterwards by itself. Exit code 1 where it did not.
"""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import time

import limits_outside  # noqa: F401 (its cases)
from harness import Violation, add_programs, find_programs, require, wait_for
from limits_bench import (add_coupons, begin, bench_for, bench_on, cases, disk_of_its_own, end_services, last_seq, mount,
                          unmount)

UNSHARED = "COUPONSYNC_TORTURE_UNSHARED"
EVERY_TRY = 30  # of a mirror that takes no rows


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
    told = service.log().count("MIRROR_UNWRITABLE")
    require(told < 200, f"the log says it {told} times")
    return last_seq(bench)


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
        seq = require_not_written(bench, service, "MIRROR_UNWRITABLE", "full")
        (disk / "filler").unlink()
        return require_written_again(bench, service, seq)


def full(programs, kind, options):
    with bench_for(programs, f"disk-{kind}") as bench:
        _, disk = disk_of_its_own(bench, kind, options)
        try:
            bench.use_mirror(disk / "mirror.db")
            service = begin(bench)
            fill(disk)
            seq = require_not_written(bench, service, "MIRROR_UNWRITABLE", "full")
            (disk / "filler").unlink()
            return require_written_again(bench, service, seq)
        finally:
            end_services(bench)
            unmount(disk)


@cases.case
def disk_full_ext4(programs):
    return full(programs, "ext4", "errors=remount-ro")


@cases.case_if_asked_for
def disk_full_btrfs(programs):
    """A file system that copies what is written needs room also where something is already, such as in the log's index,
    which SQLite maps into memory: writing there is no error but a SIGBUS, and that ends the service, which says so,
    with 74. Nothing is lost: a start ends with 74, too, until there is room, and then goes on."""
    if not shutil.which("mkfs.btrfs"):
        return "skipped: install btrfs-progs"
    return full(programs, "btrfs", "noatime")


@cases.case
def disk_full_and_killed(programs):
    """What is committed outlives a kill on a full disk; a start there ends with 74, or waits for room."""
    with bench_on(programs, "disk-killed", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as (bench, disk):
        service = begin(bench)
        fill(disk)
        seq = require_not_written(bench, service, "MIRROR_UNWRITABLE")
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
        seq = require_not_written(bench, service, "MIRROR_UNWRITABLE", *words)
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


def immutable(programs, *ends):
    with bench_for(programs, "immutable") as bench:
        _, disk = disk_of_its_own(bench)
        try:
            bench.use_mirror(disk / "mirror.db")
            service = begin(bench)
            files = [f"{bench.mirror}{end}" for end in ends]
            subprocess.run(["chattr", "+i", *files], check=True)
            try:
                seq = require_not_written(bench, service, "MIRROR_UNWRITABLE")
            finally:
                subprocess.run(["chattr", "-i", *files], check=True)
            return require_written_again(bench, service, seq)
        finally:
            end_services(bench)
            unmount(disk)


@cases.case
def immutable_and_back(programs):
    """Files that are open and cannot be written to for a while: chattr +i."""
    return immutable(programs, "", "-wal")


@cases.case_if_asked_for
def immutable_index(programs):
    """The log's index, too: a SIGBUS, as in disk_full_btrfs."""
    return immutable(programs, "", "-wal", "-shm")


@cases.case
def read_only_by_an_error(programs):
    """As after an I/O error: ext4 makes itself read-only under open files, is repaired and mounted again."""
    with bench_for(programs, "abort") as bench:
        image, disk = disk_of_its_own(bench)
        try:
            bench.use_mirror(disk / "mirror.db")
            service = begin(bench)
            # A while later the kernel has written the mapped pages, and asks the file system when they change again.
            subprocess.run(["sync", "-f", bench.mirror], check=True)
            subprocess.run(["mount", "-o", "remount,abort", disk], check=False, stderr=subprocess.DEVNULL)
            require_read_only(disk)
            seq = require_not_written(bench, service, "MIRROR_UNWRITABLE")
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
            end_services(bench)
            subprocess.run(["umount", "-l", str(disk)], check=False)


def require_read_only(disk):
    try:
        (disk / "probe").write_bytes(b"x")
    except OSError:
        return
    raise Violation("the file system is not read-only, so the case shows nothing")


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
