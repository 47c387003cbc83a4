#!/usr/bin/env python3
"""Another program at the mirror: opens it with plain SQLite, reads or writes for a moment and closes it, again and
again until SIGTERM. Whoever closes a file in WAL mode as the last one removes its log, so this is what costs the
service its commits wherever it should lose its locks.

    foreign.py MIRROR SEED read|write

Prints one line of JSON at its end: how often it did what, and what SQLite said of the file that it never should.
"""

import json
import random
import signal
import sqlite3
import sys
import time
from collections import Counter


def read(mirror, chance):
    mirror.execute("BEGIN")
    mirror.execute("SELECT count(*), max(changed_at) FROM coupon").fetchone()
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 0.1))  # a reader that holds its picture for a while
    mirror.execute("SELECT count(*) FROM v_coupon WHERE coupon_state = 'USED'").fetchone()
    mirror.execute("COMMIT")
    if chance.random() < 0.02 and (found := mirror.execute("PRAGMA quick_check").fetchall()) != [("ok",)]:
        raise sqlite3.DatabaseError(f"quick_check: {found}")


def write(mirror, chance):
    if chance.random() < 0.2:
        mirror.execute(f"PRAGMA wal_checkpoint({chance.choice(('PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'))})")
        return
    mirror.execute("BEGIN IMMEDIATE")
    if chance.random() < 0.3:
        time.sleep(chance.uniform(0, 0.03))
    mirror.execute("ROLLBACK" if chance.random() < 0.5 else "COMMIT")


def main():
    path, seed, what = sys.argv[1:]
    chance = random.Random(f"{seed} {what}")
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    counts, objections = Counter(), []
    while not stopped:
        mirror = None
        try:
            mirror = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=0.5, isolation_level=None)
            (read if what == "read" else write)(mirror, chance)
            counts[what] += 1
        except sqlite3.DatabaseError as error:
            name = getattr(error, "sqlite_errorname", None) or "none"
            counts[f"{name}: {error}"] += 1
            if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "none")):
                objections.append(f"{name}: {error}")
        finally:
            if mirror is not None:
                mirror.close()
        time.sleep(chance.expovariate(1 / 0.02))
    print(json.dumps({"counts": counts, "objections": objections[:5]}))


if __name__ == "__main__":
    main()
