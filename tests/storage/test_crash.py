"""kill -9 in the middle of commits: what was confirmed is there, and the file is sound."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US, counts_of, make_item, make_items, make_rejected

KILLS = 10
BATCH = 7


def commit_until_killed(path: Path, first: int, confirmations: int) -> None:
    """Runs in the child: commits batch after batch and writes down each confirmed one."""
    journal = SqliteJournal(path, lambda: START_US)
    journal.open()
    number = first
    while True:
        batch = [*make_items(number, BATCH), make_rejected(number)]
        journal.commit(batch)
        os.write(confirmations, b"%d\n" % number)
        number += BATCH


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_kill_in_the_middle_of_commits(db_path: Path) -> None:
    confirmed: set[int] = set()
    for kill in range(KILLS):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                commit_until_killed(db_path, kill * 1_000_000, writer)
            finally:
                os._exit(1)
        os.close(writer)
        with os.fdopen(reader, "rb") as lines:
            first_line = lines.readline()
            time.sleep(random.uniform(0.0, 0.15))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            text = first_line + lines.read()
        firsts = [int(line) for line in text.splitlines()]
        assert firsts
        confirmed.update(first + i for first in firsts for i in range(BATCH))

    connection = sqlite3.connect(db_path)
    assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    times = [row[0] for row in connection.execute("SELECT timestamp_us FROM sensor_readings")]
    stored = {(time_us - START_US) // 1_000_000 for time_us in times}
    assert len(times) == len(stored)
    assert confirmed <= stored
    # At most the batch in hand was stored without its confirmation, and always whole.
    assert len(stored - confirmed) <= KILLS * BATCH
    assert len(stored) % BATCH == 0
    logged = connection.execute("SELECT count(*) FROM message_log").fetchone()[0]
    connection.close()

    journal = SqliteJournal(db_path, lambda: START_US)
    assert journal.open().readings == len(stored)
    counts = counts_of(db_path)
    assert counts.readings == len(stored)
    assert counts.messages == logged == len(stored) // BATCH * (BATCH + 1)
    assert journal.commit([make_item(min(confirmed))]).outcomes[0].value == "duplicate"
    journal.close()
