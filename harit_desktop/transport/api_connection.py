"""One HTTP connection to a remote API, kept open between requests while it is surely good."""

from __future__ import annotations

import http.client
import ssl
import time
from typing import Any

from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_stream import ApiStream, Lookup, Patience, connect

# Servers close an idle connection after 2 s or more; a request must not meet that moment.
_REUSED_WITHIN_S = 1.5


class ApiConnection:
    """`send`, read the answer, then `release`; the `patience` bounds all of it.

    `token` goes with every request; whoever makes this has checked that it may.
    """

    def __init__(self, address: ApiAddress, token: str | None) -> None:
        self.patience = Patience()
        self._address = address
        self._lookup = Lookup(address)
        self._tls: ssl.SSLContext | None = None
        self._stream: ApiStream | None = None
        self._used_s = 0.0
        self._headers: dict[str, Any] = {
            "Host": _host_header(address),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "harit-desktop",
        }
        if token:
            self._headers["Authorization"] = b"Bearer " + _header_bytes(token)

    def send(self, method: str, target: str, body: bytes | None) -> http.client.HTTPResponse:
        """The answer, its headers read. `target` is the path below the API's base path.

        Raises OSError, UnicodeError, http.client.HTTPException, TimeoutError, Closed.
        """
        stream = self._ready_stream()
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        # Only writes the request; connecting and closing are ours.
        writer = http.client.HTTPConnection(self._address.host, self._address.port)
        writer.sock = stream
        writer.request(method, self._address.base_path + target, body, headers)
        answer = http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]  # makefile
        answer.begin()
        return answer

    def release(self, *, reusable: bool) -> None:
        """After a request; `reusable` where its answer was read to the end."""
        self._used_s = time.monotonic()
        if self._stream is not None and not reusable:
            self._stream.close()
            self._stream = None

    def _ready_stream(self) -> ApiStream:
        if self._stream is not None:
            fresh = time.monotonic() - self._used_s < _REUSED_WITHIN_S
            if fresh and self._stream.is_idle:
                self._stream.renew()
                return self._stream
            self.release(reusable=False)
        sock = connect(self._address, self._lookup, self.patience)
        self._stream = ApiStream(sock, self.patience)
        if self._address.scheme == "https":
            if self._tls is None:
                self._tls = ssl.create_default_context()
            self._stream.secure(self._tls, self._address.host)
        return self._stream


def _host_header(address: ApiAddress) -> str:
    usual = {"http": 80, "https": 443}[address.scheme]
    return address.shown.removesuffix(f":{usual}") if address.port == usual else address.shown


def _header_bytes(token: str) -> bytes:
    """The token as sent. What no header may hold is left out: then the server refuses it,
    where http.client would raise an error that quotes it."""
    return bytes(byte for byte in token.strip().encode() if byte > 31 and byte != 127)
