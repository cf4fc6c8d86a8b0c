"""Profile files: the built-in ones load, a wrong one says where it is wrong."""

from importlib.resources import files
from pathlib import Path

import pytest

from harit_desktop.analysis.profiles import (
    BUILT_IN,
    MAX_FILE_BYTES,
    ChannelRange,
    load_profile,
    parse_profile,
    profile_ids,
)
from harit_desktop.analysis.schema import ConditionProfile
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError

GOOD = """\
schema = "harit-profile"
schema_version = 1
id = "mine"
method = "classic"
edge_score = 25.0

[channels.pH]
optimal = [6.0, 7.0]
alarm = [5.0, 8.0]
weight = 1
"""

WHEAT = files("harit_desktop.analysis").joinpath("data", "wheat.toml").read_text("utf-8")


def problem(text: str) -> KnownError:
    with pytest.raises(KnownError) as caught:
        parse_profile(text, "mine.toml")
    assert caught.value.params["file"] == "mine.toml"
    return caught.value


def test_classic_covers_the_catalogue() -> None:
    profile = load_profile("classic")
    assert set(profile.channels) == {channel.key for channel in CHANNELS}
    assert profile.channels["CO2"] == ChannelRange((400.0, 600.0), (300.0, 800.0), 0.8)
    assert profile.id == "classic"


def test_a_profile_may_name_some_channels_only() -> None:
    assert list(parse_profile(GOOD, "mine.toml").channels) == ["pH"]


@pytest.mark.parametrize("name", ["", "none", "../classic", "classic.toml", "Classic", "x" * 999])
def test_a_profile_that_is_not_there(name: str) -> None:
    with pytest.raises(KnownError) as caught:
        load_profile(name)
    assert caught.value.code == "profile.not_found"


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("colour = 1\n" + GOOD, "colour", 1),
        (GOOD + "wieght = 2\n", "channels.pH.wieght", 11),
        (GOOD + "[channels.EC]\noptimal = [1.0, 2.0]\n", "channels.EC", 11),
        (GOOD + '[ channels . "EC" ]\n', "channels.EC", 11),
        (GOOD + "[extra]\nweight = 2\n", "extra", 11),
        (GOOD + "[channels]\nN.weight = 1\nN.x = 2\n", "channels.N.x", 13),
        (GOOD + "[channels.N]\n'weigh\\t' = 1\n", "channels.N.weigh\\t", 0),
    ],
)
def test_an_unknown_key_is_named_with_its_line(text: str, key: str, line: int) -> None:
    error = problem(text)
    assert error.code == "profile.unknown_key"
    assert (error.params["key"], error.params["line"]) == (key, line)


@pytest.mark.parametrize("text", ["n = " + "9" * 5000, "a = " + "[" * 3000])
def test_text_that_python_cannot_read_is_a_problem_like_any(text: str) -> None:
    assert problem(text).code == "profile.not_toml"


def test_text_that_is_not_toml_names_the_line() -> None:
    error = problem(GOOD + "weight = = 2\n")
    assert error.code == "profile.not_toml"
    assert "line 11" in str(error.params["reason"])


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("weight = 1", "weight = 0", "weight"),
        ("weight = 1", "weight = nan", "weight"),
        ("weight = 1", 'weight = "1"', "weight"),
        ("edge_score = 25.0", "edge_score = 100.0", "edge_score"),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ('"harit-profile"', '"other"', "schema"),
        ("optimal = [6.0, 7.0]", "optimal = [7.0, 6.0]", "pH"),
        ("optimal = [6.0, 7.0]", "optimal = [5.0, 7.0]", "pH"),
        ("optimal = [6.0, 7.0]", "optimal = [nan, 7.0]", "pH"),
        ("alarm = [5.0, 8.0]", "alarm = [5.0]", "alarm"),
        ("alarm = [5.0, 8.0]", "", "alarm"),
    ],
)
def test_a_value_that_makes_no_sense(old: str, new: str, named: str) -> None:
    assert old in GOOD
    error = problem(GOOD.replace(old, new))
    assert error.code == "profile.invalid"
    assert named in str(error.params["reason"])


def test_a_profile_without_channels() -> None:
    assert problem(GOOD.split("[channels")[0] + "channels = {}\n").code == "profile.invalid"


# pH and temperature of FAO EcoCrop, p of FAO-56 table 22.
CROPS = {
    "rice": ((4.5, 5.5, 7.0, 9.0), (10, 20, 30, 36), 0.2),
    "wheat": ((5.5, 6.0, 7.0, 8.5), (5, 15, 23, 27), 0.55),
    "soybean": ((4.5, 5.5, 6.5, 8.4), (10, 20, 33, 38), 0.5),
    "groundnut": ((4.5, 5.5, 6.5, 8.5), (10, 22, 32, 45), 0.5),
    "cotton": ((5.0, 6.0, 7.5, 9.5), (15, 22, 36, 42), 0.65),
    "chickpea": ((4.7, 6.0, 8.5, 9.5), (7, 15, 29, 35), 0.5),
    "bajra": ((4.5, 5.0, 6.5, 8.3), (12, 25, 35, 40), 0.55),
    "sugarcane": ((4.5, 5.0, 8.0, 9.0), (15, 24, 37, 41), 0.65),
    "generic": ((5.0, 6.0, 7.5, 8.5), (8, 15, 30, 40), 0.5),
}


def test_every_crop_is_built_in() -> None:
    assert set(BUILT_IN) == {"classic", *CROPS}


@pytest.mark.parametrize("crop", CROPS)
def test_the_numbers_of_a_crop(crop: str) -> None:
    profile = load_profile(crop)
    assert isinstance(profile, ConditionProfile)
    channels = profile.channels
    acidity, warmth, water = channels.ph, channels.temperature, channels.moisture
    assert acidity is not None
    assert warmth is not None
    assert water is not None
    found = tuple((r.alarm[0], *r.optimal, r.alarm[1]) for r in (acidity, warmth))
    assert (*found, water.depletion_p) == CROPS[crop]
    assert (water.regime == "paddy") is (crop == "rice") is (water.saturation.wet is None)
    generic = load_profile("generic").channels
    assert (channels.nitrogen, channels.phosphorus, channels.potassium, channels.co2) == (
        generic.nitrogen,
        generic.phosphorus,
        generic.potassium,
        generic.co2,
    )


@pytest.mark.parametrize("crop", CROPS)
def test_every_table_of_numbers_names_its_source(crop: str) -> None:
    channels = load_profile(crop).channels
    tables = [
        channels.nitrogen.nitrate,
        channels.nitrogen.kmno4,
        channels.phosphorus,
        channels.potassium,
        channels.co2,
        channels.temperature,
        channels.moisture,
        channels.moisture.saturation,
        channels.ph,
    ]
    assert all(len(table.source) > 10 for table in tables)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("alarm_high =", "alarm_hihg =", "channels.CO2.alarm_hihg"),
        ("dry =", "dri =", "channels.Moisture.saturation.dri"),
        ("[channels.pH]", "[channels.ph]", "channels.ph"),
        ('id = "wheat"', 'edge_score = 25.0\nid = "wheat"', "edge_score"),
        ("[channels.N.kmno4]", "[channels.N.permanganate]", "channels.N.permanganate"),
    ],
)
def test_an_unknown_key_of_a_crop_is_named_with_its_line(old: str, new: str, key: str) -> None:
    text = WHEAT.replace(old, new)
    line = 1 + [new.splitlines()[0] in found for found in text.splitlines()].index(True)
    error = problem(text)
    assert error.code == "profile.unknown_key"
    assert (error.params["key"], error.params["line"]) == (key, line)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("low = 4.5", "low = 11.2", "P"),
        ("low = 10.0", "low = 0.0", "N.nitrate"),
        ("low = 125.0", "low = 260.0", "N.kmno4"),
        ("optimal = [6.0, 7.0]", "optimal = [7.0, 6.0]", "pH"),
        ("optimal = [15.0, 23.0]", "optimal = [15.0, inf]", "Temperature"),
        ("alarm = [5.5, 8.5]", "alarm = [-inf, 8.5]", "pH"),
        ("wet = [65.0, 95.0]", "wet = [40.0, 95.0]", "Moisture"),
        ("dry = [15.0, 40.0]", "dry = [nan, 40.0]", "Moisture"),
        ("alarm_high = 80000.0", "alarm_high = 20000.0", "CO2"),
        ("depletion_p = 0.55", "depletion_p = 1.0", "depletion_p"),
        ('regime = "drained"', 'regime = "swamp"', "regime"),
        ('method = "condition"', 'method = "guess"', "method"),
        ('method = "condition"', "method = [1]", "method"),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
    ],
)
def test_a_crop_that_makes_no_sense(old: str, new: str, named: str) -> None:
    assert WHEAT.count(old) == 1
    error = problem(WHEAT.replace(old, new))
    assert error.code == "profile.invalid"
    assert named in str(error.params["reason"])


def test_a_crop_that_could_never_have_an_index() -> None:
    few = WHEAT[: WHEAT.index("[channels.Temperature]")]
    error = problem(few)
    assert error.code == "profile.invalid"
    assert "Moisture or pH" in str(error.params["reason"])


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    assert load_profile("wheat", tmp_path) == load_profile("wheat")
    assert load_profile("wheat", tmp_path / "none") == load_profile("wheat")
    (tmp_path / "wheat.toml").write_bytes(
        b"\xef\xbb\xbf" + WHEAT.replace("23.0]", "21.0]").encode()
    )
    mine = load_profile("wheat", tmp_path)
    assert isinstance(mine, ConditionProfile)
    assert mine.channels.temperature is not None
    assert mine.channels.temperature.optimal == (15.0, 21.0)
    assert load_profile("rice", tmp_path).id == "rice"


def test_a_file_has_to_be_named_like_its_profile(tmp_path: Path) -> None:
    (tmp_path / "emmer.toml").write_text(WHEAT, "utf-8")
    with pytest.raises(KnownError) as caught:
        load_profile("emmer", tmp_path)
    assert caught.value.code == "profile.invalid"
    assert "emmer" in str(caught.value.params["reason"])


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").mkdir()
    (tmp_path / "b.toml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    codes = []
    for name in "abc":
        with pytest.raises(KnownError) as caught:
            load_profile(name, tmp_path)
        assert caught.value.params["file"] == f"{name}.toml"
        codes.append(caught.value.code)
    assert codes == ["profile.invalid", "profile.invalid", "profile.not_toml"]


def test_the_names_to_choose_from(tmp_path: Path) -> None:
    for name in ("wheat.toml", "zebra.toml", "my-rice.toml", "Not An Id.toml", "notes.txt"):
        (tmp_path / name).write_text("", "utf-8")
    assert profile_ids() == profile_ids(tmp_path / "none") == BUILT_IN
    assert profile_ids(tmp_path) == (*BUILT_IN, "my-rice", "zebra")
