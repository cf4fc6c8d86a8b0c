"""Which connections our own API keeps: none of them can hold the place of all others.

A connection that waits takes no thread, so far more may be open than are answered at once. Where
there are too many, the newcomer gets the place of one that does nothing, of the same address
first: whoever opens them by the hundred displaces nobody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple, Protocol

from harit_desktop.domain.hosts import is_loopback
from harit_desktop.transport.local_api_rate import address_key

CONNECTIONS = 256
"""Open at a time, of all addresses; some systems can watch no more than 512 sockets."""
LOOPBACK_CONNECTIONS = 224
"""Of one loopback address: all programs on this computer have the same, so it is generous."""
NETWORK_CONNECTIONS = 8
"""Of each address beyond it."""


class Idleness(IntEnum):
    """What a connection waits for; who waits for the lowest is ended first."""

    END = 0
    """It has had its answer, an error, and is about to be closed."""
    REQUEST = 1
    """A request that has not arrived entirely, or the very first one."""
    ANOTHER = 2
    """Another request after one that was answered."""
    READER = 3
    """A client that reads its answer."""


class Spare(NamedTuple):
    """How readily a connection is ended: by what it waits for, and since when."""

    idleness: Idleness
    since_s: float


class Connection(Protocol):
    """As the door sees it."""

    key: str

    def spare(self) -> Spare | None:
        """None while a request of its is being answered."""
        ...

    def end(self) -> None: ...


class Door:
    """Makes room for newcomers. Belongs to the server's thread."""

    def __init__(self, connections: Callable[[], Iterable[Connection]]) -> None:
        self._connections = connections

    def make_room(self, address: str) -> bool:
        """Whether a connection of `address` may come in; one that idles is ended for it where
        the address, or the server, has as many as it may."""
        key = address_key(address)
        found = list(self._connections())
        counts = Counter(one.key for one in found)
        limit = LOOPBACK_CONNECTIONS if is_loopback(address) else NETWORK_CONNECTIONS
        if counts[key] >= limit:
            found = [one for one in found if one.key == key]
        elif len(found) < CONNECTIONS:
            return True
        spare = [(-counts[one.key], waits, one) for one in found if (waits := one.spare())]
        if not spare:
            return False
        min(spare, key=lambda entry: entry[:2])[2].end()
        return True
