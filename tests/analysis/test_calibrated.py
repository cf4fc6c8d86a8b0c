"""Devices that were compared with a laboratory: values corrected, trust raised, by the day."""

import random
import threading
import time

import pytest

from harit_desktop.analysis import calibrated
from harit_desktop.analysis.confidence import DAY_US
from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading, Source, TimeSource
from tests.analysis.condition_samples import EXAMPLE, PASSES

GOOD = Verdict(PASSES, ())
SAMPLED = 20_000 * DAY_US + DAY_US // 2


def lab(channel: str, probe: float, true: float, at_us: int = SAMPLED) -> Calibration:
    points = ((probe, true),)
    return Calibration("b", channel, CalibrationKind.LABORATORY, at_us, points, at_us)


def two_point(low: float, high: float) -> Calibration:
    points = ((10.0, low), (60.0, high))
    return Calibration("b", "Moisture", CalibrationKind.TWO_POINT, SAMPLED, points, SAMPLED)


def reading(
    values: tuple[float | None, ...] = EXAMPLE, publisher_id: str = "b", at_us: int = SAMPLED
) -> Reading:
    return Reading(publisher_id, at_us, at_us, values, Source.MQTT, TimeSource.SENT)


def changed(**changes: float) -> tuple[float, ...]:
    values = list(EXAMPLE)
    for key, value in changes.items():
        values[CHANNEL_INDEX[key]] = value
    return tuple(values)


@pytest.mark.parametrize("profile", ["classic", "generic", "wheat"])
def test_values_are_judged_as_corrected_and_only_from_that_day_on(profile: str) -> None:
    engine = AnalysisEngine(profile, corrections=Corrections([two_point(15.0, 30.0)]))
    bare = AnalysisEngine(profile)
    wet = changed(Moisture=54.8)
    corrected = changed(Moisture=15.0 + 44.8 * 0.3)
    assert engine.analyse(reading(wet), GOOD) == bare.analyse(reading(corrected), GOOD)
    before = reading(wet, at_us=SAMPLED - 1)
    assert engine.analyse(before, GOOD) == bare.analyse(before, GOOD)
    other = reading(wet, "a")
    assert engine.analyse(other, GOOD) == bare.analyse(other, GOOD)
    assert engine.explain(wet, PASSES, "b", SAMPLED) == bare.explain(corrected, PASSES)
    assert engine.interval(wet, PASSES, "b", SAMPLED) == bare.interval(corrected, PASSES)
    assert engine.explain(wet, PASSES, "b", SAMPLED - 1) == bare.explain(wet, PASSES)


def test_what_is_explained_is_what_was_stored() -> None:
    engine = AnalysisEngine("wheat", corrections=Corrections([lab("pH", 7.0, 8.1), lab("N", 9, 3)]))
    for days in (-1, 0, 1, 90, 179, 180, 400):
        at_us = SAMPLED + days * DAY_US + 17
        found = engine.analyse(reading(at_us=at_us), GOOD)
        explained = engine.explain(EXAMPLE, PASSES, "b", at_us)
        assert explained.index is not None
        assert abs(explained.index - (found.index or 0)) <= 0.5
        assert explained.confidence == found.confidence


def test_trust_fades_from_the_sample_on_and_three_pairs_keep_it() -> None:
    samples = [lab("N", 20.0, 20.0, SAMPLED + n * DAY_US) for n in range(3)]
    poor = changed(N=0.0)

    def confidence(count: int, days: int) -> float:
        engine = AnalysisEngine("generic", corrections=Corrections(samples[:count]))
        found = engine.analyse(reading(poor, at_us=SAMPLED + days * DAY_US), GOOD).confidence
        assert found is not None
        return found * 5.8 - 3.5

    assert confidence(1, -1) == pytest.approx(0.3)
    assert confidence(1, 0) == pytest.approx(1.0)
    assert confidence(1, 90) == pytest.approx(0.65)
    assert confidence(2, 91) == pytest.approx(0.65)
    assert confidence(2, 300) == pytest.approx(0.3)
    assert confidence(3, 2) == pytest.approx(1.0)
    assert confidence(3, 300) == pytest.approx(0.8)


def test_a_sample_at_noon_leaves_the_morning_alone() -> None:
    engine = AnalysisEngine("generic", corrections=Corrections([lab("N", 20.0, 20.0)]))
    found = [engine.analyse(reading(at_us=SAMPLED + step), GOOD).confidence for step in (-1, 0, -1)]
    assert found[0] == found[2]
    assert found[1] is not None
    assert found[0] is not None
    assert found[1] > found[0]


def test_a_calibrated_device_weighs_more() -> None:
    samples = [lab("N", 20.0, 20.0, SAMPLED + n) for n in range(3)]
    engine = AnalysisEngine("generic", corrections=Corrections(samples))
    poor, at_us = changed(N=0.0), SAMPLED + 200 * DAY_US
    trusted = engine.analyse(reading(poor, at_us=at_us), GOOD).index
    bare = engine.analyse(reading(poor, "a", at_us), GOOD).index
    assert trusted is not None
    assert bare is not None
    assert trusted < bare
    assert round(engine.explain(poor, PASSES, "b", at_us).index or 0) == trusted
    assert engine.interval(poor, PASSES, "b", at_us) != engine.interval(poor, PASSES, "a", at_us)


def test_water_is_refused_by_its_corrected_value() -> None:
    vwc = ChannelMeaning("vwc")
    down = AnalysisEngine("wheat", meaning=vwc, corrections=Corrections([two_point(5.0, 30.0)]))
    assert down.analyse(reading(), GOOD).flags == PASSES
    up = AnalysisEngine("wheat", meaning=vwc, corrections=Corrections([two_point(40.0, 60.0)]))
    dry = reading(changed(Moisture=40.0))
    found = up.analyse(dry, GOOD)
    assert found.reasons == (("Moisture", "range.physical_high"),)
    assert AnalysisEngine("wheat", meaning=vwc).analyse(dry, GOOD).reasons == ()


def test_what_a_calibrated_probe_sends_is_no_volume_yet() -> None:
    """Of that probe, and of no other."""

    def bounded(*found: Calibration) -> tuple[float | None, frozenset[str]]:
        meaning, corrections = ChannelMeaning("vwc"), Corrections(found)
        engine = AnalysisEngine("wheat", meaning=meaning, corrections=corrections)
        return engine.volumetric_most, engine.moisture_calibrated

    assert bounded() == bounded(lab("N", 20.0, 30.0)) == (49.3, frozenset())
    assert bounded(two_point(5.0, 30.0)) == (49.3, frozenset("b"))


def test_a_failed_value_stays_left_out_though_its_correction_is_none_below_zero() -> None:
    engine = AnalysisEngine("generic", corrections=Corrections([lab("P", 20.0, 5.0)]))
    failed = (1, 4, 1, 1, 1, 1, 1)
    explained = engine.explain(changed(P=-7.67), failed, "b", SAMPLED)
    assert explained.missing == ("P",)


def test_methods_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrated, "MOST_METHODS", 10)
    engine = AnalysisEngine("generic", corrections=Corrections([lab("N", 20.0, 20.0)]))
    for day in range(400):
        engine.analyse(reading(at_us=SAMPLED + day * DAY_US), GOOD)
        assert len(engine._calibrated._methods) <= 10


def test_several_threads_at_once_get_what_one_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrated, "MOST_METHODS", 16)
    corrections = Corrections([lab("N", 20.0, 12.0), lab("K", 100.0, 80.0)])
    engine = AnalysisEngine("wheat", corrections=corrections)
    times = [SAMPLED + (day - 10) * DAY_US for day in range(60)]
    expected = {
        at: AnalysisEngine("wheat", corrections=corrections).analyse(reading(at_us=at), GOOD)
        for at in times
    }
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(1500):
            at = rng.choice(times)
            if engine.analyse(reading(at_us=at), GOOD) != expected[at]:
                wrong.append(at)
            if rng.random() < 0.01:
                time.sleep(0)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not wrong
    assert not any(worker.is_alive() for worker in workers)
