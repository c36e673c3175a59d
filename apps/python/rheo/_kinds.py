"""Functions for connection rules, distributions and numbers of pairs, made from the descriptions of the kinds."""
from __future__ import annotations

import functools
import inspect
import json
import keyword
from typing import Callable, Sequence

from . import _rheo


def _parameters(fields: list[dict], more: Sequence[str]) -> list[inspect.Parameter]:
    """What a function that is made of fields takes, for help(); from the first on that may be left out, all may."""
    parameters, optional = [], False
    for field in fields:
        optional = optional or not field["needed"]
        name = field["name"] + "_" * keyword.iskeyword(field["name"])
        parameters.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
                                            default=None if optional else inspect.Parameter.empty))
    return parameters + [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in more]


def _make(kind: dict, begin: Callable[[dict], dict], name: str, more: Sequence[str] = ()) -> Callable[..., dict]:
    names = [field["name"] for field in kind["fields"]]

    def make(*values, **settings) -> dict:
        if len(values) > len(names):
            raise TypeError(f"{name}() takes at most {len(names)} values: {', '.join(names)}")
        given = dict(zip(names, values))
        for key, value in settings.items():
            key = key.removesuffix("_")
            if key in given:
                raise TypeError(f"{name}() has two values for {key}")
            given[key] = value
        return begin(given)

    make.__name__ = make.__qualname__ = name
    make.__signature__ = inspect.Signature(_parameters(kind["fields"], more), return_annotation="dict")
    fields = [f"{one['name']}: {one['meaning']} ({one['allowed']}{'' if one['needed'] else ', by default ' + one['initial']})"
              for one in kind["fields"]]
    make.__doc__ = "\n".join([kind["summary"], ""] + fields)
    return make


def _distribution(kind: dict) -> Callable[..., dict]:
    names = [field["name"] for field in kind["fields"]]

    def begin(given: dict) -> dict:
        values = [given.pop(name) for name in names if name in given]
        return {kind["name"]: values[0] if len(names) == 1 and values else values, **given}

    return _make(kind, begin, kind["name"], ("min", "max"))


@functools.cache
def vocabulary() -> dict[str, list[dict]]:
    """All kinds that are built in, as `rheo models --json` prints them."""
    return json.loads(_rheo.vocabulary([]))


@functools.cache
def functions() -> dict[str, Callable[..., dict]]:
    """By name; what each returns is the table that an experiment file has."""
    made = [_distribution(kind) for kind in vocabulary()["distributions"]]
    made += [_make(kind, lambda given, rule=kind["name"]: {"rule": rule, **given}, kind["name"])
             for kind in vocabulary()["connect_rules"] if kind["name"] != "list"]
    made += [_make(kind, lambda given, by=kind["name"]: {"by": by, **given}, "by_" + kind["name"])
             for kind in vocabulary()["pair_values"]]
    return {function.__name__: function for function in made}
