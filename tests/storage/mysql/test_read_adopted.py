"""What is read of the rows that the old backend wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from harit_desktop.domain.analysis import Band, Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.export import ExportRequest
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.mariadb_server import OLD_READINGS, MariaDbServer
from tests.storage.builders import EXAMPLE, make_item, make_items
from tests.storage.mysql.reads import EVER, old_row, rows_of, seconds, send, sweep


@pytest.fixture
def adopted(server: MariaDbServer, journal: SqliteJournal, db_path: Path) -> MariaDbServer:
    """Ours at the seconds 0 to 9; the old backend's: one of them again, two of its own, and
    one that nobody took over yet."""
    server.query(OLD_READINGS)
    old_row(
        server, -600, "22.1, 17.8, 123456.7, 498.2, 22.1, 54.8, 7.18", "70, 'Good', 0, 0.1, '[]'"
    )
    old_row(server, -500, "1, NULL, 3, 4, 5, 6, 7", "NULL, NULL, NULL, NULL, NULL")
    example = ", ".join(map(str, EXAMPLE))
    journal.commit(make_items(0, 10))
    send(server, db_path)
    old_row(server, 5, example, "65, 'Good', 0, 0.25, '[\"pH\"]'")
    sweep(server)
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE same_as IS NOT NULL") == 1
    old_row(server, 7, "9, 9, 9, 9, 9, 9, 9", "1, 'x', 1, 1, '[]'")
    return server


def test_rows_of_the_old_backend(
    adopted: MariaDbServer, history: HistoryReader, db_path: Path, out: Path
) -> None:
    series = history.series("legacy", *EVER, 10)
    assert series.time_us.tolist() == [seconds(-600), seconds(-500)]
    # As they were written, not as the nearest single-precision number.
    assert series.values[0].tolist() == [22.1, 17.8, 123456.7, 498.2, 22.1, 54.8, 7.18]
    assert series.flags.tolist() == [[1] * 7, [1, 9, 1, 1, 1, 1, 1]]
    np.testing.assert_array_equal(series.index, [70, np.nan])
    assert history.last_values("legacy") == (1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0)
    legacy, probe = history.last_states(seconds(20))
    assert (legacy.publisher_id, legacy.timestamp_us) == ("legacy", seconds(-500))
    assert (legacy.analysis.index, legacy.analysis.band) == (None, Band.UNKNOWN)
    assert legacy.analysis.flags == (1, 9, 1, 1, 1, 1, 1)
    assert (legacy.analysis.profile, legacy.topic, legacy.simulated) == ("", "", False)
    assert probe.timestamp_us == seconds(9)


def test_exact_values_of_an_adopted_database(
    adopted: MariaDbServer, history: HistoryReader, journal: SqliteJournal, db_path: Path
) -> None:
    exact = (0.1 + 0.2, 1 / 3, 152.3, 498.2, 22.1, 54.8, 7.18)
    journal.commit([make_item(30, "exact", values=exact)])
    send(adopted, db_path)
    fresh = HistoryReader(db_path.with_name("none.db"), adopted.address)
    assert fresh.last_values("exact") == exact
    assert tuple(fresh.series("exact", *EVER, 10).values[0]) == exact
    assert fresh.last_states(seconds(99))[-1].analysis.anomaly_score == 0.25
    fresh.close()


def test_linked_rows_are_counted_drawn_and_exported_once(
    adopted: MariaDbServer, history: HistoryReader, out: Path
) -> None:
    assert len(history.series("probe", *EVER, 100).time_us) == 10
    assert history.count_export(ExportRequest(out)) == 12
    assert history.export(ExportRequest(out), zone=UTC) == 12
    first, second, *ours = rows_of(out)
    assert {row["publisher_id"] for row in ours} == {"probe"}
    moment = datetime.fromtimestamp(seconds(-600) // US_PER_S, UTC).isoformat(
        timespec="microseconds"
    )
    assert list(first.values()) == [
        *(moment, "legacy", "22.1", "17.8", "123456.7", "498.2", "22.1", "54.8", "7.18"),
        *("70", "Good", "False", "0.1", "[]", "legacy"),
    ]
    assert list(second.values())[1:] == [
        *("legacy", "1.0", "", "3.0", "4.0", "5.0", "6.0", "7.0", "", "", "", "", "", "legacy")
    ]


def test_buckets_of_the_old_backends_rows(adopted: MariaDbServer, history: HistoryReader) -> None:
    for number in range(-400, -300):
        old_row(
            adopted, number, f"{100 + number % 7}.5, 1, NULL, 4, 5, 6, 7", "50, 'Fair', 0, 0, '[]'"
        )
    sweep(adopted)
    series = history.series("legacy", seconds(-400), seconds(-300), 20)
    assert series.bucketed
    assert 5 < len(series.time_us) <= 20
    assert series.low is not None
    assert np.isnan(series.values[:, 2]).all()
    assert set(series.flags[:, 2]) == {Flag.MISSING}
    assert set(series.flags[:, 0]) == {Flag.PASS}
    assert set(series.index) == {50.0}
    assert series.low[:, 0].min() == 100.5
