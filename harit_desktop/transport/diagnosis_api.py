"""A remote API and our own, one step at a time. Nothing is posted."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError
from harit_desktop.transport.api_address import ApiAddress, parse_api_url
from harit_desktop.transport.api_client import NO_READING, ApiClient
from harit_desktop.transport.api_failures import ApiFailure, failure_of
from harit_desktop.transport.diagnosis import (
    REACH_S,
    find_name,
    reach_port,
    shake_hands,
    since_ms,
)
from harit_desktop.transport.local_api_guard import LocalApiConfig

LONGEST_REQUEST_S = 6.0
"""A check does not wait as long as the program may."""

_LIMIT = 100
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1", "[::]": "::1"}


class ApiDiagnosis:
    """Each step is one method, to be called in their order on one thread, and `close` after
    the last one; `give_up` may be called from any thread.

    Every step raises KnownError(api.*). `token` is asked for on that thread.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str | None],
        timeout_s: float,
        read_history: Callable[[bytes], ApiPage],
        now_us: NowUs,
    ) -> None:
        self._url = url
        self._token = token
        self._timeout_s = min(timeout_s, LONGEST_REQUEST_S)
        self._read_history = read_history
        self._now_us = now_us
        self._address: ApiAddress | None = None
        self._client: ApiClient | None = None
        self._history: bytes | ApiFailure | None = None
        self._milliseconds = 0

    def read_address(self) -> Facts:
        """What the setting means."""
        self._address = parse_api_url(self._url)
        return {"url": self._address.url("/")}

    def find_name(self) -> Facts:
        address = self._known_address()
        with self._named():
            return find_name(address.host, address.port)

    def reach_port(self) -> Facts:
        address = self._known_address()
        with self._named():
            return reach_port(address.host, address.port)

    def secure(self) -> Facts:
        """Only for an https address."""
        address = self._known_address()
        with self._named():
            return shake_hands(address.host, address.port, ssl.create_default_context())

    def ask_health(self) -> Facts:
        """Whether it is there; that it wants another token is the next step's."""
        began_s = time.monotonic()
        try:
            self._the_client().health()
        except ApiFailure as failure:
            if failure.code != "api.auth":
                raise
        return {"milliseconds": since_ms(began_s)}

    def show_token(self) -> Facts:
        """Whether the API takes the token, or wants none."""
        address, token = self._known_address(), self._token()
        if token and address.scheme != "https" and not address.is_loopback:
            raise KnownError("doctor.token_kept", host=address.host)
        found = self._asked_history()
        if isinstance(found, ApiFailure) and found.code == "api.auth":
            if token:
                raise found
            raise KnownError("doctor.token_wanted", host=address.host)
        if not token:
            raise KnownError("doctor.no_token")
        return {"host": address.host}

    def read_history(self) -> Facts:
        """How many readings there are, and how old the newest one is."""
        found = self._asked_history()
        if isinstance(found, ApiFailure):
            raise found
        page = self._read_history(found)
        if page.unreadable and not page.rows:
            raise KnownError("doctor.api_unreadable", count=page.unreadable)
        if not page.rows:
            raise KnownError("doctor.api_empty")
        total = len(page.rows) if page.total is None else page.total
        newest_us = max(row.timestamp_us for row in page.rows)
        return {
            "count": total,
            "age_s": (self._now_us() - newest_us) // US_PER_S,
            "milliseconds": self._milliseconds,
            "unreadable": page.unreadable,
        }

    def read_latest(self) -> Facts:
        began_s = time.monotonic()
        if self._the_client().latest() == NO_READING:
            raise KnownError("doctor.api_empty")
        return {"milliseconds": since_ms(began_s)}

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def give_up(self) -> None:
        """Ends a step under way soon."""
        self.close()

    def _asked_history(self) -> bytes | ApiFailure:
        """The answer, asked for once; two steps look at it."""
        if self._history is None:
            began_s = time.monotonic()
            try:
                self._history = self._the_client().history(_LIMIT)
            except ApiFailure as failure:
                self._history = failure
            self._milliseconds = since_ms(began_s)
        return self._history

    def _the_client(self) -> ApiClient:
        if self._client is None:
            self._client = ApiClient(self._known_address(), self._token(), self._timeout_s)
        return self._client

    def _known_address(self) -> ApiAddress:
        if self._address is None:
            self._address = parse_api_url(self._url)
        return self._address

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeError) as error:
            raise failure_of(error, self._known_address(), REACH_S) from error


def look_at_local_api(config: LocalApiConfig) -> Facts:
    """Whether our own API may and can listen there, or does. Raises KnownError(local_api.*)."""
    from harit_desktop.transport.local_api import listen

    config.refuse_unsafe()
    where: Facts = {"host": config.host, "port": config.port}
    try:
        for bound in listen(config.host, config.port):
            bound.close()
    except KnownError as error:
        if error.code == "local_api.port_busy" and _is_ours(config):
            return {**where, "running": 1}
        raise
    return {**where, "running": 0}


def _is_ours(config: LocalApiConfig) -> bool:
    """Whether what answers there gives every answer the headers that ours has. The existing
    backend, which likes the same port, has none of them."""
    from harit_desktop.transport.local_api_answers import plain_headers

    host = _REACHED_AT.get(config.host, config.host.strip("[]"))
    connection = http.client.HTTPConnection(host, config.port, timeout=REACH_S)
    try:
        connection.request("GET", "/health")
        return set(plain_headers()) <= set(connection.getresponse().getheaders())
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
