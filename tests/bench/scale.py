#!/usr/bin/env python3
"""What a large watchlist costs: couponsyncd against the sandbox, over TLS, on this machine.

    tests/bench/scale.py build/release [LISTINGS...]      default: 1000 100000 1000000

Prints one line a size: the first request after a cold and a warm start, the openids asked for after a
reload under way, /healthz meanwhile, resident memory, a storm of reloads, what /metrics and /status take, a
stop, and what the service costs when nothing is due.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def seconds(task):
    began = time.monotonic()
    task()
    return time.monotonic() - began


def wait_for(condition, at_most=120.0):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > at_most:
            return float("inf")
        time.sleep(0.01)
    return time.monotonic() - began


class Sandbox:
    def __init__(self, build, folder):
        self.process = subprocess.Popen(
            [f"{build}/tests/sandbox/couponsyncd-sandbox", "--directory", folder, "--users", "20",
             "--coupons-max", "10"], stdout=subprocess.PIPE, text=True)
        self.control = json.loads(self.process.stdout.readline())["control"]

    def get(self, path):
        host = self.control.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())

    def requests(self):
        return self.get("/stats")["requests"]


class Service:
    def __init__(self, build, config, listen):
        self.listen = listen
        self.log = open(config + ".log", "a")
        self.process = subprocess.Popen([f"{build}/daemon/couponsyncd", "run", "--config", config],
                                        stderr=self.log)

    def get(self, path):
        connection = UnixConnection(self.listen)
        connection.request("GET", path)
        return connection.getresponse().read()

    def memory(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(field):
                    return int(line.split()[1]) // 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        took = seconds(self.process.wait)
        return took, self.process.returncode


def measure(build, listings):
    folder = tempfile.mkdtemp(prefix="couponsyncd-scale-")
    sandbox = Sandbox(build, folder)
    config = os.path.join(folder, "couponsyncd.json")
    listen = os.path.join(folder, "http.sock")
    watchlist = os.path.join(folder, "many.txt")
    try:
        with open(config) as file:
            settings = json.load(file)
        group = settings["watchlist"][0]
        group["openid_files"] = ["many.txt"]
        group.pop("openids", None)
        settings["watchlist"] = [group]
        settings.setdefault("sync", {})["interval"] = "30d"
        settings.setdefault("http", {})["listen"] = "unix:" + listen
        with open(config, "w") as file:
            json.dump(settings, file)
        openids = [f"oScale{i:022d}" for i in range(listings)]
        with open(watchlist, "w") as file:
            file.write("\n".join(openids) + "\n")

        def query(sql):
            with sqlite3.connect(f"file:{os.path.join(folder, 'mirror.db')}?mode=ro", uri=True, timeout=30) as mirror:
                return mirror.execute(sql).fetchone()[0]

        def first_request():
            before = sandbox.requests()
            service = Service(build, config, listen)
            return service, wait_for(lambda: sandbox.requests() > before)

        service, cold = first_request()
        wait_for(lambda: os.path.exists(listen))
        wait_for(lambda: service.get("/readyz") == b"ready\n", 300)
        adopted = service.memory("VmRSS")
        reading_from = sandbox.requests()
        wait_for(lambda: sandbox.requests() >= min(listings, reading_from + 400))  # reading is under way

        with open(watchlist, "w") as file:
            file.write("\n".join(openids[1:] + ["oNew0000000000000000000000"]) + "\n")
        after = sandbox.requests()
        service.process.send_signal(signal.SIGHUP)
        slowest = 0.0
        began = time.monotonic()
        asked = float("inf")
        gap, last_count, last_at = 0.0, after, began
        while time.monotonic() - began < 8:
            slowest = max(slowest, seconds(lambda: service.get("/healthz")))
            count = sandbox.requests()
            if count > last_count:
                last_count, last_at = count, time.monotonic()
            gap = max(gap, time.monotonic() - last_at)
            if asked == float("inf"):
                log = sandbox.get(f"/log?after={after}")
                calls = log["calls"] if isinstance(log, dict) else log
                if any(call["openid"] == "oNew0000000000000000000000" for call in calls):
                    asked = time.monotonic() - began
        before_storm, storm_counter = service.memory("VmRSS"), 0
        storm_began = time.monotonic()
        while time.monotonic() - storm_began < 10:
            storm_counter += 1
            with open(watchlist + ".next", "w") as file:
                file.write("\n".join(openids[1:] + ["oNew0000000000000000000000", f"oStorm{storm_counter:020d}"]) + "\n")
            os.rename(watchlist + ".next", watchlist)
            service.process.send_signal(signal.SIGHUP)
            time.sleep(max(0.0, storm_began + storm_counter * 0.1 - time.monotonic()))
        last = f"oStorm{storm_counter:020d}"
        in_force = wait_for(lambda: query("SELECT group_concat(openid) FROM listing WHERE watched = 1 AND"
                                          " openid LIKE 'oStorm%'") == last)
        watched = query("SELECT count(*) FROM listing WHERE watched = 1")
        after_storm = service.memory("VmRSS")
        metrics = seconds(lambda: service.get("/metrics"))
        status = seconds(lambda: service.get("/status"))
        steady, peak = service.memory("VmRSS"), service.memory("VmHWM")
        stop, code = service.stop()

        subprocess.run(["sqlite3", os.path.join(folder, "mirror.db"), "UPDATE listing SET next_due_at = NULL"],
                       check=True)
        service, warm = first_request()
        early_stop, early_code = service.stop()

        # Everything was read a moment ago, so that there is nothing to do.
        subprocess.run(["sqlite3", os.path.join(folder, "mirror.db"),
                        "UPDATE listing SET failures = 0, next_page_token = NULL, pages_done = 0,"
                        " last_completed_at = unixepoch(), next_due_at = unixepoch() + 864000"], check=True)
        service = Service(build, config, listen)
        wait_for(lambda: os.path.exists(listen))
        wait_for(lambda: service.get("/readyz") == b"ready\n", 300)
        time.sleep(5)
        busy, idle_from = service.cpu(), time.monotonic()
        time.sleep(60)
        idle = (service.cpu() - busy) / (time.monotonic() - idle_from)
        service.stop()
        print(f"{listings:>9} | cold {cold:5.1f} s | warm {warm:5.1f} s | new one asked after {asked:4.1f} s,"
              f" longest gap {gap:4.2f} s, slowest /healthz {slowest * 1000:4.0f} ms |"
              f" memory {adopted} adopted, {steady} steady, {peak} peak MiB |"
              f" /metrics {metrics * 1000:.0f} ms, /status {status * 1000:.0f} ms |"
              f" {storm_counter} SIGHUPs in 10 s: the last in force after {in_force:.1f} s, {watched} watched,"
              f" memory {before_storm} before and {after_storm} MiB after |"
              f" idle {idle * 100:.3f} % of a core |"
              f" stop {stop:.1f} s ({code}), at once after a start {early_stop:.1f} s ({early_code})", flush=True)
    finally:
        sandbox.process.terminate()
        sandbox.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    print(f"{os.cpu_count()} cores, {' '.join(os.uname())[:60]}")
    for listings in [int(n) for n in sys.argv[2:]] or [1_000, 100_000, 1_000_000]:
        measure(build, listings)


main()
