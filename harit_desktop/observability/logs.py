"""Log files of the data folder: five files of 2 MiB at most."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
from pathlib import Path

from harit_desktop.observability.redact import RedactingFormatter, Redactor

MAX_BYTES = 2 * 1024 * 1024
FILES = 5


def start_logging(folder: Path, redactor: Redactor) -> None:
    """Sends warnings and this program's own messages to `<folder>/harit.log`.

    A folder that cannot be written costs the log file, never the start.
    """
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    logging.getLogger("harit_desktop").setLevel(logging.INFO)
    logging.raiseExceptions = False
    handler: logging.Handler = logging.NullHandler()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "harit.log", maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8"
        )
    if isinstance(handler, logging.NullHandler) and sys.stderr is not None:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor))
    root.addHandler(handler)
