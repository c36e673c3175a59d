#!/usr/bin/python3
"""Executes the notebooks of examples/notebooks and compares what they print with their pages in docs/notebooks.

    tests/python/notebooks.py [--write] [NAME ...]      # Debian: python3-matplotlib

--write makes the pages and their pictures anew. Each cell is run as Jupyter does, in one namespace and in the folder of
the notebook; an error in one is an error here. Exit code 77: there is no matplotlib.
"""
import argparse
import ast
import contextlib
import difflib
import io
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS, PAGES = ROOT / "examples" / "notebooks", ROOT / "docs" / "notebooks"


def run_cell(code, names, name):
    """What the cell prints; the value of its last line is printed where it has one."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), name, "eval"), names)
        if value is not None:
            print(repr(value))
    return printed.getvalue()


def page_of(path, draw):
    """The page of a notebook, and its pictures as figures of matplotlib by the names of their files."""
    import matplotlib.pyplot as plt
    names, parts, pictures = {"__name__": "__main__"}, [], {}
    plt.show = lambda: None
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        printed = run_cell(text, names, f"{path.name}, cell {number}")
        if printed:
            parts.append(f"```text\n{printed.rstrip()}\n```")
        for figure in map(plt.figure, plt.get_fignums()):
            if not any(axis.has_data() for axis in figure.axes):
                raise AssertionError(f"{path.name}: a picture is empty")
            file = f"{path.stem}_{len(pictures) + 1}.png"
            figure.savefig(draw / file if draw else io.BytesIO(), dpi=80, format="png", metadata={"Software": None})
            pictures[file] = figure
            parts.append(f"![what the cell above draws]({file})")
            plt.close(figure)
    parts.insert(1, f"The notebook is `examples/notebooks/{path.name}`; this page is what it prints and draws.")
    return "\n\n".join(parts) + "\n", pictures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="without .ipynb; without any, all")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    try:
        import matplotlib
    except ImportError:
        print("skipped: there is no matplotlib (Debian: python3-matplotlib)")
        return 77
    matplotlib.use("Agg")
    os.chdir(NOTEBOOKS)
    wrong = 0
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if options.names and path.stem not in options.names:
            continue
        page, pictures = page_of(path, PAGES if options.write else None)
        file = PAGES / f"{path.stem}.md"
        if options.write:
            file.write_text(page)
        there = {picture.name for picture in PAGES.glob(f"{path.stem}_*.png")}
        if there != set(pictures):
            print(f"{file}: has the pictures {sorted(there)}, the notebook draws {sorted(pictures)}")
            wrong += 1
        if file.read_text() != page:
            sys.stdout.writelines(difflib.unified_diff(file.read_text().splitlines(True), page.splitlines(True), str(file),
                                                       str(path)))
            wrong += 1
        print(f"{path.stem}: {len(pictures)} pictures, {'as its page' if not wrong else 'WRONG'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
