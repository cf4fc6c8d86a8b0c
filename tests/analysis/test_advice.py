"""Advice: when, how urgent, in what order; and that a nutrient never gets more than a test."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.analysis.advice_rules import (
    AdviceFile,
    NutrientRule,
    Nutrients,
    ReasonRule,
    TrendRule,
    built_in_rules,
    parse_rules,
)
from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning
from harit_desktop.analysis.profiles import BUILT_IN
from harit_desktop.analysis.quality.rules import CODES
from harit_desktop.domain.advice import Advice
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.domain.errors import KnownError
from tests.analysis.condition_samples import EXAMPLE, FLAGS, IN_SOIL, PASSES, some_values

CODES_OF_ADVICE = {
    *(f"{t}.{s}" for t in ("water", "ph", "temperature") for s in ("too_low", "low", "high")),
    *("water.too_high", "ph.too_high", "temperature.too_high"),
    *("air.low", "air.high", "air.too_high"),
    *("nutrient.low", "nutrient.high", "nutrient.falling", "nutrient.rising"),
    *("sensor.out_of_range", "sensor.in_air", "sensor.stuck", "sensor.frozen", "sensor.jumpy"),
    *("sensor.noisy", "sensor.drifting", "sensor.calibrate", "sensor.clock"),
}
MAY_NAME = {"nutrient.low", "nutrient.high", "nutrient.falling", "nutrient.rising"}
ENGINES = {name: AnalysisEngine(name) for name in BUILT_IN}
URGENCIES = ("crit", "warn", "info")
FILE = """\
schema = "harit-advice"
schema_version = 1

[water.low]
urgency = "warn"
limit = "optimal"

[sensor.stuck]
urgency = "info"
reasons = ["flat.repeats"]
"""


def changed(**changes: float | None) -> tuple[float | None, ...]:
    values: list[float | None] = list(EXAMPLE)
    for key, value in changes.items():
        values[CHANNEL_INDEX[key]] = value
    return tuple(values)


def flagged(**flags: int) -> tuple[int, ...]:
    found = list(PASSES)
    for key, flag in flags.items():
        found[CHANNEL_INDEX[key]] = flag
    return tuple(found)


def lab(*channels: str) -> Corrections:
    return Corrections(
        Calibration("b", key, CalibrationKind.LABORATORY, 5, ((20.0, 20.0),), 5) for key in channels
    )


COMPARED = AnalysisEngine("generic", corrections=lab("N", "P", "K"))


def codes(values: tuple[float | None, ...], profile: str = "generic") -> list[str]:
    engine = AnalysisEngine(profile, corrections=lab("N", "P", "K"))
    return [one.code for one in engine.advice(values, PASSES, (), "b", 5)]


def test_good_soil_and_a_compared_probe_need_nothing() -> None:
    assert COMPARED.advice(EXAMPLE, PASSES, (), "b", 5) == ()


@pytest.mark.parametrize(
    ("channel", "topic", "values"),
    [
        ("Moisture", "water", (10.0, 30.0, 50.0, 80.0, 99.0)),
        ("pH", "ph", (4.0, 5.5, 7.0, 8.0, 9.0)),
        ("Temperature", "temperature", (3.0, 12.0, 20.0, 35.0, 45.0)),
    ],
)
def test_each_side_of_a_channel(channel: str, topic: str, values: tuple[float, ...]) -> None:
    expected = [[f"{topic}.too_low"], [f"{topic}.low"], [], [f"{topic}.high"]]
    expected.append([f"{topic}.too_high"])
    assert [codes(changed(**{channel: value})) for value in values] == expected


def test_what_a_sentence_names() -> None:
    found = COMPARED.advice(changed(Moisture=30.0), PASSES, (), "b", 5)
    params = {"value": 30.0, "low": 40.0, "high": 65.0}
    assert found == (Advice("water.low", "warn", "Moisture", params),)
    found = COMPARED.advice(changed(P=3.0), PASSES, (), "b", 5)
    # Plenty of a nutrient is no loss, so there is no upper end to name.
    assert found == (Advice("nutrient.low", "info", "P", {"value": 3.0, "low": 4.5}),)


def test_the_limits_themselves_are_good_enough() -> None:
    assert codes(changed(Moisture=40.0)) == []
    assert codes(changed(Moisture=15.0)) == ["water.low"]


def test_rice_is_never_too_wet() -> None:
    assert codes(changed(Moisture=100.0), "rice") == ["ph.high"]


def test_air_is_a_matter_of_where_it_is_measured() -> None:
    foul = changed(CO2=90_000.0)
    assert codes(foul) == []
    assert codes(foul, "classic") == ["air.too_high"]
    engine = AnalysisEngine("generic", meaning=IN_SOIL, corrections=lab("N", "P", "K"))
    assert [a.code for a in engine.advice(foul, PASSES, (), "b", 5)] == ["air.too_high"]
    stale = engine.advice(changed(CO2=30_000.0), PASSES, (), "b", 5)
    assert stale == (Advice("air.high", "warn", "CO2", {"value": 30_000.0, "high": 20_000.0}),)
    assert codes(changed(CO2=350.0), "classic") == ["air.low"]


def test_the_most_urgent_first() -> None:
    found = COMPARED.advice(
        (5.0, 3.0, 40.0, 500.0, 35.0, 10.0, 4.0),
        flagged(Temperature=4),
        (("Temperature", "range.sentinel"),),
        "b",
        5,
        {"N": -30.0, "K": 25.0},
    )
    assert [(one.code, one.channel, one.urgency) for one in found] == [
        ("water.too_low", "Moisture", "crit"),
        ("sensor.out_of_range", "Temperature", "warn"),
        ("ph.too_low", "pH", "warn"),
        ("nutrient.falling", "N", "info"),
        ("nutrient.low", "N", "info"),
        ("nutrient.rising", "K", "info"),
        ("nutrient.low", "P", "info"),
        ("nutrient.low", "K", "info"),
    ]


@pytest.mark.parametrize("flag", [3, 4, 9])
def test_a_channel_in_doubt_says_nothing_about_the_field(flag: int) -> None:
    for key in CHANNEL_INDEX:
        bad = changed(**{key: None if flag == 9 else -50.0})
        found = COMPARED.advice(bad, flagged(**{key: flag}), (), "b", 5, {key: -90.0})
        assert found == ()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("range.sensor_low", "sensor.out_of_range"),
        ("range.sentinel", "sensor.out_of_range"),
        ("flat.repeats", "sensor.stuck"),
        ("spike.returned", "sensor.jumpy"),
        ("step.unsettled", "sensor.jumpy"),
        ("drop.stayed", "sensor.jumpy"),
        ("noise.high", "sensor.noisy"),
        ("drift.pair", "sensor.drifting"),
        ("drift.siblings", "sensor.drifting"),
    ],
)
def test_care_for_the_sensor(reason: str, code: str) -> None:
    found = COMPARED.advice(changed(pH=2.0), flagged(pH=3), (("pH", reason),), "b", 5)
    assert [(one.code, one.channel, dict(one.params)) for one in found] == [
        (code, "pH", {"value": 2.0})
    ]


def test_every_reason_that_can_set_a_flag_has_its_care() -> None:
    covered = {
        reason
        for _, rule in built_in_rules()
        if isinstance(rule, ReasonRule)
        for reason in rule.reasons
    }
    no_flag = {"jump.wetting", "unusual.hour"} | {c for c in CODES if c.startswith("time.")}
    assert covered == set(CODES) - no_flag


@pytest.mark.parametrize(
    ("reason", "code"), [("cross.in_air", "sensor.in_air"), ("cross.frozen", "sensor.frozen")]
)
def test_a_probe_that_does_not_measure_the_soil_says_nothing_about_it(
    reason: str, code: str
) -> None:
    values = (1.0, 1.0, 2.0, 400.0, 45.0, 0.5, 7.0)
    reasons = (*((key, reason) for key in ("N", "P", "K", "Moisture")), ("pH", "noise.high"))
    flags = (3, 3, 3, 1, 1, 3, 3)
    engine = ENGINES["wheat"]
    assert engine.advice(values, flags, reasons) == (Advice(code, "crit"),)
    clock = engine.advice(values, flags, reasons, clock_suspect=True)
    assert [one.code for one in clock] == [code, "sensor.clock"]


def test_more_water_than_pores_is_care_for_the_sensor_whatever_was_stored() -> None:
    vwc = AnalysisEngine("wheat", meaning=ChannelMeaning("vwc"), corrections=lab("N", "P", "K"))
    found = vwc.advice(EXAMPLE, PASSES, (), "b", 5)
    assert [(one.code, one.channel) for one in found] == [
        ("sensor.out_of_range", "Moisture"),
        ("ph.high", "pH"),
    ]


def test_values_are_judged_as_corrected_and_faults_shown_as_sent() -> None:
    points = ((10.0, 5.0), (60.0, 30.0))
    line = Calibration("b", "Moisture", CalibrationKind.TWO_POINT, 5, points, 5)
    engine = AnalysisEngine("generic", corrections=Corrections([line]))
    (found, _) = engine.advice(changed(Moisture=60.0), PASSES, (), "b", 5)
    assert (found.code, found.params["value"]) == ("water.low", pytest.approx(30.0))
    stuck = (("Moisture", "flat.repeats"),)
    (found, _) = engine.advice(changed(Moisture=60.0), flagged(Moisture=3), stuck, "b", 5)
    assert found.params == {"value": 60.0}


def test_an_estimate_is_to_be_compared_one_nutrient_at_a_time() -> None:
    def asked(*compared: str, **values: float | None) -> list[str]:
        engine = AnalysisEngine("generic", corrections=lab(*compared))
        found = engine.advice(changed(**values), PASSES, (), "b", 5)
        return [one.channel for one in found if one.code == "sensor.calibrate"]

    # N last: what a Soil Health Card says of it may be another nitrogen than the profile's.
    assert asked() == ["P"]
    assert asked("P") == ["K"]
    assert asked("P", "K") == ["N"]
    assert asked("N", "P", K=None) == []
    assert asked("N", "P", "K") == []
    before = AnalysisEngine("generic", corrections=lab("N")).advice(EXAMPLE, PASSES, (), "b", 4)
    assert [(one.code, one.channel) for one in before] == [("sensor.calibrate", "P")]


@pytest.mark.parametrize(
    ("change", "code"),
    [(-19.9, None), (-20.0, "nutrient.falling"), (19.9, None), (20.0, "nutrient.rising")],
)
def test_a_change_has_to_be_worth_a_word(change: float, code: str | None) -> None:
    found = COMPARED.advice(EXAMPLE, PASSES, (), "b", 5, {"P": change, "Moisture": -80.0})
    expected = () if code is None else (Advice(code, "info", "P", {"value": change, "days": 7}),)
    assert found == expected


@given(
    st.sampled_from(BUILT_IN),
    some_values(),
    FLAGS,
    st.lists(st.tuples(st.sampled_from(list(CHANNEL_INDEX)), st.sampled_from(list(CODES)))),
    st.dictionaries(st.sampled_from(list(CHANNEL_INDEX)), st.floats(-500, 500)),
    st.booleans(),
)
def test_of_any_reading(
    profile: str,
    values: tuple[float | None, ...],
    flags: tuple[int, ...],
    reasons: list[tuple[str, str]],
    trends: dict[str, float],
    clock_suspect: bool,
) -> None:
    found = ENGINES[profile].advice(
        values, flags, reasons, "b", 5, trends, clock_suspect=clock_suspect
    )
    assert {one.code for one in found} <= CODES_OF_ADVICE
    ranks = [URGENCIES.index(one.urgency) for one in found]
    assert ranks == sorted(ranks)
    about = [(one.code, one.channel) for one in found]
    assert len(about) == len(set(about))
    for one in found:
        topic = one.code.split(".")[0]
        assert set(one.params) <= {"value", "low", "high", "days"}
        if topic != "sensor":
            assert flags[CHANNEL_INDEX[one.channel]] in (1, 2)
        if one.channel in ("N", "P", "K") and topic != "sensor":
            assert one.code in MAY_NAME
            assert one.urgency == "info"


def test_no_rule_can_say_more_of_a_nutrient_than_to_have_it_tested() -> None:
    """No amount and no urgency: neither in this file nor in any that the schema takes."""
    assert {f"nutrient.{f.name}" for f in msgspec.structs.fields(Nutrients)} == MAY_NAME
    for kind in (NutrientRule, TrendRule):
        names = {field.name for field in msgspec.structs.fields(kind)}
        assert names in ({"urgency", "limit"}, {"urgency", "percent"})
    for urgency in ("warn", "crit"):
        text = FILE + f'[nutrient.low]\nurgency = "{urgency}"\nlimit = "optimal"\n'
        assert problem(text).code == "profile.invalid"
    more = FILE + '[nutrient.low]\nurgency = "info"\nlimit = "optimal"\nkg_per_ha = 60\n'
    error = problem(more)
    assert (error.code, error.params["line"]) == ("profile.unknown_key", 14)


def problem(text: str) -> KnownError:
    with pytest.raises(KnownError) as caught:
        parse_rules(text, "advice.toml")
    assert caught.value.params["file"] == "advice.toml"
    return caught.value


def test_the_codes_are_those_of_the_window() -> None:
    topics = msgspec.structs.fields(AdviceFile)[2:]
    known = {
        f"{topic.name}.{field.name}"
        for topic in topics
        for field in msgspec.structs.fields(topic.type)
    }
    assert known == CODES_OF_ADVICE
    assert {code for code, _ in built_in_rules()} == known


def test_rules_keep_the_order_of_their_file() -> None:
    assert [code for code, _ in parse_rules(FILE, "a")] == ["water.low", "sensor.stuck"]
    head, water, sensor = FILE.split("\n\n")
    turned = f"{head}\n\n{sensor}\n\n{water}"
    assert [code for code, _ in parse_rules(turned, "a")] == ["sensor.stuck", "water.low"]


@pytest.mark.parametrize(
    ("old", "new", "code", "named"),
    [
        ("[water.low]", "[water.lowest]", "profile.unknown_key", "water.lowest"),
        ("[water.low]", "[soil.low]", "profile.unknown_key", "soil"),
        ("limit =", "limits =", "profile.unknown_key", "water.low.limits"),
        ('"optimal"', '"best"', "profile.invalid", "limit"),
        ('"warn"', '"soon"', "profile.invalid", "urgency"),
        ("flat.repeats", "flat.tyre", "profile.invalid", "flat.tyre"),
        ('["flat.repeats"]', "[]", "profile.invalid", "reasons"),
        ("schema_version = 1", "schema_version = 2", "profile.invalid", "schema_version"),
        ("harit-advice", "harit-profile", "profile.invalid", "schema"),
        ("[water.low]", "[water.low", "profile.not_toml", "line 4"),
    ],
)
def test_a_wrong_file_is_refused(old: str, new: str, code: str, named: str) -> None:
    assert old in FILE
    error = problem(FILE.replace(old, new))
    assert error.code == code
    assert named in " ".join(map(str, error.params.values()))


def test_an_unknown_key_is_named_with_its_line() -> None:
    assert problem(FILE.replace("limit =", "limits =")).params["line"] == 6
    assert problem(FILE.replace("[sensor.stuck]", "[sensor.stick]")).params["line"] == 8


def test_a_reason_stands_once() -> None:
    text = FILE + '[sensor.noisy]\nurgency = "info"\nreasons = ["flat.repeats"]\n'
    assert "sensor.stuck" in str(problem(text).params["reason"])
