#!/usr/bin/python3
"""Checks sources with clang-tidy 19 and the tree's .clang-tidy, several at a time.

    tests/lint/tidy.py BUILD [FILE...]      these
    tests/lint/tidy.py BUILD --changed      what differs from where this branch left the default one, or from the commit before
    tests/lint/tidy.py BUILD --all          everything: half a minute of one core for each source

BUILD is a folder with a compile_commands.json. A header is checked with one source that includes it, if no changed one does. What
passed is remembered in BUILD/tidy by the contents of the source, of all of the project's headers that it includes, of its command and
of .clang-tidy, and is not checked again before one of them changes.

Exit code 1 if clang-tidy found anything.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TIDY = "clang-tidy-19"
INCLUDED_FROM = [ROOT / "lib", ROOT / "daemon", ROOT / "tests"]
CHECKED = ("lib", "daemon", "tests")


@functools.cache
def text_of(path):
    return path.read_text()


@functools.cache
def included_by(path):
    """The project's headers that it names."""
    headers = set()
    for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text_of(path), re.MULTILINE):
        found = [folder / name for folder in [path.parent, *INCLUDED_FROM] if (folder / name).is_file()]
        headers.update(header.resolve() for header in found[:1])
    return headers


@functools.cache
def headers_of(path):
    """The project's headers that it includes, also through others."""
    known, new = set(), {path}
    while new:
        new = set().union(*(included_by(file) for file in new)) - known
        known |= new
    return frozenset(known)


class Source:
    def __init__(self, entry):
        self.path = Path(entry["file"])
        self.command = entry["command"]

    def relative(self):
        return str(self.path.relative_to(ROOT))

    def key(self):
        digest = hashlib.sha256()
        for path in [ROOT / ".clang-tidy", self.path, *sorted(headers_of(self.path))]:
            digest.update(f"{path.relative_to(ROOT)}\n{text_of(path)}".encode())
        digest.update(self.command.encode())
        return digest.hexdigest()


def sources_of(build):
    sources = [Source(entry) for entry in json.loads((build / "compile_commands.json").read_text())]
    # A source of two programs is checked once; what is generated is not checked.
    by_path = {source.path: source for source in sources if source.path.is_relative_to(ROOT)}
    return [source for path, source in sorted(by_path.items()) if path.relative_to(ROOT).parts[0] in CHECKED]


def git(*arguments):
    """None if there is no such thing."""
    result = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else None


def changed_files():
    """None if that cannot be told."""
    base = git("merge-base", "HEAD", "origin/HEAD")
    if base is None or base == git("rev-parse", "HEAD"):
        base = git("rev-parse", "--verify", "--quiet", "HEAD^")
    if base is None:
        return None
    names = git("diff", "--name-only", base).splitlines()
    names += git("ls-files", "--others", "--exclude-standard").splitlines()
    return {ROOT / name for name in names}


def touched_by(files, sources):
    """The sources among them, and one for each header that none of those includes."""
    touched = {source.path: source for source in sources if source.path in files}
    for header in sorted(file for file in files if file.suffix == ".h" and file.is_file()):
        if any(header in headers_of(path) for path in touched):
            continue
        users = [source for source in sources if header in headers_of(source.path)]
        # The one that includes the least besides.
        for source in sorted(users, key=lambda user: len(headers_of(user.path)))[:1]:
            touched[source.path] = source
    return [source for _, source in sorted(touched.items())]


def check(source, build):
    """What clang-tidy says; nothing if it says nothing."""
    passed = build / "tidy" / source.key()
    if passed.exists():
        return ""
    result = subprocess.run([TIDY, "-p", build, "--quiet", "--use-color=0", source.path], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        passed.parent.mkdir(exist_ok=True)
        passed.touch()
        return ""
    return result.stdout or result.stderr


def choose(arguments, sources):
    if arguments.all:
        return sources
    if arguments.files:
        wanted = {path.resolve() for path in arguments.files}
        return touched_by(wanted, sources)
    files = changed_files()
    if files is None:
        print("there is no earlier commit here to compare with: nothing was checked, see --all")
        return []
    return touched_by(files, sources)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_intermixed_args()
    if arguments.all + arguments.changed + bool(arguments.files) != 1:
        parser.error("one of --changed, --all and files is wanted")
    build = arguments.build.resolve()
    chosen = choose(arguments, sources_of(build))
    # What several sources include is told once.
    told, failed = set(), 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for source, text in zip(chosen, pool.map(lambda source: check(source, build), chosen)):
            failed += bool(text)
            for finding in re.split(r"(?m)^(?=/\S+:\d+:\d+: (?:warning|error): )", text):
                if finding.strip() and finding not in told:
                    told.add(finding)
                    print(finding.rstrip(), flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} sources pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
