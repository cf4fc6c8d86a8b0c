"""The engine with a condition profile, with meanings, calibrations and users' own files."""

from pathlib import Path

import pytest

from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning
from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading, Source, TimeSource
from tests.analysis.condition_samples import CROPS, EXAMPLE, PASSES, VOLUMETRIC

DATA = Path(__file__).parents[2] / "harit_desktop" / "analysis" / "data"


GOOD = Verdict(PASSES, ())


def reading(values: tuple[float | None, ...], publisher_id: str = "a") -> Reading:
    return Reading(publisher_id, 1, 2, values, Source.MQTT, TimeSource.RECEIVED)


def test_a_crop_judges() -> None:
    found = AnalysisEngine("bajra").analyse(reading(EXAMPLE), GOOD)
    assert found == Analysis(
        index=78,
        band=Band.EXCELLENT,
        is_anomalous=False,
        anomaly_score=round(0.68 / 1.8, 4),
        critical_factors=("Temperature", "pH"),
        flags=PASSES,
        profile="bajra",
        confidence=pytest.approx(3.8 / 5.8),
    )


def test_beyond_an_alarm_limit_is_anomalous() -> None:
    found = AnalysisEngine("wheat").analyse(reading((*EXAMPLE[:4], 27.5, *EXAMPLE[5:])), GOOD)
    assert (found.is_anomalous, found.anomaly_score) == (True, 1.0)


def test_more_water_than_pores_is_suspect() -> None:
    engine = AnalysisEngine("generic", meaning=VOLUMETRIC)
    found = engine.analyse(reading((130.0, *EXAMPLE[1:])), GOOD)
    assert found.flags == (1, 1, 1, 1, 1, 3, 1)
    assert found.is_anomalous
    assert found.reasons == (("Moisture", "range.physical_high"),)
    assert engine.explain(EXAMPLE, found.flags).missing == ("Moisture",)


def test_how_much_water_is_believed_follows_from_the_soil() -> None:
    assert AnalysisEngine("generic").volumetric_most is None
    assert AnalysisEngine("classic", meaning=VOLUMETRIC).volumetric_most == 49.3
    packed = ChannelMeaning("vwc", "loam", bulk_density=1.59)
    assert AnalysisEngine("generic", meaning=packed).volumetric_most == pytest.approx(43.0)
    loose = ChannelMeaning("vwc", "loam", bulk_density=1.0)
    assert AnalysisEngine("generic", meaning=loose).analyse(reading(EXAMPLE), GOOD).flags == PASSES


@pytest.mark.parametrize("meaning", [ChannelMeaning(), VOLUMETRIC])
def test_classic_takes_every_number_as_it_comes(meaning: ChannelMeaning) -> None:
    engine = AnalysisEngine("classic", meaning=meaning)
    assert engine.analyse(reading(EXAMPLE), GOOD).index == 65
    assert engine.interval(EXAMPLE, PASSES) is None
    explained = engine.explain((None, *EXAMPLE[1:]), (9, *PASSES[1:]))
    assert explained.low is not None
    assert explained.low < explained.index < explained.high


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("meaning", [ChannelMeaning(), VOLUMETRIC])
def test_limits_for_the_charts_are_finite_and_in_order(crop: str, meaning: ChannelMeaning) -> None:
    engine = AnalysisEngine(crop, meaning=meaning)
    for channel in CHANNELS:
        limits = engine.limits(channel.key)
        if limits is None:
            assert (channel.key, meaning.co2_location) == ("CO2", "surface")
            continue
        low, high, alarm_low, alarm_high = limits
        assert alarm_low <= low < high <= alarm_high
        assert channel.sensor_min <= alarm_low
        assert alarm_high <= channel.sensor_max


def test_a_profile_of_the_users_own(tmp_path: Path) -> None:
    text = (DATA / "wheat.toml").read_text("utf-8")
    text = text.replace('id = "wheat"', 'id = "my-wheat"').replace("23.0]", "21.0]")
    (tmp_path / "my-wheat.toml").write_text(text, "utf-8")
    own = AnalysisEngine("my-wheat", folder=tmp_path).analyse(reading(EXAMPLE), GOOD)
    assert own.profile == "my-wheat"
    assert own.critical_factors == ("Temperature", "pH")
