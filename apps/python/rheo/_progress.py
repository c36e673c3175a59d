"""How far a run is, on stderr."""
from __future__ import annotations

import sys
import time

from . import _rheo


def in_notebook() -> bool:
    return "ipykernel" in sys.modules


def shows(progress: bool | None) -> bool:
    return progress if progress is not None else in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


class Progress:
    """A bar on stderr, from a second on."""

    def __init__(self, begin: float, duration: float):
        self._begin, self._duration, self._start, self._last, self._drawn = begin, duration, time.monotonic(), 0.0, 0

    def __call__(self, now: float) -> None:
        wall = time.monotonic() - self._start
        if wall < 1 or wall - self._last < 0.2:
            return
        self._last = wall
        text = _rheo.progress_text(now - self._begin, self._duration, wall, 78)
        sys.stderr.write("\r" + text.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(text)

    def __del__(self):
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
