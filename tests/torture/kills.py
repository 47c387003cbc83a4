#!/usr/bin/env python3
"""SIGKILLs the service at random moments, hundreds of times, and then asks whether anything was lost or invented.

    tests/torture/kills.py [--kills 500] [--seed N] [--changes-per-second 20]

First a mirror of the first schema version is migrated, with kills in the middle of it. Then the service reads a
sandbox whose coupons change all the time and is killed while it starts, works, or stops, while /metrics, /status and
/readyz are scraped, one process reads the mirror and another one locks and checkpoints it, each opening and closing
the file every few hundredths of a second. At each death it is seen that the bookmarks go on where they stood, that no committed page
was asked for again, and that nothing went away that a reader had seen; at the end, that the mirror is what the API
lists, row for row.

The seed decides when what is killed and what changes (the processes' own timing it cannot decide). Exit code 1 where a
promise was not kept.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from harness import ROOT, Bench, Violation, add_programs, find_programs, require
from truth import Feed

INTERVAL = 8
PAGE_SIZE = 10
FIRST_SCHEMA = ROOT / "schema" / "001_tables.sql"
BEFORE = "oBefore-the-migration"
MIGRATIONS = 0.1  # of the kills
OPERATIONS = ["add"] * 4 + ["use"] * 4 + ["return", "return", "delete", "delete", "delete", "restore", "restore",
                                          "expire", "deactivate", "touch_attach"]


def make_first_version(path, coupons=20_000):
    """A mirror as the first version left it, of a user who is watched no more."""
    mirror = sqlite3.connect(path)
    mirror.executescript(FIRST_SCHEMA.read_text() + "PRAGMA application_id = 0x43505344; PRAGMA user_version = 1;")
    mirror.execute("PRAGMA journal_mode = WAL")
    mirror.execute("INSERT INTO listing (appid, openid, watched, pages_done) VALUES ('wx', ?, 0, 3)", (BEFORE,))
    for number in range(coupons):
        mirror.execute("INSERT INTO coupon (appid, openid, stock_id, coupon_code, coupon_state, raw_json, content_hash,"
                       " first_seen_at, changed_at) VALUES ('wx', ?, 's1', ?, 'USED', '{}', x'05', 5, 6)",
                       (BEFORE, f"c{number}"))
        mirror.execute("INSERT INTO coupon_change (observed_at, coupon_id, kind, to_state)"
                       " VALUES (5, ?, 'added', 'EFFECTIVE')", (number + 1,))
        mirror.execute("INSERT INTO coupon_change (observed_at, coupon_id, kind, from_state, to_state)"
                       " VALUES (6, ?, 'state', 'EFFECTIVE', 'USED')", (number + 1,))
    mirror.commit()
    mirror.close()


def digest_of_before(mirror):
    """Of what the first version's mirror held."""
    digest = hashlib.sha256()
    for found in mirror.execute("SELECT c.id, coupon_code, coupon_state, raw_json, first_seen_at, changed_at, seq,"
                                " observed_at, kind, from_state, to_state FROM coupon AS c JOIN coupon_change"
                                " ON coupon_id = c.id WHERE openid = ? ORDER BY c.id, seq", (BEFORE,)):
        digest.update(repr(found).encode())
    return digest.hexdigest()


def read_bookmarks(mirror):
    return {row[0]: row[1:] for row in mirror.execute(
        "SELECT openid, next_page_token, pages_done, last_started_at, entries_done, last_completed_at"
        " FROM listing WHERE watched = 1")}


class Changes(threading.Thread):
    """Users receive, use, return and lose coupons, until it is stopped."""

    def __init__(self, sandbox, seed, per_second):
        super().__init__(daemon=True)
        self.sandbox, self.per_second = sandbox, per_second
        self.chance = random.Random(f"{seed} changes")
        self.openids = [user["openid"] for user in sandbox.truth()]
        self.stopped = threading.Event()
        self.count = 0

    def run(self):
        while not self.stopped.wait(self.chance.expovariate(self.per_second)):
            with contextlib.suppress(ConnectionError):  # the run has failed, and the sandbox is gone
                changed = self.sandbox.post("/mutations", openid=self.chance.choice(self.openids),
                                            op=self.chance.choice(OPERATIONS))
                self.count += changed["changed"]

    def stop(self):
        self.stopped.set()
        self.join()


class Scraper(threading.Thread):
    """Asks the service for its pages, whenever it is there."""

    def __init__(self, bench):
        super().__init__(daemon=True)
        self.bench = bench
        self.stopped = threading.Event()
        self.answers, self.objections = Counter(), []

    def run(self):
        pages = ("/metrics", "/status", "/readyz", "/healthz")
        number = 0
        while not self.stopped.wait(0.01):
            number += 1
            page = pages[number % len(pages)]
            try:
                status, text = self.bench.page(page)
            except (OSError, http.client.HTTPException):  # it is dead, or died just now
                self.answers["nobody there"] += 1
                continue
            self.answers[f"{page} {status}"] += 1
            if page == "/status" and status == 200:
                json.loads(text)
            if page == "/healthz" and status != 200:
                self.objections.append(f"{page}: {status} {text}")

    def stop(self):
        self.stopped.set()
        self.join()


class Torture:
    def __init__(self, bench, arguments):
        self.bench = bench
        self.kills, self.seed = arguments.kills, arguments.seed
        self.chance = random.Random(arguments.seed)
        self.feed = Feed()
        self.counts = Counter()
        self.log_read = 0
        self.bookmarks = self.recovered = None

    # A death while it migrates

    def migrate(self):
        first = self.bench.folder / "first.db"
        make_first_version(first)
        with contextlib.closing(sqlite3.connect(first)) as mirror:
            before = digest_of_before(mirror)
        self.restore(first)
        took = self.time_to_serve()
        for _ in range(round(self.kills * MIGRATIONS)):
            if self.bench.value("PRAGMA user_version") != 1:
                self.restore(first)
            service = self.bench.start()
            self.kill_after(service, self.chance.uniform(0, 1.1 * took), "migrating")
            with self.bench.reader() as mirror:
                version = mirror.execute("PRAGMA user_version").fetchone()[0]
                self.counts["migrations that had to be taken back" if version == 1 else "migrations done"] += 1
                require(mirror.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity_check")
                require(digest_of_before(mirror) == before, f"rows of before differ in version {version}")
        self.before = before

    def restore(self, first):
        for suffix in ("-wal", "-shm", ".lock"):
            Path(f"{self.bench.mirror}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(first, self.bench.mirror)

    def time_to_serve(self):
        began = time.monotonic()
        service = self.bench.start()
        service.wait_for_log("couponsyncd serves")
        took = time.monotonic() - began
        service.kill()
        return took

    # A death at work

    def torture(self):
        start = self.time_to_serve()
        self.look_at_the_dead()
        for number in range(self.kills - round(self.kills * MIGRATIONS)):
            service = self.bench.start()
            kind = self.chance.choices(("starting", "working", "stopping"), (25, 60, 15))[0]
            if kind == "starting":
                self.kill_after(service, self.chance.uniform(0, 1.5 * start), kind)
            elif kind == "working":
                self.kill_after(service, start + min(self.chance.expovariate(1 / 0.35), 2), kind)
            else:
                time.sleep(start + self.chance.uniform(0, 0.4))
                service.process.terminate()
                self.kill_after(service, self.chance.uniform(0, 0.03), kind, may_end=True)
            try:
                self.look_at_the_dead()
            except Violation as violation:
                raise Violation(f"after death {number} ({kind}): {violation}") from None

    def kill_after(self, service, seconds, kind, may_end=False):
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = service.process.wait(seconds)
            require(may_end and code in (0, -signal.SIGTERM),
                    f"it ended by itself with {code} while {kind}:\n{service.log()[-3000:]}")
            self.counts["ended before the kill"] += 1
        service.kill()
        self.counts[kind] += 1
        self.bench.services.remove(service)

    def look_at_the_dead(self):
        """What was asked since the last look, and what the bookmarks say of it."""
        calls = self.new_calls()
        before = [self.bookmarks, self.recovered]
        self.recovered = self.bookmarks_after_recovery()
        with self.bench.reader() as mirror:
            self.feed.catch_up(mirror)
            last = mirror.execute("SELECT max(seq) FROM coupon_change").fetchone()[0]
            self.bookmarks = read_bookmarks(mirror)
        require(last == self.feed.seq, f"a reader saw seq {self.feed.seq}, and the feed ends with {last} now")
        require(not self.feed.objections, "; ".join(self.feed.objections[:5]))
        for openid, (token, pages, _, entries, _) in self.bookmarks.items():
            require(token is None or entries == pages * PAGE_SIZE,
                    f"{openid}: {entries} entries on {pages} pages of {PAGE_SIZE}")
        if self.bookmarks != self.recovered:
            self.counts["deaths in the middle of a commit"] += 1
        if before[0] is not None:
            for openid, pages in calls.items():
                self.judge(openid, pages, {one.get(openid) for one in before},
                           {one.get(openid) for one in (self.bookmarks, self.recovered)})

    def bookmarks_after_recovery(self):
        """A kill in the middle of a commit can leave it in the log and not in the log's index: whether it counts is
        open until somebody recovers the log. This is what they would find: in a copy, the log first."""
        copy = self.bench.folder / "copy.db"
        for suffix in ("-shm", "-wal", ""):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        for suffix in ("-wal", ""):
            with contextlib.suppress(FileNotFoundError):  # another program has closed it as the last one
                shutil.copyfile(f"{self.bench.mirror}{suffix}", f"{copy}{suffix}")
        with contextlib.closing(sqlite3.connect(copy)) as mirror:
            return read_bookmarks(mirror)

    def new_calls(self):
        """{openid: the pages asked for}; waits until the sandbox has read what the dead one had sent."""
        log = None
        while log is None or len(more := self.bench.sandbox.log(self.log_read)) > len(log):
            log = self.bench.sandbox.log(self.log_read) if log is None else more
        self.log_read += len(log)
        calls = {}
        for call in log:
            require(call["status"] == 200, f"the sandbox refused a call: {call}")
            calls.setdefault(call["openid"], []).append(call["page"])
        self.counts["calls"] += len(log)
        return calls

    def judge(self, openid, pages, before, after):
        """One reader a listing, and a page is committed before the next one is asked for. `before` and `after` hold
        the bookmark, twice where it was open whether a commit counts."""
        said = f"{openid}: bookmark {before}, asked for pages {pages}, then bookmark {after}"
        had = [bookmark for bookmark in before if bookmark and bookmark[0] is not None]
        if had:
            may = {bookmark[1] + 1 for bookmark in had}
            if len(had) < len(before) or any(time.time() - bookmark[2] >= INTERVAL for bookmark in had):
                may.add(1)  # it may be too old by now, or nothing was left to read
            require(pages[0] in may, f"a bookmark was not gone on from: {said}")
            self.counts["readings that went on at a bookmark"] += pages[0] != 1
        for page, following in zip(pages, pages[1:]):
            require(following in (1, page + 1), f"a page twice: {said}")
        started = {bookmark and bookmark[2] for bookmark in before}
        if any(bookmark[:2] == (None, 0) and (had or bookmark[2] not in started) for bookmark in after):
            # Pages that did not add up, because coupons came or went meanwhile: it begins anew, and drops the bookmark.
            # (Commits that were lost would leave the row as it was before.)
            self.counts["readings that were to begin anew"] += 1
        elif pages[-1] > 1:
            require(any(bookmark[1] in (pages[-1] - 1, pages[-1]) for bookmark in after),
                    f"the bookmark is not at what was read: {said}")

    # The end

    def settle(self, changes, scraper, foreign):
        service = self.bench.start()
        service.wait_for_log("couponsyncd serves")
        changes.stop()
        ended = int(time.time()) + 1
        began = time.monotonic()
        self.bench.wait_until_read_since(ended, 90)
        self.counts["seconds until it was at rest"] = round(time.monotonic() - began)
        scraper.stop()
        objections = scraper.objections[:5] + foreign.stop()
        require(not objections, "; ".join(objections))
        self.counts["coupons in the end"] = self.bench.require_equal()
        service.stop()
        self.bench.require_equal()
        self.look_at_the_dead()
        self.look_at_the_books()

    def look_at_the_books(self):
        with self.bench.reader() as mirror:
            found = self.feed.differences(mirror)
            require(not found, "the feed as it was read meanwhile: " + "; ".join(found))
            require(digest_of_before(mirror) == self.before, "rows of an unwatched user changed")
            pages, inserted, missing = mirror.execute(
                "SELECT sum(pages), sum(inserted), sum(missing) FROM sync_run").fetchone()
            kinds = dict(mirror.execute("SELECT kind, count(*) FROM coupon_change GROUP BY 1"))
        require(pages <= self.log_read, f"{pages} pages committed of {self.log_read} calls")
        require(inserted <= kinds["added"], f"{inserted} rows inserted, {kinds['added']} told")
        require(missing <= kinds.get("missing", 0), f"{missing} found missing, {kinds.get('missing')} told")
        self.counts["feed"] = self.feed.seq
        self.counts.update({f"told {kind}": count for kind, count in kinds.items()})


class Foreign:
    """Processes that open and close the mirror all the time."""

    def __init__(self, mirror, seed):
        program = Path(__file__).with_name("foreign.py")
        self.processes = [subprocess.Popen([sys.executable, program, str(mirror), str(seed), what],
                                           stdout=subprocess.PIPE, text=True) for what in ("read", "write")]
        self.counts = Counter()

    def stop(self):
        objections = []
        for process in self.processes:
            process.terminate()
            said = json.loads(process.communicate()[0])
            self.counts.update(said["counts"])
            objections += said["objections"]
        self.processes = []
        return objections

    def close(self):
        for process in self.processes:
            process.kill()
            process.communicate()


def run(programs, arguments):
    options = ("--seed", arguments.seed, "--users", 60, "--coupons-max", 300, "--latency-ms", 3)
    settings = {"sync": {"interval": f"{INTERVAL}s", "concurrency": 12}, "api": {"page_size": PAGE_SIZE},
                "mirror": {"durability": arguments.durability},
                "rate": {"start_requests_per_second": 120, "max_requests_per_second": 120}}
    bench = Bench(programs, *options, name="kills", settings=settings)
    torture, foreign = Torture(bench, arguments), None
    began = time.monotonic()
    failed = True
    try:
        torture.migrate()
        changes, scraper = Changes(bench.sandbox, arguments.seed, arguments.changes_per_second), Scraper(bench)
        foreign = Foreign(bench.mirror, arguments.seed)
        changes.start()
        scraper.start()
        torture.torture()
        torture.settle(changes, scraper, foreign)
        failed = False
        counts = torture.counts
        deaths = {kind: counts[kind] for kind in ("migrating", "starting", "working", "stopping")}
        print(f"ok: seed {arguments.seed}, {sum(deaths.values())} kills in {time.monotonic() - began:.0f} s: {deaths}")
        print(f"    {dict(counts)}\n    {changes.count} changes; scrapes {dict(scraper.answers)};"
              f" opened {dict(foreign.counts)}")
    except Violation as violation:
        print(f"FAILED: seed {arguments.seed}: {violation}\n{dict(torture.counts)}\nkept in {bench.folder}")
    finally:
        if foreign is not None:
            foreign.close()
        bench.close(keep=failed)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--changes-per-second", type=float, default=20)
    parser.add_argument("--durability", choices=("full", "normal"), default="full", help="mirror.durability")
    add_programs(parser)
    arguments = parser.parse_args()
    return run(find_programs(arguments), arguments)


if __name__ == "__main__":
    sys.exit(main())
