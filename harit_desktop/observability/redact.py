"""Keeps secrets and control characters out of what the program writes about itself."""

from __future__ import annotations

import logging
import re

MAX_LINE = 2000
MASK = "***"

_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]")


class Redactor:
    """Replaces known secrets, credentials in URLs and control characters in a text."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Registers a secret; a very short one would blank ordinary words and is skipped."""
        if len(secret) >= 4:
            self._secrets.add(secret)

    def clean(self, text: str) -> str:
        for secret in tuple(self._secrets):
            text = text.replace(secret, MASK)
        text = _URL_CREDENTIALS.sub(MASK, text)
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)[:MAX_LINE]


class RedactingFormatter(logging.Formatter):
    """Formats a record on one line (tracebacks keep theirs) without secrets."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(threadName)s %(name)s %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        if not record.exc_info:
            lines = ["\\n".join(lines)]
        return "\n".join(self._redactor.clean(line) for line in lines)
