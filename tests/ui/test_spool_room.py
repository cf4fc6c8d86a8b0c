"""How long the spool lasts: a pace that does not jump, in round numbers."""

from itertools import pairwise

import pytest

from harit_desktop.domain.status import Counters, EngineStatus
from harit_desktop.ui.spool_room import SpoolPace, spool_room_s, spool_room_text

pytestmark = pytest.mark.usefixtures("qapp")


def at(up_s: float, stored: int, waiting: int = 0) -> EngineStatus:
    return EngineStatus(uptime_s=up_s, counters=Counters(stored=stored, waiting=waiting))


def run(pace: SpoolPace, begin_s: int, end_s: int, stored: int, per_s: float) -> list[str]:
    """The texts of every second, after a pace of `per_s` readings a second."""
    return [
        spool_room_text(pace.steadied(at(s, stored + int((s - begin_s) * per_s))), 500)
        for s in range(begin_s, end_s)
    ]


def test_no_number_before_a_minute_of_data_however_long_it_ran() -> None:
    pace = SpoolPace()
    texts = run(pace, 5000, 5060, 40_000, 10.0)
    assert set(texts) == {""}
    assert spool_room_text(pace.steadied(at(5060, 40_600)), 500) == "20 hours"


def test_it_changes_at_most_once_a_minute_and_follows_slowly() -> None:
    pace = SpoolPace()
    run(pace, 0, 600, 0, 0.5)
    texts = run(pace, 600, 1500, 300, 10.0)
    changes = [s for s, (a, b) in enumerate(pairwise(texts), 1) if a != b]
    assert changes
    assert all(later - earlier >= 60 for earlier, later in pairwise(changes))
    rooms = [spool_room_s(pace.steadied(at(1500 + n * 60, 9300 + n * 600)), 500) for n in range(3)]
    assert rooms == pytest.approx([83_333.3] * 3, rel=0.01)


def test_an_idle_run_has_no_room_to_tell() -> None:
    pace = SpoolPace()
    assert set(run(pace, 0, 1800, 7, 0.0)) == {""}


def test_a_long_silence_before_does_not_count() -> None:
    pace = SpoolPace()
    run(pace, 0, 90_000, 0, 0.0)
    told = run(pace, 90_000, 91_000, 0, 10.0)[-1]
    assert told == "20 hours"


def test_another_run_begins_anew() -> None:
    pace = SpoolPace()
    run(pace, 0, 120, 0, 10.0)
    assert spool_room_text(pace.steadied(at(121, 0)), 500) == ""


@pytest.mark.parametrize(
    ("room_s", "text"),
    [
        (800 * 86_400, "a year or more"),
        (45 * 86_400, "a month or more"),
        (28.5 * 86_400, "25 days"),
        (3.5 * 86_400, "3 days"),
        (40 * 3600, "40 hours"),
        (5.5 * 3600, "5 hours"),
        (59 * 60, "55 minutes"),
        (3.5 * 60, "3 minutes"),
        (20, "a minute"),
    ],
)
def test_the_room_is_rounded(room_s: float, text: str) -> None:
    stored = 100_000_000
    free = 500e6 / 600
    status = at(room_s * stored / free, stored)
    assert spool_room_text(status, 500) == text
