"""A reading in, a judgement out."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl, SensorRange
from harit_desktop.domain.analysis import Analysis, Band, Flag, band_of
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.quality import Finding, Verdict
from harit_desktop.domain.reading import Reading, Source, TimeSource

EXAMPLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
ENGINE = AnalysisEngine()
INSIDE = (1,) * CHANNEL_COUNT


def reading(values: Sequence[float | None]) -> Reading:
    return Reading("a", 1, 2, tuple(values), Source.MQTT, TimeSource.RECEIVED)


def analyse(values: Sequence[float | None]) -> Analysis:
    found = reading(values)
    return ENGINE.analyse(found, QualityControl().examine(found))


def example(**changes: float | None) -> list[float | None]:
    keys = [channel.key for channel in CHANNELS]
    return [changes.get(key, value) for key, value in zip(keys, EXAMPLE, strict=True)]


def test_the_worked_example() -> None:
    assert analyse(EXAMPLE) == Analysis(
        index=65,
        band=Band.GOOD,
        is_anomalous=False,
        anomaly_score=0.0,
        critical_factors=(),
        flags=INSIDE,
        profile="classic",
    )


def test_the_row_the_old_system_called_excellent() -> None:
    found = analyse(example(P=-7.67, pH=4.14))
    assert found.flags == (1, 4, 1, 1, 1, 1, 1)
    assert found.band in (Band.POOR, Band.CRITICAL)
    assert found.critical_factors == ("pH",)
    assert found.is_anomalous
    assert ENGINE.explain(example(P=-7.67, pH=4.14), found.flags).missing == ("P",)


@given(st.tuples(*[st.floats(c.sensor_min, c.sensor_max) for c in CHANNELS]))
def test_with_pH_beyond_its_alarm_limit_the_index_is_never_good(values: tuple[float, ...]) -> None:
    found = analyse((*values[:6], 4.14))
    assert found.index is not None
    assert found.index < 60


@pytest.mark.parametrize("value", [-0.001, 14.001, -1e6, 1e6])
def test_an_impossible_value_is_kept_out_of_the_index(value: float) -> None:
    found = analyse(example(pH=value))
    without = analyse(example(pH=None))
    assert found.flags[6] == 4
    assert without.flags[6] == 9
    assert found.index == without.index
    assert found.is_anomalous
    assert not without.is_anomalous


def test_a_withheld_index() -> None:
    found = analyse(example(pH=None, Moisture=101.0))
    assert (found.index, found.band) == (None, Band.UNKNOWN)
    assert found.is_anomalous


def test_critical_factors_use_the_old_names_in_catalogue_order() -> None:
    found = analyse((14.0, 26.0, 99.0, 601.0, 26.0, 61.0, 6.4))
    names = ("Nitrogen", "Phosphorus", "Potassium", "CO2", "Temperature", "Moisture", "pH")
    assert found.critical_factors == names
    assert not found.is_anomalous


@pytest.mark.parametrize(
    ("moisture", "anomalous", "score"),
    [
        (60.0, False, 0.0),
        (62.5, False, 0.25),
        (70.0, False, 1.0),
        (70.001, True, 1.0),
        (37.5, False, 0.25),
        (29.999, True, 1.0),
        (101.0, True, 1.0),
        (None, False, 0.0),
    ],
)
def test_anomaly_score_is_the_way_to_the_alarm_limit(
    moisture: float | None, anomalous: bool, score: float
) -> None:
    found = analyse(example(Moisture=moisture))
    assert found.is_anomalous is anomalous
    assert found.anomaly_score == pytest.approx(score)


@given(st.tuples(*[st.none() | st.floats(-1e6, 1e6) for _ in CHANNELS]))
def test_any_reading_gets_a_sound_judgement(values: tuple[float | None, ...]) -> None:
    found = analyse(values)
    assert found.band is band_of(found.index)
    assert found.index is None or 1 <= found.index <= 86
    assert 0.0 <= found.anomaly_score <= 1.0
    assert not found.is_anomalous or found.anomaly_score == 1.0
    assert len(found.flags) == CHANNEL_COUNT
    assert all(type(flag) is int for flag in found.flags)
    assert [flag == 9 for flag in found.flags] == [value is None for value in values]
    assert analyse(values) == found


def test_limits_for_the_charts() -> None:
    assert ENGINE.limits("Moisture") == (40.0, 60.0, 30.0, 70.0)
    assert ENGINE.limits("EC") is None


def test_an_unknown_profile() -> None:
    with pytest.raises(KnownError) as caught:
        AnalysisEngine("potato")
    assert caught.value.code == "profile.not_found"


def test_a_sensor_fault_says_which_limit_was_passed() -> None:
    found = SensorRange().findings(reading(example(N=-1.5, Temperature=80.5, P=None, K=2999.0)))
    assert list(found) == [
        Finding("N", Flag.FAIL, "range.sensor_low", -1.5, 0.0),
        Finding("Temperature", Flag.FAIL, "range.sensor_high", 80.5, 80.0),
    ]


def test_not_a_number_is_never_believed() -> None:
    assert analyse(example(N=float("nan"))).flags[0] == Flag.FAIL


class Says:
    """A quality test that finds what it was told to."""

    def __init__(self, channel: str, flag: Flag) -> None:
        self._finding = Finding(channel, flag, "test.said", 0.0, 0.0)

    def findings(self, reading: Reading) -> Sequence[Finding]:
        return (self._finding,)


@pytest.mark.parametrize("order", [1, -1])
def test_the_most_severe_finding_sets_the_flag(order: int) -> None:
    tests = [Says("N", Flag.FAIL), Says("N", Flag.SUSPECT), Says("K", Flag.NOT_EVALUATED)]
    verdict = QualityControl(tests[::order]).examine(reading(EXAMPLE))
    assert verdict.flags == (4, 1, 2, 1, 1, 1, 1)
    assert len(verdict.findings) == 3


def test_a_suspect_channel_counts_but_makes_the_reading_anomalous() -> None:
    verdict = QualityControl([Says("N", Flag.SUSPECT)]).examine(reading(EXAMPLE))
    found = ENGINE.analyse(reading(EXAMPLE), verdict)
    assert found.flags[0] == 3
    assert found.index == 65
    assert (found.is_anomalous, found.anomaly_score) == (True, 1.0)
    assert found.reasons == (("N", "test.said"),)


def test_reasons_name_the_finding_that_set_the_flag_in_catalogue_order() -> None:
    findings = (
        Finding("pH", Flag.SUSPECT, "spike.returned", 5.0, 1.0),
        Finding("N", Flag.SUSPECT, "noise.high", 1.0, 1.0),
        Finding("N", Flag.FAIL, "flat.repeats", 1.0, 1.0),
        Finding("N", Flag.FAIL, "range.sentinel", 1.0, 1.0),
        Finding("K", Flag.NOT_EVALUATED, "drift.siblings", 1.0, 1.0),
        Finding("CO2", Flag.PASS, "jump.wetting", 1.0, 1.0),
    )
    verdict = Verdict((4, 1, 2, 1, 1, 1, 3), findings)
    found = ENGINE.analyse(reading(EXAMPLE), verdict)
    assert found.flags == verdict.flags
    assert found.reasons == (("N", "flat.repeats"), ("pH", "spike.returned"))


def test_the_same_reading_and_verdict_give_the_same_judgement_whatever_came_between() -> None:
    verdict = QualityControl().examine(reading(EXAMPLE))
    first = ENGINE.analyse(reading(EXAMPLE), verdict)
    ENGINE.analyse(reading(example(pH=1.0, N=None)), Verdict((9, 1, 1, 1, 1, 1, 4), ()))
    assert ENGINE.analyse(reading(EXAMPLE), verdict) == first
