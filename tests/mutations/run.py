#!/usr/bin/python3
"""Breaks the code on purpose, and says whether the tests notice.

    tests/mutations/run.py                  each break of mutations.toml, one after the other
    tests/mutations/run.py --only NAME ...  some of them
    tests/mutations/run.py --list           what there is
    tests/mutations/run.py --check          whether each can still be made; builds nothing

A break is made in a copy of the tree, never in the tree itself. The copy and its build are kept between the breaks and the runs
(by default in build/mutations), so that only what a break touches is compiled: ccache has the rest. Before them, all tests that are
to notice are run once on the copy as it is: a test that fails anyway notices nothing.

Exit code 1 if a break was not caught, cannot be made or does not compile, or if a test failed without any.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(__file__).with_name("mutations.toml")
# Whatever takes longer hangs, and that is noticed, too.
TESTS_TAKE_AT_MOST = 600
MEMBERS = {"name", "breaks", "file", "old", "new", "tests"}


class Mutation:
    def __init__(self, members):
        if set(members) != MEMBERS:
            raise SystemExit(f"{DATA.name}: a mutation has exactly {sorted(MEMBERS)}, not {sorted(members)}")
        self.name = members["name"]
        self.breaks = members["breaks"]
        self.file = members["file"]
        self.old = members["old"]
        self.new = members["new"]
        self.tests = members["tests"]

    def targets(self):
        """The programs whose tests are to notice."""
        return sorted({f"{suite}_test" for suite in re.findall(r"(?:^|\|)(\w+)\\\.", self.tests)})

    def regex(self):
        """A suite's name stands for its instances, too, which have another one in front."""
        return re.sub(r"(^|\|)(\w+)\\\.", r"\1\2\\.([^.]*/)?", self.tests)

    def problem(self, root):
        """Why it cannot be made there; nothing if it can."""
        path = root / self.file
        if not path.is_file():
            return f"there is no {self.file}"
        found = path.read_text().count(self.old)
        if found != 1:
            return f"its text is {found} times in {self.file}"
        if self.old == self.new:
            return "it changes nothing"
        if not self.targets():
            return "its tests name no program"
        return None

    def make(self, tree):
        path = tree / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


def read_mutations():
    with open(DATA, "rb") as file:
        mutations = [Mutation(members) for members in tomllib.load(file)["mutation"]]
    names = [mutation.name for mutation in mutations]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise SystemExit(f"{DATA.name}: {name} is there twice")
    return mutations


def files_of(root):
    """Relative to it, without what was built."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] not in (".git", "build") and path.is_file():
            yield relative


def copy_tree(tree):
    """Makes `tree` as this one is. What is the same keeps its time, so that it is not compiled again."""
    wanted = set(files_of(ROOT))
    for relative in wanted:
        source, copy = ROOT / relative, tree / relative
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)  # with a time of its own: it is newer than what was compiled from another
        shutil.copymode(source, copy)
    for relative in set(files_of(tree)) - wanted:
        (tree / relative).unlink()


class Copy:
    """A copy of the tree, with its build."""

    def __init__(self, folder, jobs):
        self.tree = folder
        self.build = folder / "build" / "release"
        self.jobs = str(jobs)
        self.log = folder / "build" / "mutations.log"

    def configure(self):
        copy_tree(self.tree)
        self.build.mkdir(parents=True, exist_ok=True)
        return self.run("cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release")

    def compile(self, targets):
        return self.run("cmake", "--build", self.build, "--parallel", self.jobs, "--target", *targets)

    def test(self, regex, stop_on_failure):
        """None if all passed, else who noticed first."""
        command = ["ctest", "--test-dir", self.build, "--parallel", self.jobs, "--no-tests=error", "-R", f"^({regex})"]
        if stop_on_failure:
            command.append("--stop-on-failure")
        passed = self.run(*command, seconds=TESTS_TAKE_AT_MOST)
        if passed:
            return None
        text = self.log.read_text(errors="replace")
        if passed is None:
            return f"nothing, for {TESTS_TAKE_AT_MOST} s: it hangs"
        failed = re.findall(r"^\s*\d+ - (\S+) \((.*)\)", text, re.MULTILINE)
        if not failed:
            raise SystemExit(f"ctest ran no test of {regex}; see {self.log}")
        return ", ".join(f"{name} ({how})" for name, how in failed)

    def run(self, *command, seconds=None):
        """Whether it succeeded; None if it took too long."""
        with open(self.log, "w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                return process.wait(seconds) == 0
            except subprocess.TimeoutExpired:
                return None
            finally:
                # With all that it started.
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def try_out(copy, mutation):
    """What became of it, and what there is to say."""
    problem = mutation.problem(copy.tree)
    if problem:
        return "does not apply", problem
    original = (copy.tree / mutation.file).read_text()
    try:
        mutation.make(copy.tree)
        if not copy.compile(mutation.targets()):
            errors = re.findall(r"error: .*", copy.log.read_text(errors="replace"))
            return "does not build", errors[0] if errors else f"see {copy.log}"
        noticed = copy.test(mutation.regex(), stop_on_failure=True)
        return ("caught", noticed) if noticed else ("NOT CAUGHT", mutation.breaks)
    finally:
        # Its time is new as well: what was compiled from the mutation is older.
        (copy.tree / mutation.file).write_text(original)


def check(mutations):
    problems = [(mutation.name, mutation.problem(ROOT)) for mutation in mutations]
    for name, problem in problems:
        if problem:
            print(f"{name}: {problem}", file=sys.stderr)
    failed = sum(problem is not None for _, problem in problems)
    print(f"{len(problems) - failed} of {len(problems)} mutations can be made")
    return failed == 0


def run(copy, mutations, with_baseline):
    if not copy.configure():
        raise SystemExit(f"the copy cannot be configured; see {copy.log}")
    targets = sorted({target for mutation in mutations for target in mutation.targets()})
    if not copy.compile(targets):
        raise SystemExit(f"the copy does not compile; see {copy.log}")
    if with_baseline:
        failed = copy.test("|".join(sorted({mutation.regex() for mutation in mutations})), stop_on_failure=False)
        if failed:
            raise SystemExit(f"these tests fail without any mutation: {failed}")
    outcomes = []
    for mutation in mutations:
        began = time.monotonic()
        outcome, text = try_out(copy, mutation)
        outcomes.append(outcome)
        print(f"{outcome:14} {mutation.name} ({time.monotonic() - began:.0f} s): {text}", flush=True)
    counts = {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}
    caught = counts.get("caught", 0)
    others = "".join(f", {count} {outcome}" for outcome, count in counts.items() if outcome != "caught")
    print(f"{caught} of {len(outcomes)} caught{others}")
    return caught == len(outcomes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="this one; can be given several times")
    parser.add_argument("--list", action="store_true", help="names and promises")
    parser.add_argument("--check", action="store_true", help="whether each can be made")
    parser.add_argument("--copy", type=Path, default=ROOT / "build" / "mutations", help="where the copy of the tree is")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers and tests at a time")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the tests on the copy as it is first")
    arguments = parser.parse_args()
    mutations = read_mutations()
    unknown = set(arguments.only or []) - {mutation.name for mutation in mutations}
    if unknown:
        raise SystemExit(f"there is no mutation {', '.join(sorted(unknown))}: see --list")
    if arguments.only:
        mutations = [mutation for mutation in mutations if mutation.name in arguments.only]
    if arguments.list:
        for mutation in mutations:
            print(f"{mutation.name}\n    {mutation.breaks}\n    {mutation.file}; {mutation.tests}")
        return 0
    if arguments.check:
        return 0 if check(mutations) else 1
    return 0 if run(Copy(arguments.copy.resolve(), arguments.jobs), mutations, not arguments.no_baseline) else 1


if __name__ == "__main__":
    sys.exit(main())
