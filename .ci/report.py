#!/usr/bin/python3
"""Sizes of the sources and times of the builds under build/, so that a creep is seen. Printed at the end of .ci/run."""
import collections
import pathlib
import re
import subprocess

root = pathlib.Path(__file__).resolve().parent.parent


def sources():
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"], cwd=root, capture_output=True, text=True).stdout.split()
    return [name for name in listed if re.search(r"\.(cpp|hpp|h|c)$", name) and (root / name).is_file()]


def sizes():
    rooms = collections.Counter()
    long_files = 0
    for name in sources():
        lines = (root / name).read_bytes().count(b"\n")
        rooms[name.split("/")[0]] += lines
        long_files += lines > 500 and not name.startswith("tests/")
    exceptions = [line for line in (root / "tests/architecture/sizes.txt").read_text().splitlines() if line[:1] not in ("", "#")]
    long_functions = sum(1 for line in exceptions if " " in line.split(":")[0])
    print("lines: " + ", ".join(f"{room} {lines}" for room, lines in sorted(rooms.items())) + f", all {sum(rooms.values())}")
    print(f"files over 500 lines: {long_files}, functions over 60: {long_functions} (tests/architecture/sizes.txt)")


def builds():
    for log in sorted(root.glob("build/*/.ninja_log")):
        seconds = {}
        for line in log.read_text().splitlines()[1:]:
            begin, end, _, output, _ = line.split("\t")
            seconds[output] = (int(end) - int(begin)) / 1000
        slowest = sorted(seconds.items(), key=lambda item: -item[1])[:6]
        print(f"{log.parent.name}: {sum(seconds.values()):.0f} s of compilers and linkers, the longest "
              + ", ".join(f"{pathlib.PurePath(output).stem.split('.')[0]} {time:.0f}" for output, time in slowest))


sizes()
builds()
