"""Profile files: the built-in ones load, a wrong one says where it is wrong."""

import pytest

from harit_desktop.analysis.profiles import ChannelRange, load_profile, parse_profile
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
