#!/usr/bin/env python3
"""Whether the checks of this folder notice what they are for: breaks a mirror in ways that each lose, invent or change
a row, and tells the judge of deaths of readings that went wrong. Exit code 1 if something is not noticed.

    tests/torture/noticed.py [--build BUILD]
"""

import argparse
import contextlib
import shutil
import sqlite3
import sys
import time

from harness import Bench, Violation, add_programs, find_programs
from kills import Torture

DEEDS = {
    "a coupon is gone": "DELETE FROM coupon WHERE id = 5",
    "a detail is another":
        "UPDATE usage_detail SET mchid = 'x' WHERE coupon_id = (SELECT min(coupon_id) FROM usage_detail)",
    "a coupon that is listed is missing": "UPDATE coupon SET missing_since = 1 WHERE id = 7",
    "a coupon is invented":
        "INSERT INTO coupon (appid, openid, stock_id, coupon_code, raw_json, content_hash, first_seen_at, changed_at)"
        " SELECT appid, openid, stock_id, 'invented', '{}', x'01', 1, 1 FROM coupon WHERE id = 3",
    "a stock is another": "UPDATE stock SET remark = 'x' WHERE rowid = 1",
    "the feed has lost something": "DELETE FROM coupon_change WHERE seq = 9",
    "the feed says something twice":
        "INSERT INTO coupon_change (observed_at, coupon_id, kind, to_state)"
        " SELECT observed_at, coupon_id, kind, to_state FROM coupon_change WHERE seq = 9",
}

# What pages were asked for after a bookmark behind page 4, and the bookmark at the next death.
READINGS = {
    "a reading went back": ([3, 4], 4),
    "a reading began anew": ([1, 2], 2),
    "a reading left a page out": ([6], 6),
    "a page was asked for twice": ([5, 5], 5),
    "commits are lost": ([5, 6, 7], 4),
}


def is_noticed(check):
    try:
        check()
    except Violation:
        return True
    return False


def not_noticed_of_deeds(programs):
    bench = Bench(programs, "--users", 12, name="noticed")
    try:
        service = bench.start()
        service.wait_for_log("sync (start) done")
        bench.require_equal()
        service.stop()
        good = bench.folder / "good.db"
        shutil.copyfile(bench.mirror, good)  # the log is empty after a stop
        for what, sql in DEEDS.items():
            with contextlib.closing(sqlite3.connect(bench.mirror)) as mirror, mirror:
                mirror.execute(sql)
            if not is_noticed(bench.require_equal):
                yield what
            for suffix in ("-wal", "-shm"):
                bench.mirror.with_name(bench.mirror.name + suffix).unlink(missing_ok=True)
            shutil.copyfile(good, bench.mirror)
        bench.require_equal()
    finally:
        bench.close()


def not_noticed_of_readings():
    torture = Torture(None, argparse.Namespace(kills=1, seed=1))
    now = time.time()
    for what, (pages, then) in READINGS.items():
        before, after = ("token", 4, now, 40, None), ("token", then, now, 10 * then, None)
        if not is_noticed(lambda calls=pages, had=before, has=after: torture.judge("o", calls, {had}, {has})):
            yield what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_programs(parser)
    missed = [*not_noticed_of_deeds(find_programs(parser.parse_args())), *not_noticed_of_readings()]
    for what in missed:
        print(f"FAILED: nobody notices that {what}")
    print(f"noticed: {len(DEEDS) + len(READINGS) - len(missed)} of {len(DEEDS) + len(READINGS)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
