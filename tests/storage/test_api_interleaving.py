"""Readings and rows in any order, with repeats and restarts, end as one row per reading."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harit_desktop.domain.batch import CommitItem
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US
from tests.storage.polled import heard, polled, stored, timeless, values_of
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

# A true reading: its instant, one of few values, and whether it is heard over MQTT, how late.
instants = st.lists(st.integers(0, 40), min_size=1, max_size=7, unique=True)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[tuple[int, int, bool]], list[list[CommitItem | None]]]:
    """True readings (second, value, heard), and batches of what arrives; None is a restart.

    The API has every reading, up to 20 s late; readings are 60 s apart or more, so that the
    nearest row is always the right one.
    """
    truth = [(60 * step, draw(st.integers(0, 2)), draw(st.booleans())) for step in draw(instants)]
    arriving: list[CommitItem | None] = []
    for second, value, is_heard in truth:
        late_s = draw(st.integers(-8, 20))
        # A server that keeps single precision answers with six digits of it.
        shown = tuple(float(f"{v:.6g}") for v in values_of(value) if v is not None)
        row = polled(second + late_s, shown, received_s=second + draw(st.integers(20, 9000)))
        arriving += [row] * draw(st.integers(1, 3))
        if is_heard:
            received_s = second + draw(st.sampled_from([0, 1, 400, 9000]))
            reading = heard(second, values_of(value), received_s=received_s)
            arriving += [reading] * draw(st.integers(1, 2))
    arriving += [None] * draw(st.integers(0, 2))
    arriving = draw(st.permutations(arriving))
    batches: list[list[CommitItem | None]] = []
    while arriving:
        size = draw(st.integers(1, 8))
        batches.append(arriving[:size])
        arriving = arriving[size:]
    return truth, batches


@settings(max_examples=120, deadline=None)
@given(world=worlds(), rolls=st.booleans())
def test_one_row_per_reading(
    world: tuple[list[tuple[int, int, bool]], list[list[CommitItem | None]]], rolls: bool
) -> None:
    truth, batches = world
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "harit.db"
        journal = SqliteJournal(path, lambda: START_US)
        journal.open()
        for batch in batches:
            journal.commit([item for item in batch if item is not None])
            if rolls:
                catch_up(path)
            if None in batch:
                journal.close()
                journal.open()
        rows = stored(path)
        journal.close()
        expected = sorted(second for second, _, is_heard in truth if is_heard)
        assert [at_s for at_s, _, source in rows if source == "mqtt"] == expected
        missing = sorted(second for second, _, is_heard in truth if not is_heard)
        others = [at_s for at_s, _, source in rows if source == "api"]
        assert len(others) == len(missing)
        assert all(abs(a - b) <= 20 for a, b in zip(others, missing, strict=True))
        catch_up(path)
        assert assert_true(path) == assert_counted(path) == len(truth)


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations([*range(6), *range(6)]), value=st.integers(0, 2), size=st.integers(1, 12)
)
def test_readings_without_a_time_have_their_rows(order: list[int], value: int, size: int) -> None:
    """The first mention of a number is its row or its reading, the second the other."""
    seen: set[int] = set()
    items = []
    for number in order:
        is_row = (number in seen) == bool(number % 2)
        seen.add(number)
        at_s = 70 * number
        items.append(
            polled(at_s + 3, values_of(value)) if is_row else timeless(at_s, values_of(value))
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "harit.db"
        journal = SqliteJournal(path, lambda: START_US)
        journal.open()
        for first in range(0, len(items), size):
            journal.commit(items[first : first + size])
        assert [(a, s) for a, _, s in stored(path)] == [(70 * n, "mqtt") for n in range(6)]
        journal.close()


@settings(max_examples=100, deadline=None)
@given(
    heard_at=st.lists(st.integers(0, 1200), min_size=1, max_size=4, unique=True),
    polled_at=st.lists(st.integers(0, 1200), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_the_end_does_not_depend_on_the_order(
    heard_at: list[int], polled_at: list[int], data: st.DataObject
) -> None:
    """Whatever the clocks: of equal values the nearest pairs are the same reading."""
    distances = [abs(a - b) for a in heard_at for b in polled_at]
    assume(len(set(distances)) == len(distances))
    items = [*map(heard, heard_at), *map(polled, polled_at)]
    expected = _nearest_pairs(heard_at, polled_at)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "harit.db"
        journal = SqliteJournal(path, lambda: START_US)
        journal.open()
        arriving = data.draw(st.permutations(items))
        size = data.draw(st.integers(1, len(items)))
        for first in range(0, len(arriving), size):
            journal.commit(arriving[first : first + size])
        assert [(at_s, source) for at_s, _, source in stored(path)] == expected
        journal.close()


def _nearest_pairs(heard_at: list[int], polled_at: list[int]) -> list[tuple[int, str]]:
    """What must be stored: every reading, and the rows that are none of them."""
    rows, readings = set(polled_at), set(heard_at)
    for apart_s, row, reading in sorted((abs(a - b), a, b) for a in rows for b in readings):
        if apart_s <= 300 and row in rows and reading in readings:
            rows.remove(row)
            readings.remove(reading)
    return sorted([(at_s, "mqtt") for at_s in heard_at] + [(at_s, "api") for at_s in rows])
