"""Runs the real program with faults in chosen places.

    python injected.py [raise:MODULE:NAME@CALL[xTIMES]] [clock:FILE] ... -- ARGUMENTS

`raise` makes the function or method NAME of a module raise RuntimeError at its CALL-th call
(from 1 on), and at the TIMES - 1 calls after it. `clock` shifts the wall clock by the seconds
that FILE holds at the time; what measures durations is left alone.
"""

from __future__ import annotations

import importlib
import itertools
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FAULT = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.]+)@(?P<call>\d+)(x(?P<times>\d+))?")


def make_raise(text: str) -> None:
    found = _FAULT.fullmatch(text)
    assert found is not None, text
    owner: Any = importlib.import_module(found["module"])
    *owners, name = found["name"].split(".")
    for each in owners:
        owner = getattr(owner, each)
    first = int(found["call"])
    bad = range(first, first + int(found["times"] or 1))
    calls = itertools.count(1)
    real: Callable[..., Any] = getattr(owner, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(calls) in bad:
            raise RuntimeError(f"injected fault in {text}")
        return real(*args, **kwargs)

    setattr(owner, name, call)


def shift_clock(text: str) -> None:
    file = Path(text)
    real_ns = time.time_ns

    def time_ns() -> int:
        return real_ns() + int(float(file.read_text()) * 1e9)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


def main() -> int:
    border = sys.argv.index("--")
    faults, sys.argv[1:] = sys.argv[1:border], sys.argv[border + 1 :]
    for fault in faults:
        kind, _, text = fault.partition(":")
        {"raise": make_raise, "clock": shift_clock}[kind](text)
    from harit_desktop.__main__ import main as program

    return program()


if __name__ == "__main__":
    sys.exit(main())
