"""Writes rheo/__init__.pyi, what editors and type checkers know of the package: signatures and first lines of docstrings.

    PYTHONPATH=build/release/python python3 cmake/make_stubs.py FILE
"""
import inspect
import sys

import rheo

HEAD = """# Made by cmake/make_stubs.py.
from __future__ import annotations

import os
import pathlib
from typing import Any, Callable, Iterable, Mapping, Sequence

__version__: str
"""
FIELDS = ("file", "key", "value", "problem", "expected", "suggestion")
MEMBERS = ("__init__", "__getitem__", "__setitem__", "__len__", "__enter__")


def first_line(what):
    text = (inspect.getdoc(what) or "").split("\n")[0]
    return repr(text) if text else "..."


def stub_of(name, what, indent=""):
    signature = str(inspect.signature(what)).replace("'", "")
    return f"{indent}def {name}{signature}:\n{indent}    {'...' if name == '__init__' else first_line(what)}\n"


def stub_of_class(name, what):
    bases = [base.__name__ for base in what.__bases__ if base.__module__.split(".")[0] in ("rheo", "builtins") and base is not object]
    text = f"class {name}{'(' + ', '.join(bases) + ')' if bases else ''}:\n    {first_line(what)}\n"
    for member, annotation in vars(what).get("__annotations__", {}).items():
        text += f"    {member}: {annotation}\n"
    for member, value in vars(what).items():
        if isinstance(value, property):
            text += "    @property\n" + stub_of(member, value.fget, "    ")
        elif inspect.isfunction(value) and (not member.startswith("_") or member in MEMBERS):
            text += stub_of(member, value, "    ")
    return text


def main(file):
    parts = [HEAD]
    for name, error in vars(rheo._rheo).items():
        if inspect.isclass(error) and issubclass(error, Exception):
            fields = "".join(f"    {field}: str\n" for field in FIELDS) if name == "Error" else ""
            parts.append(f"class {name}({error.__base__.__name__}):\n    {first_line(error)}\n{fields}")
    for name, what in vars(rheo).items():
        if getattr(what, "__module__", None) == "rheo._progress":
            continue
        if inspect.isclass(what) and what.__module__.split(".")[0] == "rheo" and not issubclass(what, Exception):
            parts.append(stub_of_class(name, what))
        elif inspect.isfunction(what) and name in rheo.__all__:
            parts.append(stub_of(name, what))
    with open(file, "w", encoding="utf-8") as to:
        to.write("\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1])
