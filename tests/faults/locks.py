"""Another program that holds the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.end_to_end.programs import wait_for


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """BEGIN EXCLUSIVE by another connection until the end of the block."""
    wait_for(database.exists, 10)
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
