"""How many requests an address may send: a bucket of tokens for each, of a bounded number."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_ADDRESSES = 1024
"""Addresses remembered; beyond them the one that was silent for longest is forgotten, and
has a full bucket when it comes again."""

_IPV6_PREFIX = 64
"""One subscriber has at least so many addresses to choose from: they share a bucket."""


class RateLimiter:
    """Lets `per_s` requests a second through for each address, and `burst` at once.

    From any thread. `clock` gives seconds that never go back.
    """

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, address: str) -> float:
        """0 where a request may go on, else the seconds until the next one may."""
        key = address_key(address)
        with self._lock:
            tokens = self._filled(key)
            admitted = tokens >= 1
            self._keep(key, tokens - 1 if admitted else tokens)
        return 0.0 if admitted else (1 - tokens) / self._per_s

    def __len__(self) -> int:
        return len(self._buckets)

    def _filled(self, key: str) -> float:
        now_s = self._clock()
        tokens, at_s = self._buckets.get(key, (self._burst, now_s))
        return min(self._burst, tokens + (now_s - at_s) * self._per_s)

    def _keep(self, key: str, tokens: float) -> None:
        self._buckets[key] = (tokens, self._clock())
        self._buckets.move_to_end(key)
        while len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)


def address_key(address: str) -> str:
    """What tells one client from another: the address, or the network it may choose from."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, _IPV6_PREFIX), strict=False))
