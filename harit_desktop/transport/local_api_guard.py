"""Who may ask our own API: address, host name, origin and token of a request.

A web page anywhere can make the browser of this computer send requests to loopback. So the
name that the request was sent to must be a loopback one (a name of the attacker's that
resolves to 127.0.0.1 is not), and a page that is not allowed is refused also where the
browser would only keep the answer from it.
"""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.transport.local_api_rate import RateLimiter

LOOPBACK_RATE = (2000.0, 4000.0)
"""Requests a second, and at once, of all programs on this computer together."""
NETWORK_RATE = (20.0, 100.0)
"""The same for each address beyond it."""
LOOPBACK_FAILURES = (100.0, 200.0)
NETWORK_FAILURES = (1.0, 5.0)
"""Wrong tokens that are answered as such, likewise; for what comes beyond them, 429."""

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

_PREFLIGHT_HEADERS = (
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "600"),
)
_PRIVATE_NETWORK = ("Access-Control-Allow-Private-Network", "true")


class LocalApiConfig(msgspec.Struct, frozen=True):
    """Where the API listens and for whom. `origins` are web pages' (scheme, host, port);
    `token` is None where none is asked for."""

    host: str = "127.0.0.1"
    port: int = 5000
    origins: tuple[str, ...] = ()
    token: str | None = None
    allow_network: bool = False

    def __repr__(self) -> str:
        return f"LocalApiConfig({self.host!r}, {self.port})"

    @property
    def on_loopback(self) -> bool:
        """Whether only programs on this computer can reach it."""
        return is_loopback(self.host)

    def refuse_unsafe(self) -> None:
        """Raises KnownError (local_api.no_consent, local_api.no_token) where other computers
        could reach it without a person's consent or without a token."""
        if self.on_loopback:
            return
        if not self.allow_network:
            raise KnownError("local_api.no_consent", host=self.host)
        if not self.token:
            raise KnownError("local_api.no_token", host=self.host)


class Verdict(msgspec.Struct, frozen=True):
    """An answer that is given without asking the application. `error` is empty where nothing
    is wrong (a browser's question before the request)."""

    status: str
    error: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Guard:
    """Judges requests by their WSGI environment. From any thread."""

    def __init__(
        self, config: LocalApiConfig, port: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`port` is the one that is listened on."""
        self._token = config.token.encode() if config.token else None
        self._origins = frozenset(_plain_origin(origin) for origin in config.origins)
        # Beyond loopback the computer has names that we do not know; there the token decides.
        self._hosts = _allowed_hosts(config.host, port) if config.on_loopback else None
        rate = LOOPBACK_RATE if config.on_loopback else NETWORK_RATE
        failures = LOOPBACK_FAILURES if config.on_loopback else NETWORK_FAILURES
        # On loopback all programs have one address, as do all computers behind a router: one
        # that errs must not shut out those that have the token. So nothing without it, not
        # even a flood, takes from their bucket.
        self._clients = RateLimiter(*rate, clock)
        self._strangers = RateLimiter(*rate, clock)
        self._failures = RateLimiter(*failures, clock)

    def judge(self, environ: Mapping[str, Any]) -> Verdict | None:
        """None where the application is to answer."""
        address = str(environ.get("REMOTE_ADDR") or "")
        known = self._token is None or self._has_token(environ)
        wait_s = (self._clients if known else self._strangers).admit(address)
        if wait_s > 0:
            return _too_many("Too many requests", wait_s)
        if self._hosts is not None and environ.get("HTTP_HOST", "").lower() not in self._hosts:
            return Verdict("403 Forbidden", "Host not allowed")
        if not self._may_ask(environ):
            return Verdict("403 Forbidden", "Origin not allowed")
        if _is_preflight(environ):
            return Verdict("204 No Content", headers=_preflight_headers(environ))
        return None if known else self._refuse_token(address)

    def _refuse_token(self, address: str) -> Verdict:
        wait_s = self._failures.admit(address)
        if wait_s > 0:
            return _too_many("Too many requests without a valid token", wait_s)
        return Verdict(
            "401 Unauthorized", "A valid token is needed", (("WWW-Authenticate", "Bearer"),)
        )

    def cross_origin_headers(self, environ: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What lets an allowed page read the answer."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None or origin.lower() not in self._origins:
            return []
        return [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "Retry-After"),
        ]

    def _may_ask(self, environ: Mapping[str, Any]) -> bool:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            return origin.lower() in self._origins
        # Browsers send no origin with what a page merely embeds (images, scripts).
        embedded = environ.get("HTTP_SEC_FETCH_MODE") != "navigate"
        return environ.get("HTTP_SEC_FETCH_SITE") not in ("cross-site", "same-site") or not embedded

    def _has_token(self, environ: Mapping[str, Any]) -> bool:
        kind, _, sent = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        # The server hands over the header's bytes as Latin-1.
        given = sent.strip().encode("latin-1", "replace")
        assert self._token is not None
        return hmac.compare_digest(given, self._token) and kind.lower() == "bearer"


def _allowed_hosts(host: str, port: int) -> frozenset[str]:
    """What `Host` may say. A wrong port is not ours; none at all is the word of simple
    clients."""
    own = f"[{host}]" if ":" in host and not host.startswith("[") else host
    names = {name.lower() for name in (*_LOOPBACK_NAMES, own)}
    return frozenset(names | {f"{name}:{port}" for name in names})


def _plain_origin(origin: str) -> str:
    """As browsers write it: without a path, in small letters."""
    return origin.strip().rstrip("/").lower()


def _is_preflight(environ: Mapping[str, Any]) -> bool:
    return (
        environ.get("REQUEST_METHOD") == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


def _preflight_headers(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    private = environ.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") == "true"
    return (*_PREFLIGHT_HEADERS, _PRIVATE_NETWORK) if private else _PREFLIGHT_HEADERS


def _too_many(words: str, wait_s: float) -> Verdict:
    return Verdict("429 Too Many Requests", words, (("Retry-After", str(math.ceil(wait_s))),))
