"""Baselines over restarts and crashes: real tests of quality, real journal, no network."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading
from harit_desktop.pipeline.baselines import SAVE_EVERY_READINGS, Baselines
from harit_desktop.pipeline.stages import Stages
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.wire.registry import MessageDecoder

START_S = 1_780_000_000
COUNT = 900
SPIKES = (250, 430, 700)


def messages(device: str = "probe", shift: float = 0.0) -> list[RawMessage]:
    """A wavy minute series; a spike here and there, and moisture stuck at the end."""
    made = []
    for number in range(COUNT):
        moisture = 52.0 + shift + 3.0 * math.sin(number / 90) + 0.07 * math.cos(number * 1.7)
        if number in SPIKES:
            moisture += 25.0
        if number > COUNT - 120:
            moisture = 51.3
        values = {
            "N": 22 + math.sin(number / 40),
            "P": 18 + math.cos(number / 50),
            "K": 150 + 3 * math.sin(number / 30),
            "CO2": 500 + 9 * math.sin(number / 13),
            "Temperature": 22 + 4 * math.sin(number / 230) + 0.03 * math.cos(number),
            "Moisture": moisture,
            "pH": 7.1 + 0.01 * math.sin(number / 17),
        }
        body = {
            "timestamp": f"{START_S + 60 * number}",
            "publisher_id": device,
            "sensor_readings": {key: round(value, 3) for key, value in values.items()},
        }
        seconds = START_S + 60 * number
        body["timestamp"] = _iso(seconds)
        made.append(RawMessage("t", json.dumps(body).encode(), seconds * 1_000_000))
    return made


def _iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()


class Program:
    """Pipeline thread's parts of one run of the program."""

    def __init__(self, path: Path, every_s: float = 1e9) -> None:
        self.baselines = Baselines(every_s)
        self.quality = QualityControl.standard(
            forgotten=self.baselines.forget, recall=self.baselines.recall
        )
        self.stages = Stages(MessageDecoder("UTC"), self.quality, AnalysisEngine())
        self.journal = SqliteJournal(path, lambda: START_S * 1_000_000)
        self.journal.open()
        newest_id = self.journal.status().last_id
        self.baselines.begin(self.journal, self.quality, self.stages, newest_id, threading.Event())

    def take(self, some: Sequence[RawMessage], *, save: bool = False) -> list[tuple[int, ...]]:
        """Stores messages in batches; their flags."""
        flags = []
        for first in range(0, len(some), 50):
            items = self.stages.prepare(some[first : first + 50])
            self.journal.commit(items)
            flags += [i.analysed.analysis.flags for i in items if i.analysed is not None]
        self.baselines.keep(self.quality, self.journal.status().last_id, at_once=save)
        return flags

    def end(self) -> None:
        self.journal.close()


def lived_through(path: Path) -> list[tuple[int, ...]]:
    program = Program(path)
    flags = program.take(messages())
    program.end()
    return flags


def test_the_series_has_what_the_tests_must_find(tmp_path: Path) -> None:
    flags = lived_through(tmp_path / "a.db")
    assert all(max(flags[spike]) >= 3 for spike in SPIKES)
    assert max(flags[-1]) >= 3
    assert sum(max(one) >= 3 for one in flags[:200]) < 10


@pytest.mark.parametrize("ends", [(1,), (120, 260), (431, 432, 433), (850, 880)])
@pytest.mark.parametrize("saved", [True, False])
def test_ends_leave_no_trace_in_any_flag(
    tmp_path: Path, ends: tuple[int, ...], saved: bool
) -> None:
    """With an orderly end, and with a crash that saved nothing since the start."""
    path, everything, flags = tmp_path / "b.db", messages(), []
    for first, last in zip((0, *ends), (*ends, COUNT), strict=True):
        program = Program(path)
        flags += program.take(everything[first:last], save=saved)
        program.end()
    assert flags == lived_through(tmp_path / "a.db")


def test_a_save_in_the_middle_and_a_crash_after_it(tmp_path: Path) -> None:
    path, everything = tmp_path / "b.db", messages()
    program = Program(path)
    flags = program.take(everything[:400], save=True)
    flags += program.take(everything[400:650])
    program.end()
    program = Program(path)
    flags += program.take(everything[650:])
    program.end()
    assert flags == lived_through(tmp_path / "a.db")


def test_nothing_is_saved_before_it_is_time_but_after_many_readings(tmp_path: Path) -> None:
    program = Program(tmp_path / "b.db")
    program.take(messages()[:100])
    assert program.journal.load_baselines(10) == ({}, 0)
    program.baselines.keep(program.quality, SAVE_EVERY_READINGS)
    states, last_id = program.journal.load_baselines(10)
    assert (list(states), last_id) == (["probe"], 100)
    program.end()


def test_a_store_without_any_baseline_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a migration: the newest readings are learned from, not the oldest."""
    path = tmp_path / "b.db"
    program = Program(path)
    program.take(messages()[:300])
    program.end()
    examined = []
    monkeypatch.setattr("harit_desktop.pipeline.baselines.MOST_AGAIN", 100)
    monkeypatch.setattr(
        QualityControl, "examine", lambda self, reading: examined.append(reading.timestamp_us)
    )
    Program(path).end()
    assert examined == [(START_S + 60 * number) * 1_000_000 for number in range(200, 300)]


class FailingStore:
    def fail(self, *_: object) -> None:
        raise KnownError("store.locked")

    load_baselines = load_baseline = save_baselines = readings_after = fail


def test_a_store_that_fails_costs_no_reading() -> None:
    baselines = Baselines(0.0)
    quality = QualityControl.standard(forgotten=baselines.forget, recall=baselines.recall)
    stages = Stages(MessageDecoder("UTC"), quality, AnalysisEngine())
    baselines.begin(FailingStore(), quality, stages, 0, threading.Event())  # type: ignore[arg-type]  # it only fails
    items = stages.prepare(messages()[:60])
    baselines.keep(quality, 60)
    assert all(item.analysed is not None for item in items)


def test_more_probes_than_are_remembered(tmp_path: Path) -> None:
    """The one that gave way is remembered again when it reports."""
    path = tmp_path / "b.db"
    program = Program(path)
    program.quality = QualityControl.standard(
        devices=2, forgotten=program.baselines.forget, recall=program.baselines.recall
    )
    program.stages = Stages(MessageDecoder("UTC"), program.quality, AnalysisEngine())
    everything = messages("one")
    flags = program.take(everything[:300])
    for other in ("two", "three"):
        program.take(messages(other)[:40])
    assert "one" not in program.quality.known()
    program.take([], save=True)
    flags += program.take(everything[300:])
    program.end()
    assert flags == lived_through(tmp_path / "a.db")


class FailingQuality:
    """Tests with a fault that shows at one reading."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def configure(self, **_: object) -> None:
        pass

    def examine(self, reading: Reading) -> Verdict:
        raise IndexError("a state that is not whole")

    def forget(self, publisher_ids: Iterable[str]) -> None:
        self.forgotten += publisher_ids


def test_a_fault_in_the_tests_costs_their_memory_and_no_reading() -> None:
    quality = FailingQuality()
    stages = Stages(MessageDecoder("UTC"), quality, AnalysisEngine())  # type: ignore[arg-type]  # as far as it goes
    (item,) = stages.prepare(messages()[:1])
    assert item.analysed is not None
    assert set(item.analysed.analysis.flags) == {int(Flag.NOT_EVALUATED)}
    assert item.analysed.analysis.index is not None
    assert quality.forgotten == ["probe"]


def test_the_calibration_of_one_probe_leaves_the_bound_of_water_to_the_others() -> None:
    line = ((10.0, 5.0), (60.0, 30.0))
    calibration = Calibration("wet", "Moisture", CalibrationKind.TWO_POINT, 0, line, 0)
    analyser = AnalysisEngine(meaning=ChannelMeaning("vwc"), corrections=Corrections([calibration]))
    stages = Stages(MessageDecoder("UTC"), QualityControl.standard(), analyser)
    flags = {}
    for device in ("wet", "dry"):
        (item,) = stages.prepare(messages(device)[:1])
        assert item.analysed is not None
        flags[device] = item.analysed.analysis.flags[CHANNEL_INDEX["Moisture"]]
    assert flags == {"wet": Flag.PASS, "dry": Flag.FAIL}


def test_a_redelivery_is_no_event_of_its_probe(tmp_path: Path) -> None:
    program = Program(tmp_path / "b.db")
    first = messages()[:40]
    program.take(first)
    again = program.stages.prepare([replace(first[-1], duplicate_flag=True)])
    twice = program.stages.prepare([first[-1]])
    program.end()
    assert [one.events for one in again] == [()]
    assert [event.code for one in twice for event in one.events] in ([], ["time.duplicate"])


def test_a_deleted_probe_is_learned_anew(tmp_path: Path) -> None:
    program = Program(tmp_path / "b.db")
    program.take(messages()[:300])
    program.baselines.drop(["probe"])
    program.take([], save=True)
    assert program.quality.known() == ()
    program.end()


def test_another_file_is_begun_without_the_memory_of_the_one_before(tmp_path: Path) -> None:
    """As after a backup was put in its place."""
    program = Program(tmp_path / "a.db")
    program.take(messages()[:300])
    program.take(messages("only-here")[:300])
    program.end()
    flags = Program(tmp_path / "b.db").take(messages())
    other = SqliteJournal(tmp_path / "c.db", lambda: START_S * 1_000_000)
    other.open()
    program.journal = other
    program.baselines.begin(other, program.quality, program.stages, 0, threading.Event())
    assert program.quality.known() == ()
    assert program.take(messages()) == flags
    program.end()
