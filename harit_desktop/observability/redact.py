"""Keeps secrets and control characters out of what the program writes about itself."""

from __future__ import annotations

import base64
import logging
import re
import urllib.parse
from collections.abc import Iterator

MAX_LINE = 2000
MASK = "***"

_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]"
)
"""Also what turns the direction of writing, so that a line reads as it is written."""


class Redactor:
    """Replaces known secrets, credentials in URLs and control characters in a text."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Registers a secret; a very short one would blank ordinary words and is skipped."""
        if len(secret) >= 4:
            self._secrets.update((secret, *_encoded(secret)))

    def clean(self, text: str) -> str:
        # The longer ones first: one form may be a part of another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        text = _URL_CREDENTIALS.sub(MASK, text)
        return _CONTROL.sub(_escape, text)[:MAX_LINE]


def _encoded(secret: str) -> Iterator[str]:
    """How a secret may stand in an address, a header or another program's error text."""
    yield urllib.parse.quote(secret, safe="", errors="surrogatepass")
    yield urllib.parse.quote_plus(secret, errors="surrogatepass")
    yield ascii(secret)[1:-1]
    yield base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


class RedactingFormatter(logging.Formatter):
    """Formats a record on one line (tracebacks keep theirs) without secrets."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(threadName)s %(name)s %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        message, *more = super().format(record).split("\n")
        if not record.exc_info:
            return self._redactor.clean("\\n".join((message, *more)))
        # The text of an error may have line ends of its own: none of them begins a new entry.
        return "\n  ".join(self._redactor.clean(line) for line in (message, *more))
