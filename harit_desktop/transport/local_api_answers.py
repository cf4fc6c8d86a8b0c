"""What our own API answers where it gives no readings: words, bodies, when to come again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

JSON = "application/json"
MAX_BODY_BYTES = 64 * 1024
MAX_HEADER_BYTES = 16 * 1024
RETRY_AFTER_S = 5

Headers = list[tuple[str, str]]

_WORDS = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    413: f"The body is larger than {MAX_BODY_BYTES} bytes",
    415: f"The body must be sent as {JSON}",
    431: f"The header is larger than {MAX_HEADER_BYTES} bytes",
    501: "Not supported",
}

SECURITY_HEADERS: Headers = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
"""Of every answer: it is data for the one who asked, no page, and not to be kept."""


class ApiAnswer(msgspec.Struct, frozen=True):
    """A status and its JSON. `stored` tells that a posted reading was committed just now and
    was not known before; with `retry_after_s` the client may send the same again."""

    status: int
    body: bytes
    stored: bool = False
    retry_after_s: int | None = None


def error_body(words: str, extra: Mapping[str, Any] | None = None) -> bytes:
    """The JSON of every answer that is not 2xx; `extra` are fields beside `error`."""
    return msgspec.json.encode({"error": words, **(extra or {})})


def refusal(status: int, words: str = "", extra: Mapping[str, Any] | None = None) -> ApiAnswer:
    """An error answer; without `words`, in those of the status."""
    return ApiAnswer(status, error_body(words or words_of(status), extra))


def later(words: str) -> ApiAnswer:
    """For what may be answered another time: 503 with Retry-After."""
    return ApiAnswer(503, error_body(words), retry_after_s=RETRY_AFTER_S)


def words_of(status: int) -> str:
    """What an error status means, where nothing better is known."""
    return _WORDS.get(status, "Bad request" if status < 500 else "Internal server error")


def plain_headers() -> Headers:
    """For answers that the server gives before there is a request: JSON, not to be kept."""
    return [("Content-Type", JSON), *SECURITY_HEADERS]
