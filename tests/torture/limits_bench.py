"""What the cases of `limits` share."""

import contextlib
import subprocess

from harness import Bench, Cases, Violation

cases = Cases()
SETTINGS = {"sync": {"interval": "2s"}}


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(folder):
    subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def bench_for(programs, name, *options, **more):
    bench = Bench(programs, "--users", 30, "--coupons-max", 130, *options, name=name, **{"settings": SETTINGS, **more})
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
            end_services(bench)
            subprocess.run(["umount", "-l", str(disk)], check=False)


def end_services(bench):
    """So that their file system can be unmounted."""
    for service in bench.services:
        if service.runs():
            service.kill()


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


def disk_of_its_own(bench, kind="ext4", options="errors=remount-ro"):
    image, disk = bench.folder / "image", bench.folder / "disk"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(128 << 20)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True, stderr=subprocess.DEVNULL)
    mount("-o", f"loop,{options}", image, disk)
    return image, disk
