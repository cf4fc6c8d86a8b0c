"""The catalogue, the bands, a device's silence, and errors as data."""

import msgspec
import pytest

from harit_desktop.domain.analysis import Analysis, Band, Contribution, Flag, band_of
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, CHANNELS, Channel
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import KnownError, Problem


def test_the_catalogue_is_the_seven_channels_of_the_wire() -> None:
    keys = ["N", "P", "K", "CO2", "Temperature", "Moisture", "pH"]
    assert [channel.key for channel in CHANNELS] == keys
    assert [CHANNEL_INDEX[key] for key in keys] == list(range(CHANNEL_COUNT))
    columns = ["N", "P", "K", "CO2", "temperature", "moisture", "pH"]
    assert [channel.column for channel in CHANNELS] == columns


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.key)
def test_a_channel_is_sound(channel: Channel) -> None:
    assert channel.sensor_min < channel.start < channel.sensor_max
    assert channel.min_span > 0
    assert channel.precision >= 0
    assert channel.factor


@pytest.mark.parametrize(
    ("index", "band"),
    [
        (100, Band.EXCELLENT),
        (75, Band.EXCELLENT),
        (74, Band.GOOD),
        (60, Band.GOOD),
        (59, Band.FAIR),
        (45, Band.FAIR),
        (44, Band.POOR),
        (30, Band.POOR),
        (29, Band.CRITICAL),
        (1, Band.CRITICAL),
        (0, Band.CRITICAL),
        (None, Band.UNKNOWN),
    ],
)
def test_bands(index: int | None, band: Band) -> None:
    assert band_of(index) is band


def test_flags_are_the_numbers_of_qartod() -> None:
    assert [int(flag) for flag in Flag] == [1, 2, 3, 4, 9]


def test_what_is_lost_is_what_is_not_earned() -> None:
    assert Contribution("N", 50.0, earned=3.0, maximum=8.0, critical=False).lost == 5.0


def device(interval_s: float | None) -> DeviceState:
    analysis = Analysis(None, Band.UNKNOWN, False, 0.0, (), (9,) * CHANNEL_COUNT, "classic")
    values = (None,) * CHANNEL_COUNT
    return DeviceState("a", 0, 100 * US_PER_S, values, analysis, False, "t", interval_s, 1)


@pytest.mark.parametrize(("interval_s", "limit_s"), [(None, 180), (2.0, 30), (60.0, 180)])
def test_a_device_is_stale_after_three_intervals_but_not_before_30_s(
    interval_s: float | None, limit_s: int
) -> None:
    found = device(interval_s)
    assert not found.is_stale((100 + limit_s) * US_PER_S)
    assert found.is_stale((101 + limit_s) * US_PER_S)
    assert found.age_s(0) == 0.0


def test_an_error_is_data_with_a_readable_line() -> None:
    error = KnownError("store.full", path="x.db", free_mb=0)
    assert error.problem == Problem("store.full", {"path": "x.db", "free_mb": 0})
    assert (error.code, error.params["free_mb"]) == ("store.full", 0)
    assert str(error) == "store.full (path=x.db, free_mb=0)"
    assert str(Problem("store.full")) == "store.full"


def test_nouns_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        device(None).publisher_id = "b"  # type: ignore[misc]  # the point of the test
    assert msgspec.structs.replace(device(None), publisher_id="b").publisher_id == "b"
