"""The outbox: on the disk before it is sent, oldest first, one owner, never too long."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.outbox import OutboxItem
from harit_desktop.storage.outbox import Outbox


def item(number: int) -> OutboxItem:
    return OutboxItem(
        "probe", 1_000_000 + number, "a/topic", f"p{number}".encode(), f"b{number}".encode()
    )


def numbers(items: object) -> list[int]:
    assert isinstance(items, list)
    return [each.timestamp_us - 1_000_000 for each in items]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    box = Outbox(path)
    yield box
    box.close()


def test_what_goes_in_comes_out_oldest_first_until_it_is_settled(outbox: Outbox) -> None:
    ids = outbox.append([item(n) for n in range(5)])
    assert outbox.append([item(5)]) > ids
    assert outbox.count() == 6
    assert numbers(outbox.oldest(3)) == [0, 1, 2]
    assert numbers(outbox.oldest(9, ids[2])) == [3, 4, 5]
    first = outbox.oldest(1)[0]
    assert (first.publisher_id, first.topic) == ("probe", "a/topic")
    assert (first.payload, first.body, first.id) == (b"p0", b"b0", ids[0])
    assert outbox.settle([ids[1], ids[0], 77]) == (ids[1], ids[0])
    assert outbox.settle([ids[1]]) == ()
    assert outbox.newest_id() > ids[-1]
    assert numbers(outbox.oldest(9)) == [2, 3, 4, 5]
    assert outbox.problem is None


def test_a_later_run_finds_what_is_left_before_its_own(path: Path) -> None:
    before = Outbox(path)
    ids = before.append([item(n) for n in range(3)])
    before.settle(ids[:1])
    before.close()
    after = Outbox(path)
    lowest = after.open()
    assert max(ids) == after.newest_id() < lowest
    assert after.append([item(9)]) == (lowest,)
    assert numbers(after.oldest(9)) == [1, 2, 9]
    after.close()


_FILL = """
import sys, time
from pathlib import Path
from harit_desktop.storage.outbox import Outbox
from tests.storage.test_outbox import item
box = Outbox(Path(sys.argv[1]))
number = 0
while True:
    ids = box.append([item(number), item(number + 1)])
    box.settle(ids[:1])
    print(number, flush=True)
    number += 2
"""


def test_what_was_appended_survives_a_kill_and_what_was_settled_stays_so(path: Path) -> None:
    for _ in range(3):
        path.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-c", _FILL, str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        rounds = [int(process.stdout.readline()) for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        rounds += [int(line) for line in process.stdout.read().split()]
        process.wait()
        process.stdout.close()
        outbox = Outbox(path)
        outbox.open()
        left = numbers(outbox.oldest(1_000_000))
        expected = [number + 1 for number in rounds]
        # The kill may have come between a round's steps and its report.
        assert left[: len(expected)] == expected
        assert len(left) <= len(expected) + 2
        outbox.close()
        for name in path.parent.iterdir():
            name.unlink()


def test_a_second_program_takes_a_file_of_its_own_which_the_next_one_empties(path: Path) -> None:
    first, second = Outbox(path), Outbox(path)
    first.append([item(1)])
    second.append([item(2)])
    assert (first.count(), second.count()) == (1, 1)
    assert path.with_name("outbox-2.db").exists()
    first.close()
    second.close()
    third = Outbox(path)
    third.open()
    assert numbers(third.oldest(9)) == [1, 2]
    third.append([item(3)])
    third.close()
    fourth = Outbox(path)
    fourth.open()
    assert numbers(fourth.oldest(9)) == [1, 2, 3]
    fourth.close()


def test_the_oldest_go_when_there_are_too_many(path: Path) -> None:
    outbox = Outbox(path, max_rows=10)
    outbox.append([item(n) for n in range(8)])
    assert outbox.problem is None
    outbox.append([item(n) for n in range(8, 13)])
    assert outbox.count() == 10
    assert outbox.dropped == 3
    assert numbers(outbox.oldest(99)) == list(range(3, 13))
    problem = outbox.problem
    assert problem is not None
    assert (problem.code, problem.params) == ("publisher.outbox_full", {"count": 3})
    outbox.close()


def test_a_folder_that_cannot_be_used_is_said_and_the_readings_stay_in_memory(
    tmp_path: Path,
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    outbox = Outbox(blocked / "outbox.db")
    ids = outbox.append([item(n) for n in range(4)])
    problem = outbox.problem
    assert problem is not None
    assert problem.code == "publisher.outbox_failed"
    assert problem.params["reason"]
    outbox.settle(ids[:1])
    assert numbers(outbox.oldest(9)) == [1, 2, 3]
    blocked.unlink()
    outbox.append([item(4)])
    assert outbox.problem is None
    outbox.close()
    after = Outbox(blocked / "outbox.db")
    after.open()
    assert numbers(after.oldest(9)) == [1, 2, 3, 4]
    after.close()


def test_a_write_that_fails_is_made_up_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harit_desktop.storage.outbox_file import OutboxFile

    outbox = Outbox(path)
    ids = outbox.append([item(0), item(1)])

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(OutboxFile, "add", fail)
        broken.setattr(OutboxFile, "delete", fail)
        assert outbox.settle(ids[:1]) == ids[:1]
        outbox.append([item(2)])
        assert outbox.problem is not None
        assert outbox.count() == 2
        assert numbers(outbox.oldest(9)) == [1, 2]
    outbox.append([item(3)])
    assert outbox.problem is None
    assert numbers(outbox.oldest(9)) == [1, 2, 3]
    outbox.close()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM outbox").fetchone() == (3,)


def test_a_damaged_file_is_kept_and_a_new_one_made(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 500)
    outbox = Outbox(path)
    outbox.append([item(1)])
    assert outbox.problem is None
    assert numbers(outbox.oldest(9)) == [1]
    assert len(list(path.parent.glob("outbox.db.corrupt-*"))) == 1
    outbox.close()


def test_a_round_is_flushed_once_and_settling_costs_no_flush(path: Path) -> None:
    """Seen from outside: only whole rounds can be in the file, and its mode says FULL."""
    outbox = Outbox(path)
    outbox.append([item(n) for n in range(500)])
    file = outbox._file
    assert file is not None
    level = "PRAGMA synchronous"
    assert file._connection.execute(level).fetchone() == (2,)
    outbox.settle([outbox.oldest(1)[0].id])
    assert file._connection.execute(level).fetchone() == (1,)
    outbox.append([item(501)])
    assert file._connection.execute(level).fetchone() == (2,)
    outbox.close()


def test_after_the_end_nothing_is_kept_or_given_out(outbox: Outbox) -> None:
    ids = outbox.append([item(1)])
    outbox.close()
    assert outbox.append([item(2)]) == ()
    assert list(outbox.oldest(9)) == []
    outbox.settle(ids)
    outbox.close()
