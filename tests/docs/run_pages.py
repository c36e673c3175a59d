#!/usr/bin/python3
"""Runs the snippets and commands of README.md and docs/*.md, and compares what they print with the page.

    tests/docs/run_pages.py build/release/rheo [--nightly] [PAGE ...]

Every indented or fenced block is something to run unless the page says otherwise: commands go to bash, Python to
python3, and TOML that is a whole experiment to `rheo validate`. Fences of the language "text" are text. A block runs in
a folder of its page, which has the project's examples and what earlier blocks of the page left there. HTML comments
before a block, which readers do not see, say what else it is:

    <!-- file: NAME -->                   the block is this file; validated where it is TOML
    <!-- on: NAME [under: TABLE] [each line] -->    added to the TOML file NAME, below a table, perhaps line by line
    <!-- prints --> <!-- prints: COMMAND -->        what the last block, or this command, prints; times may differ
    <!-- validated: REASON -->            takes too long: the commands of rheo that run FILE only validate it
    <!-- nightly: REASON -->              the same, but --nightly runs it
    <!-- not run: REASON -->

Comments of several lines make what readers need not see: <!-- hidden file: NAME ... --> and <!-- hidden commands ... -->.
The options of every `rheo` command, run or not, in blocks and in the text, must be known to the command's help.
"""
import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIRECTIVE = re.compile(r"<!-- (file|on|prints|validated|nightly|not run)(?:: (.*?))? -->$")
HIDDEN = re.compile(r"^<!-- hidden (?:file: (?P<name>\S+)|commands)\n(?P<text>.*?)^-->$", re.S | re.M)
INLINE = re.compile(r"`(rheo [a-z][^`]*)`")
COMMAND = re.compile(r"(?:^|[;&|(] *|\$ |time (?:-\S+ )*)(?:\S*/)?rheo ([a-z-]+)((?:\\\n|[^\n;&|`#])*)", re.M)
VARIES = [(re.compile(r"[\d.]+ s\b"), "TIME s"), (re.compile(r"real-time factor [\d.e+-]+"), "real-time factor X"),
          (re.compile(r"[\d.]+ [kMG]B\b"), "MEMORY"), (re.compile(r"[\d.]+ bytes each; \d+ lanes?"), "LAYOUT")]

# In place of rheo where a page says "validated": the same words, but files are only checked.
SHIM = """#!/usr/bin/env bash
verb=$1; shift
case $verb in
  run | bench | sweep | reservoir | continual)
    [[ $1 == limits ]] && exit 0
    words=(validate "$1"); shift
    while (($#)); do
      [[ $1 == --set || $1 == --plugin ]] && words+=("$1" "$2")
      shift
    done
    exec "$RHEO" "${words[@]}" ;;
  *) exec "$RHEO" "$verb" "$@" ;;
esac
"""


class Failure(Exception):
    pass


class Missing(Exception):
    """A module of Python that this machine does not have."""


class Block:
    def __init__(self, line, language, text, directive, about):
        self.line, self.language, self.text, self.directive, self.about = line, language, text, directive, about


def blocks_of(page):
    """The blocks of a page, in order, and its lines outside of them."""
    lines, blocks, prose, i = page.split("\n"), [], [], 0

    def add(begin, language, text):
        before = next((line for line in reversed(lines[:begin]) if line.strip()), "")
        found = DIRECTIVE.search(before)
        blocks.append(Block(begin + 1, language, "\n".join(text) + "\n", *(found.groups() if found else (None, None))))

    while i < len(lines):
        end = i + 1
        if lines[i].startswith("<!--") and "-->" not in lines[i]:
            while "-->" not in lines[end - 1]:
                end += 1
        elif lines[i].startswith("```"):
            while not lines[end].startswith("```"):
                end += 1
            add(i, lines[i][3:].strip(), lines[i + 1:end])
            end += 1
        elif lines[i].startswith("    ") and (i == 0 or not lines[i - 1].strip()):
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            add(i, "", "\n".join(line[4:] for line in lines[i:end]).rstrip().split("\n"))
        else:
            prose.append((i + 1, lines[i]))
        i = end
    return blocks, prose


def steady(line):
    """A line without what differs from run to run."""
    for pattern, name in VARIES:
        line = pattern.sub(name, line)
    return " ".join(line.split())


class Options:
    """Whether a command of a page has the sub-command and the options that it uses."""

    def __init__(self, rheo):
        self.rheo, self.helps = rheo, {}

    def help(self, words):
        if words not in self.helps:
            asked = subprocess.run([self.rheo, *words, "--help"], capture_output=True, text=True, check=False)
            self.helps[words] = asked.stdout if asked.returncode == 0 else None
        return self.helps[words]

    def check(self, text):
        for verb, rest in COMMAND.findall(text):
            if (known := self.help((verb,))) is None:
                raise Failure(f"there is no command rheo {verb}")
            words = rest.split()
            if verb == "sweep" and words and words[0] in ("status", "collect", "run-points"):
                known = self.help((verb, words[0])) or ""
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
                if not re.search(re.escape(option) + r"(?![a-z-])", known):
                    raise Failure(f"rheo {verb} has no option {option}")


class Page:
    def __init__(self, file, rheo, options, nightly, folder):
        self.file, self.options, self.nightly, self.folder = file, options, nightly, folder
        self.printed, self.missing, self.counts, self.skipped = None, False, collections.Counter(), []
        module = str(pathlib.Path(rheo).resolve().parent / "python")
        self.environment = {**os.environ, "RHEO": rheo, "PYTHONPATH": module, "PYTHONDONTWRITEBYTECODE": "1"}
        for where, program in (("build/release", None), ("validating", SHIM)):
            (folder / where).mkdir(parents=True)
            if program is None:
                (folder / where / "rheo").symlink_to(rheo)
            else:
                (folder / where / "rheo").write_text(program)
                (folder / where / "rheo").chmod(0o755)
        (folder / "docs").mkdir()
        for name in ("examples", "tests"):
            (folder / name).symlink_to(ROOT / name)

    def run(self, words, code=0, validating=False):
        first = "validating" if validating else "build/release"
        path = f"{self.folder / first}:{os.environ['PATH']}"
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              env={**self.environment, "PATH": path})
        self.printed, self.missing = None, False
        if missing := re.search(r"ModuleNotFoundError: (.*)", done.stderr):
            self.missing = True
            raise Missing(missing[1])
        if code is not None and done.returncode != code:
            raise Failure(f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        self.printed = done.stdout + done.stderr
        return self.printed

    def commands(self, text, validating=False):
        if validating:
            text = text.replace("build/release/rheo ", "rheo ")
        self.run(["bash", "-euo", "pipefail", "-c", text], validating=validating)

    def validate(self, name):
        self.run([self.environment["RHEO"], "validate", name])

    def add_to(self, about, text):
        base, under, each = re.fullmatch(r"(\S+)(?: under: (\S+))?( each line)?", about).groups()
        for part in text.strip().split("\n") if each else [text]:
            table = f"[{under}]\n" if under else ""
            (self.folder / "snippet.toml").write_text(f'include = "{base}"\n{table}{part}\n')
            self.validate("snippet.toml")

    def session(self, text):
        """Lines after "$ " are commands, the others what they print."""
        for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
            command, expected = part.split("\n", 1)
            self.run(["bash", "-c", command], code=None)
            self.compare(expected)

    def compare(self, expected):
        """The lines of the page are among those that were printed, in this order."""
        if self.printed is None:
            raise Missing("what prints it did not run") if self.missing else Failure("nothing ran that prints this")
        lines = iter([steady(line) for line in self.printed.split("\n")])
        for line in expected.strip().split("\n"):
            if steady(line) not in lines:
                raise Failure(f"not printed: {line}\n{self.printed}")

    def do(self, block):
        kind, about, text = block.directive, block.about, block.text
        if kind in ("not run", "validated", "nightly") and not about:
            raise Failure(f'"{kind}" without a reason')
        if block.language != "text":
            self.options.check(text)
        if kind == "not run":
            self.skipped.append((block.line, about))
            return kind
        validating = kind == "validated" or (kind == "nightly" and not self.nightly)
        if kind == "file":
            if about.endswith(".toml"):
                self.validate(about)
        elif kind == "on":
            self.add_to(about, text)
        elif kind == "prints":
            if about:
                self.commands(about)
            self.compare(text)
            return "compared"
        elif block.language == "text":
            return "text"
        elif block.language == "python":
            self.run(["/usr/bin/python3", "-c", text])
        elif block.language == "toml":
            (self.folder / "snippet.toml").write_text(text)
            self.validate("snippet.toml")
        elif block.language not in ("", "sh"):
            raise Failure(f"nobody can run {block.language}")
        elif text.startswith("$ "):
            self.session(text)
        else:
            self.commands(text, validating)
        return "validated" if validating else "run"

    def check(self):
        page = self.file.read_text(encoding="utf-8")
        blocks, prose = blocks_of(page)
        failures = []

        def attempt(line, action):
            try:
                return action()
            except Missing as missing:
                self.skipped.append((line, str(missing)))
                return "not run"
            except (Failure, OSError, AttributeError) as error:
                failures.append(f"{self.file.relative_to(ROOT)}:{line}: {error}")
                return "failed"

        for block in blocks:
            if block.directive == "file":
                (self.folder / block.about).write_text(block.text)
        for hidden in HIDDEN.finditer(page):
            line = page.count("\n", 0, hidden.start()) + 1
            if hidden["name"]:
                (self.folder / hidden["name"]).write_text(hidden["text"])
            else:
                attempt(line, lambda text=hidden["text"]: self.commands(text))
        for block in blocks:
            self.counts[attempt(block.line, lambda block=block: self.do(block))] += 1
        for line, text in prose:
            for command in INLINE.findall(text):
                self.counts["in the text"] += 1
                attempt(line, lambda command=command: self.options.check(command.replace("\\|", "|")))
        return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rheo", type=pathlib.Path)
    parser.add_argument("pages", nargs="*", type=pathlib.Path, help="README.md and all of docs, without any")
    parser.add_argument("--nightly", action="store_true", help="run what is marked so, too")
    arguments = parser.parse_args()
    rheo = str(arguments.rheo.resolve())
    pages = [page.resolve() for page in arguments.pages] or [
        ROOT / "README.md", *sorted(set((ROOT / "docs").rglob("*.md")) - set((ROOT / "docs/notebooks").iterdir())),
        *sorted((ROOT / "examples").rglob("*.md"))]  # of notebooks: tests/python/notebooks.py
    options, failures, counts = Options(rheo), [], collections.Counter()
    for file in pages:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="rheo_pages_"))
        try:
            page = Page(file, rheo, options, arguments.nightly, folder)
            failures += page.check()
        finally:
            shutil.rmtree(folder)
        counts += page.counts
        for line, reason in page.skipped:
            print(f"not run: {file.relative_to(ROOT)}:{line}: {reason}")
    print(f"{len(pages)} pages: " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
    for failure in failures:
        print("FAILED: " + failure, file=sys.stderr)
    if not arguments.pages and not (counts["run"] and counts["compared"]):
        sys.exit("no page had anything to run or to compare")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
