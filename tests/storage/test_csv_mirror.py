"""The CSV files beside the store: what is in them, and that they never hold anything up."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.message import Origin
from harit_desktop.domain.reading import Source
from harit_desktop.storage import csv_mirror
from harit_desktop.storage.csv_cells import csv_bytes, naive_text, text_cell
from harit_desktop.storage.csv_mirror import CsvMirror
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import make_item, make_items, make_rejected
from tests.storage.conftest import enlarge

KOLKATA = ZoneInfo("Asia/Kolkata")
READINGS_HEADER = (
    "timestamp,N,P,K,CO2,Temperature,Moisture,pH,"
    "health_index,health_status,is_anomalous,anomaly_score,critical_factors"
)
AUDIT_HEADER = (
    "timestamp,publisher_id,N,P,K,CO2,Temperature,Moisture,pH,"
    "health_index,health_status,is_anomalous,anomaly_score"
)


class Files:
    """A journal with its mirror."""

    def __init__(self, journal: SqliteJournal, folder: Path, max_bytes: int = 2**20) -> None:
        self.readings = folder / "sensor_readings.csv"
        self.audit = folder / "mqtt_sensor_received.csv"
        self.journal = journal
        self.mirror = CsvMirror(self.readings, self.audit, KOLKATA, max_bytes, kept_files=2)

    def store(self, batch: Sequence[CommitItem]) -> None:
        self.mirror.write(batch, self.journal.commit(batch))


@pytest.fixture
def files(journal: SqliteJournal, tmp_path: Path) -> Files:
    return Files(journal, tmp_path)


def lines(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\r\n")
    return text.split("\r\n")[:-1]


def times(path: Path) -> list[str]:
    """Minute and second of each row."""
    return [line[14:19] for line in lines(path)[1:]]


def test_the_two_files(files: Files) -> None:
    files.store(
        [
            make_item(0, values=(22.5, 17.8, None, 498.2, 22.1, 54.8, 7.18)),
            make_rejected(),
            make_item(1, "=evil", index=None),
        ]
    )
    assert lines(files.readings) == [
        READINGS_HEADER,
        "2025-11-24T21:30:00.000000,22.5,17.8,,498.2,22.1,54.8,7.18,65,Good,False,0.25,[]",
        "2025-11-24T21:30:01.000000,22.5,17.8,152.3,498.2,22.1,54.8,7.18,,Unknown,False,0.25,[]",
    ]
    assert lines(files.audit) == [
        AUDIT_HEADER,
        "2025-11-24T21:30:00.000000,probe,22.5,17.8,,498.2,22.1,54.8,7.18,65,Good,False,0.25",
        "2025-11-24T21:30:01.000000,'=evil,22.5,17.8,152.3,498.2,22.1,54.8,7.18,,Unknown,False,0.25",
    ]
    assert files.mirror.problem is None


def test_critical_factors_are_a_list(files: Files) -> None:
    files.store([make_item(0, factors=("CO2", "pH"))])
    assert lines(files.readings)[1].endswith(',65,Good,True,0.25,"[""CO2"", ""pH""]"')


def test_duplicates_simulated_and_shown_readings_stay_out(files: Files) -> None:
    files.store([make_item(2, source=Source.SIMULATOR), make_item(3, show_only=True)])
    assert not files.readings.exists()
    files.store([make_item(0), make_item(0)])
    files.store([make_item(0), make_item(1)])
    assert times(files.readings) == times(files.audit) == ["30:00", "30:01"]


def test_the_audit_file_has_only_what_came_over_mqtt(files: Files) -> None:
    files.store([make_item(0, source=Source.API, origin=Origin.API), make_item(1)])
    assert times(files.readings) == ["30:00", "30:01"]
    assert times(files.audit) == ["30:01"]


def test_a_restart_goes_on_in_the_same_file(files: Files, tmp_path: Path) -> None:
    files.store(make_items(0, 2))
    files.mirror.close()
    again = Files(files.journal, tmp_path)
    again.store(make_items(2, 2))
    assert times(files.readings) == ["30:00", "30:01", "30:02", "30:03"]


def test_rotation(journal: SqliteJournal, tmp_path: Path) -> None:
    files = Files(journal, tmp_path, max_bytes=1000)
    for number in range(60):
        files.store(make_items(number, 1))
    names = sorted(path.name for path in tmp_path.glob("sensor_readings*"))
    assert names == ["sensor_readings.1.csv", "sensor_readings.2.csv", "sensor_readings.csv"]
    kept = []
    for name in reversed(names[:2]):
        assert lines(tmp_path / name)[0] == READINGS_HEADER
        kept += times(tmp_path / name)
        assert (tmp_path / name).stat().st_size <= 1000
    kept += times(files.readings)
    # The newest rows, without a gap.
    assert kept == [f"30:{n:02}" for n in range(60)][-len(kept) :]
    assert len(kept) > 15


def test_a_batch_larger_than_a_file_is_written_whole(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    files = Files(journal, tmp_path, max_bytes=1000)
    files.store(make_items(0, 50))
    files.store(make_items(50, 1))
    assert len(times(tmp_path / "sensor_readings.1.csv")) == 50
    assert times(files.readings) == ["30:50"]


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        # Half a row: taken away. A whole row without its end: kept.
        ("2025-11-24T21:29:59.000000,1.5,2.5,", []),
        ("2025-11-24T21:29:59.000000,1,2,3,4,5,6,7,65,Good,False,0.0,[]", ["29:59"]),
    ],
)
def test_a_torn_last_line(files: Files, torn: str, kept: list[str]) -> None:
    files.readings.write_text(f"{READINGS_HEADER}\r\n{torn}", newline="")
    files.store(make_items(0, 1))
    assert times(files.readings) == [*kept, "30:00"]
    with files.readings.open(newline="") as file:
        assert {len(row) for row in csv.reader(file)} == {13}


@pytest.mark.parametrize("header", [READINGS_HEADER, "\ufeff" + READINGS_HEADER])
def test_a_file_of_the_old_system_is_continued(files: Files, header: str) -> None:
    files.readings.write_text(
        f"{header}\n2025-11-24T21:29:59.1,1,2,3,4,5,6,7,65,Good,False,0.0,[]\n",
        newline="",
        encoding="utf-8",
    )
    files.store(make_items(0, 1))
    assert files.readings.read_bytes().count(b"\n") == 3
    assert len(list(files.readings.parent.glob("sensor_readings*"))) == 1


def test_a_file_with_other_columns_is_kept(files: Files) -> None:
    theirs = "timestamp,N,P,K\n2025-11-24T21:29:59,1,2,3\n"
    for number in range(2):
        files.readings.write_text(theirs, newline="")
        os.utime(files.readings)
        files.store(make_items(number, 1))
        assert times(files.readings) == [f"30:{number:02}"]
    kept = list(files.readings.parent.glob("sensor_readings.other-*.csv"))
    assert [path.read_text() for path in kept] == [theirs, theirs]


def test_a_deleted_file_is_begun_anew(files: Files) -> None:
    files.store(make_items(0, 1))
    files.readings.unlink()
    files.store(make_items(1, 1))
    assert lines(files.readings)[0] == READINGS_HEADER
    assert times(files.readings) == ["30:01"]


def test_rows_wait_while_a_file_cannot_be_written(files: Files) -> None:
    files.readings.mkdir()
    files.store(make_items(0, 2))
    files.store(make_items(2, 1))
    problem = files.mirror.problem
    assert problem is not None
    assert problem.code == "csv_mirror.not_written"
    assert problem.params["path"] == str(files.readings)
    assert times(files.audit) == ["30:00", "30:01", "30:02"]
    files.readings.rmdir()
    files.store(make_items(3, 1))
    assert files.mirror.problem is None
    assert times(files.readings) == ["30:00", "30:01", "30:02", "30:03"]


def test_what_waits_is_written_at_the_end(files: Files) -> None:
    files.readings.mkdir()
    files.store(make_items(0, 2))
    files.readings.rmdir()
    files.mirror.close()
    assert times(files.readings) == ["30:00", "30:01"]


def test_what_waits_is_bounded(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_mirror, "MAX_WAITING_BYTES", 300)
    files.readings.mkdir()
    for number in range(10):
        files.store(make_items(number, 1))
    problem = files.mirror.problem
    assert problem is not None
    lost = problem.params["lost_rows"]
    files.readings.rmdir()
    files.mirror.close()
    left = times(files.readings)
    assert left == [f"30:{n:02}" for n in range(10)][-len(left) :]
    assert 0 < len(left) < 10
    assert lost == 10 - len(left)


def test_a_full_disk_leaves_no_half_row(journal: SqliteJournal, small_disk: Path) -> None:
    files = Files(journal, small_disk, max_bytes=2**30)
    number = 0
    while files.mirror.problem is None:
        files.store(make_items(number, 100))
        number += 100
    for path in (files.readings, files.audit):
        assert len({line.count(",") for line in lines(path)}) == 1
    enlarge(small_disk)
    files.store(make_items(number, 1))
    assert files.mirror.problem is None
    assert len(lines(files.readings)) == len(lines(files.audit)) == number + 2


def test_a_missing_folder_is_made(journal: SqliteJournal, tmp_path: Path) -> None:
    files = Files(journal, tmp_path / "new" / "folder")
    files.store(make_items(0, 1))
    assert times(files.readings) == ["30:00"]


NUMBERS = st.one_of(
    st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, 1e-7, 1e16, 0.1 + 0.2, 5e-324])
)
TEXTS = st.text(min_size=1, max_size=12) | st.sampled_from(['a,"b', "=1+1", "'+x", "\r\n", " x "])


@given(
    values=st.tuples(*[NUMBERS] * CHANNEL_COUNT),
    publisher=TEXTS,
    factors=st.lists(TEXTS, max_size=3),
    index=st.none() | st.integers(1, 100),
    time_us=st.integers(0, 4_000_000_000_000_000),
)
@settings(deadline=None)
def test_the_lines_are_those_of_the_csv_module(
    values: tuple[float | None, ...],
    publisher: str,
    factors: list[str],
    index: int | None,
    time_us: int,
) -> None:
    item = make_item(
        0, publisher, values, time_us=time_us, factors=tuple(factors), index=index
    ).analysed
    assert item is not None
    zone = ZoneInfo("Asia/Kolkata")
    time, analysis = naive_text(time_us, zone), item.analysis
    shared = [*values, index, analysis.band.value, analysis.is_anomalous, analysis.anomaly_score]
    found = csv_mirror._Line(Origin.MQTT, item, zone)
    cells = [time, *shared, text_cell(json.dumps(factors, ensure_ascii=False))]
    assert found.reading.encode() == csv_bytes([cells])
    assert found.audit.encode() == csv_bytes([[time, text_cell(publisher), *shared]])
