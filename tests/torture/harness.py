"""The real programs, started, asked and ended: the sandbox, the service, and who looks at the mirror beside it."""

import argparse
import contextlib
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
from pathlib import Path

from truth import Feed, differences

ROOT = Path(__file__).resolve().parent.parent.parent
POLL = 0.02


class Violation(Exception):
    """A promise that was not kept."""


def require(condition, what):
    if not condition:
        raise Violation(what)


def wait_for(condition, what, at_most=60.0):
    """Returns what `condition` returns once that is true."""
    until = time.monotonic() + at_most
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > until:
            raise Violation(f"not within {at_most:g} s: {what}")
        time.sleep(POLL)  # between two looks


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Sandbox:
    """A running couponsyncd-sandbox, in a folder of its own. To be closed."""

    def __init__(self, program, folder, *options, environment=None):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [program, "--directory", str(folder), "--exit-with-parent", *map(str, options)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        line = json.loads(self.process.stdout.readline())
        self.control, self.primary, self.backup = (line[name] for name in ("control", "primary", "backup"))
        self.config = self.folder / "couponsyncd.json"

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, method, target, body=None):
        connection = http.client.HTTPConnection(self.control.removeprefix("http://"), timeout=90)
        with contextlib.closing(connection):
            connection.request(method, target, None if body is None else json.dumps(body))
            reply = connection.getresponse()
            text = reply.read()
        if reply.status // 100 != 2:
            raise RuntimeError(f"{method} {target}: {reply.status} {text!r}")
        return json.loads(text) if text else None

    def get(self, target):
        return self.ask("GET", target)

    def post(self, target, **body):
        return self.ask("POST", target, body)

    def fault(self, name, **narrowed):
        self.post("/faults", fault=name, **narrowed)

    def clear_faults(self):
        self.ask("DELETE", "/faults")

    def requests(self):
        return self.get("/stats")["requests"]

    def log(self, after=0):
        return self.get(f"/log?after={after}")

    def truth(self):
        return self.get("/truth")

    def configure(self, **sections):
        """Changes members of the configuration's sections, such as api={"backup": None}."""
        settings = json.loads(self.config.read_text())
        for section, members in sections.items():
            settings.setdefault(section, {}).update(members)
        self.config.write_text(json.dumps(settings))


class Service:
    """`couponsyncd run`, with its log in a file. To be ended."""

    def __init__(self, command, log, environment=None, **options):
        self.log_path = Path(log)
        self.log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(log, "ab") as err:
            self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=err,
                                            env={**os.environ, **(environment or {})}, **options)
        self.pid = self.process.pid

    def log(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.log_from)
            return log.read().decode(errors="replace")

    def runs(self):
        return self.process.poll() is None

    def wait_for_log(self, text, at_most=60.0, after=0):
        """Returns the log's length once it holds the text behind `after`."""
        def said():
            require(self.runs() or text in self.log()[after:],
                    f"ended with {self.process.poll()} before it said {text!r}:\n{self.log()[-2000:]}")
            return text in self.log()[after:]
        wait_for(said, f"the log says {text!r}\n{self.log()[-1500:]}", at_most)
        return len(self.log())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, at_most=5.0):
        """SIGTERM has it end with 0 within 5 s."""
        began = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(at_most + 15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Violation(f"SIGTERM did not end it; the log ends with\n{self.log()[-1500:]}") from None
        took = time.monotonic() - began
        require(code == 0, f"SIGTERM ended it with {code}:\n{self.log()[-1500:]}")
        require(took <= at_most, f"SIGTERM ended it after {took:.1f} s")
        return took


def ask_page(listen, path, timeout=10.0):
    """(status, text) of a page of the service at a unix socket."""
    with contextlib.closing(UnixConnection(str(listen), timeout)) as connection:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()


def parse_metrics(text):
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))}


class Bench:
    """A sandbox, a service and its mirror in a folder of their own; one of these for each case."""

    def __init__(self, programs, *options, name="case", settings=None, sandbox_environment=None):
        self.folder = Path(tempfile.mkdtemp(prefix=f"couponsyncd-torture-{name}-"))
        self.program = programs.service
        self.sandbox = Sandbox(programs.sandbox, self.folder / "sandbox", *options, environment=sandbox_environment)
        self.mirror = self.sandbox.folder / "mirror.db"
        self.listen = self.folder / "http.sock"
        self.services = []
        self.sandbox.configure(http={"listen": f"unix:{self.listen}"},
                               rate={"start_requests_per_second": 400, "max_requests_per_second": 1000})
        if settings:
            self.sandbox.configure(**settings)

    def command(self, name="run"):
        return [self.program, name, "--config", self.sandbox.config]

    def start(self, environment=None, prefix=(), **options):
        service = Service([*prefix, *self.command()], self.folder / "service.log", environment, **options)
        self.services.append(service)
        return service

    def use_mirror(self, path):
        self.mirror = Path(path)
        self.sandbox.configure(mirror={"path": str(path)})

    def page(self, path):
        return ask_page(self.listen, path)

    def metrics(self):
        status, text = self.page("/metrics")
        require(status == 200, f"/metrics answers {status}: {text}")
        return parse_metrics(text)

    def metric(self, prefix):
        """The sum of the series whose name begins so."""
        return sum(value for name, value in self.metrics().items() if name.startswith(prefix))

    def ready(self):
        """'' if the service is ready, else what it says."""
        status, text = self.page("/readyz")
        return "" if status == 200 else text

    def wait_until_ready(self, at_most=60.0):
        def is_ready():
            try:
                return not self.ready()
            except OSError:
                return False
        wait_for(is_ready, "ready", at_most)

    @contextlib.contextmanager
    def reader(self):
        mirror = sqlite3.connect(f"file:{self.mirror}?mode=ro", uri=True, timeout=30)
        try:
            yield mirror
        finally:
            mirror.close()

    def query(self, sql, *values):
        with self.reader() as mirror:
            return mirror.execute(sql, values).fetchall()

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def wait_until_read_since(self, at, at_most=60.0):
        """Every watched listing was read, as one picture of it, in a reading that began at unix second `at` or later
        (but not hours later: those are times of a clock that was ahead)."""
        users = len(self.sandbox.truth())
        read = ("SELECT count(*) FROM listing WHERE watched = 1 AND failures = 0"
                " AND last_whole_at BETWEEN ?1 AND ?1 + 3600")
        wait_for(lambda: self.value(read, at) == users, f"every listing read in a reading begun at {at} or later", at_most)

    def catch_up(self, service, at_most=90.0, clock_ahead=0):
        """Has everything read anew and waits until it was."""
        at = next_second() + clock_ahead
        service.process.send_signal(signal.SIGHUP)
        self.wait_until_read_since(at, at_most)

    def require_equal(self):
        truth = self.sandbox.truth()
        with self.reader() as mirror:
            differing = differences(truth, mirror)
            require(not differing, "the mirror is not what the API lists:\n  " + "\n  ".join(map(str, differing)))
            feed = Feed()
            feed.catch_up(mirror)
            objections = feed.objections[:5] + feed.differences(mirror)
            require(not objections, "the feed does not replay to the table:\n  " + "\n  ".join(objections))
            check = mirror.execute("PRAGMA integrity_check").fetchall()
            require(check == [("ok",)], f"integrity_check says {check}")
        return sum(len(user["coupons"]) for user in truth)

    def close(self, keep=False):
        for service in self.services:
            if service.runs():
                service.kill()
        self.sandbox.close()
        if not keep:
            shutil.rmtree(self.folder)


def next_second():
    """The unix second that begins next; returns when it did."""
    at = int(time.time()) + 1
    time.sleep(at - time.time())
    return at


class Cases:
    """Named cases, run one after another."""

    def __init__(self):
        self.cases = {}
        self.only_if_asked_for = set()

    def case(self, function):
        self.cases[function.__name__] = function
        return function

    def case_if_asked_for(self, function):
        """Run with --only alone: what is known not to hold."""
        self.only_if_asked_for.add(function.__name__)
        return self.case(function)

    def main(self, description, programs, only):
        unknown = set(only or ()) - set(self.cases)
        if unknown:
            sys.exit(f"no case {', '.join(sorted(unknown))}; there are {', '.join(self.cases)}")
        failed = []
        for name, function in self.cases.items():
            if name not in only if only else name in self.only_if_asked_for:
                continue
            began = time.monotonic()
            try:
                said = function(programs) or ""
                verdict = "ok"
                if said.startswith("skipped"):  # which shows nothing, and so is a failure
                    verdict = "SKIPPED"
                    failed.append(name)
            except (Violation, OSError, RuntimeError, sqlite3.Error, subprocess.SubprocessError,
                    http.client.HTTPException) as error:
                verdict, said = "FAILED", f"{type(error).__name__}: {error}"
                failed.append(name)
            print(f"{verdict:<7} {name:<28} {time.monotonic() - began:6.1f} s  {said}", flush=True)
        print(f"{description}: {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}")
        return 1 if failed else 0


def add_programs(parser):
    parser.add_argument("--build", default=ROOT / "build" / "release", type=Path,
                        help="the build folder (default: build/release)")
    parser.add_argument("--service", type=Path, help="couponsyncd, if not the build folder's")
    parser.add_argument("--sandbox", type=Path, help="couponsyncd-sandbox, if not the build folder's")


def find_programs(arguments):
    programs = argparse.Namespace(
        service=(arguments.service or arguments.build / "daemon" / "couponsyncd").resolve(),
        sandbox=(arguments.sandbox or arguments.build / "tests" / "sandbox" / "couponsyncd-sandbox").resolve())
    for program in (programs.service, programs.sandbox):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not there: build it, or say where it is (--service, --sandbox)")
    return programs


