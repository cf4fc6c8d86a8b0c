"""Waits for sockets with any file descriptor.

`select.select` refuses descriptors from 1024 on, which a program with many open files and
connections reaches; `poll` does not. Windows has no `poll`, and its `select` counts sockets
instead of looking at their numbers.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Sequence
from typing import Any

MS_PER_S = 1000


def wait_for(
    readers: Sequence[Any], writers: Sequence[Any], seconds: float
) -> tuple[list[Any], list[Any]]:
    """Those that can be read and those that can be written, after at most `seconds`; one whose
    connection broke counts as both. Raises ValueError for one that is closed.
    """
    if sys.platform == "win32":
        readable, writable, _ = select.select(readers, writers, [], seconds)
        return readable, writable
    wanted: dict[int, int] = {}
    for one in readers:
        wanted[one.fileno()] = select.POLLIN
    for one in writers:
        wanted[one.fileno()] = wanted.get(one.fileno(), 0) | select.POLLOUT
    poller = select.poll()
    for descriptor, events in wanted.items():
        poller.register(descriptor, events)
    found = dict(poller.poll(seconds * MS_PER_S))
    return (
        [one for one in readers if found.get(one.fileno(), 0) & ~select.POLLOUT],
        [one for one in writers if found.get(one.fileno(), 0) & ~select.POLLIN],
    )
