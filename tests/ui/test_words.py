"""Names, numbers, ages, durations and trends in the user's language and number format."""

from datetime import datetime

import pytest
from PySide6.QtCore import QLocale

from harit_desktop.domain.analysis import Band
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui import words

HOUR_S = 3600.0
DAY_S = 86_400.0


def test_every_channel_of_the_catalogue_has_a_name_and_every_unit_a_spoken_one() -> None:
    names = [words.channel_name(channel.key) for channel in CHANNELS]
    assert len(set(names)) == len(CHANNELS)
    assert words.channel_name("N") == "Nitrogen"
    # One name wherever it stands: the sensor may be above the ground.
    for said in (words.channel_name, words.channel_short_name, words.channel_in_sentence):
        assert said("CO2") == "CO₂"
    for channel in CHANNELS:
        assert words.factor_name(channel.factor) == words.channel_short_name(channel.key)
        if channel.unit:
            assert words.unit_spoken(channel.unit) != channel.unit


def test_unknown_names_from_outside_are_shown_as_they_are_on_one_short_line() -> None:
    assert words.channel_name("EC\nsalt") == "EC salt"
    assert words.profile_name("my own") == "my own"
    assert len(words.plain("x" * 5000)) == 200


def test_every_band_has_a_word() -> None:
    assert {words.band_word(band) for band in Band} == {band.value for band in Band}


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (0.4, "just now"),
        (3.9, "3 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (59 * 60, "59 min ago"),
        (2 * HOUR_S, "2 h ago"),
        (3 * DAY_S, "3 d ago"),
    ],
)
def test_ages_count_seconds_up_to_a_minute_and_minutes_after_it(age_s: float, text: str) -> None:
    assert words.age_text(age_s) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (8, "8 s"),
        (42 * 60 + 30, "42 min"),
        (HOUR_S, "1 h"),
        (2 * HOUR_S + 16 * 60, "2 h 16 min"),
        (DAY_S, "1 d"),
        (DAY_S + 11 * HOUR_S, "1 d 11 h"),
        (-5, "0 s"),
    ],
)
def test_durations_name_their_two_largest_units(duration_s: float, text: str) -> None:
    assert words.duration_text(duration_s) == text


def test_numbers_follow_the_locale() -> None:
    assert words.number(1284302.456, 1) == "1,284,302.5"
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert words.number(1284302.456, 1) == "1.284.302,5"
    assert words.channel_value("Moisture", 30.84) == "30,8 %"


def test_big_numbers_have_groups_where_the_system_has_no_language() -> None:
    QLocale.setDefault(QLocale.c())
    assert words.count(1_125_543) == "1125543"
    words.use_grouping(QLocale.c())
    assert words.count(1_125_543) == "1,125,543"
    words.use_grouping(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert words.count(1_125_543) == "1.125.543"


def test_numbers_without_a_value_are_a_dash_and_zero_has_no_sign() -> None:
    assert words.number(None) == words.number(float("nan")) == words.DASH
    assert words.number(-0.04, 1) == "0.0"


def test_values_take_decimals_and_unit_from_the_catalogue() -> None:
    assert words.channel_value("K", 152.3) == "152 mg/kg"
    assert words.channel_value("pH", 7.184) == "7.18"
    assert words.range_text(25.0, 40.0) == "25–40"
    assert words.range_text(6.5, 7.5) == "6.5–7.5"


def test_trends_have_a_sign_a_size_and_a_span() -> None:
    assert words.trend_text("K", 5.6, False, HOUR_S) == "▲ 6 in 1 h"
    assert words.trend_text("N", -5.64, False, 20 * 60) == "▼ 5.6 in 20 min"
    assert words.trend_text("N", 0.1, True, HOUR_S) == "→ steady"
    assert words.trend_text("N", None, False, 0) == words.DASH
    assert words.trend_spoken("N", -1.2, False, HOUR_S) == "falling 1.2 in 1 h"


def test_instants_are_told_in_local_time_with_the_date_only_where_it_is_another_day() -> None:
    local = datetime(2026, 11, 23, 12, 14, 9).astimezone()
    at_us = int(local.timestamp() * 1_000_000)
    assert words.clock_text(at_us) == "12:14"
    assert words.clock_text(at_us, seconds=True) == "12:14:09"
    assert words.date_text(at_us) == "23 Nov"
    assert words.moment_text(at_us, at_us + 60_000_000) == "12:14"
    assert words.moment_text(at_us, at_us + 86_400_000_000) == "23 Nov 12:14"


def test_a_list_reads_as_a_list() -> None:
    assert words.joined(["Moisture", "pH"]) == "Moisture and pH"


@pytest.mark.parametrize(
    ("age_s", "spoken"),
    [
        (1.0, "1 second ago"),
        (60.0, "1 minute ago"),
        (HOUR_S, "1 hour ago"),
        (DAY_S, "1 day ago"),
        (2 * DAY_S, "2 days ago"),
    ],
)
def test_one_is_not_a_plural(age_s: float, spoken: str) -> None:
    assert words.age_spoken(age_s) == spoken


def test_a_day_stands_for_an_instant_where_space_is_scarce() -> None:
    local = datetime(2026, 11, 23, 12, 14, 9).astimezone()
    at_us = int(local.timestamp() * 1_000_000)
    assert words.day_text(at_us, at_us + 60_000_000) == "12:14"
    assert words.day_text(at_us, at_us + 86_400_000_000) == "23 Nov"
    assert words.day_text(at_us, at_us + 86_400_000_000 * 300) == "23 Nov 2026"


def test_channels_have_a_symbol_and_a_form_for_sentences() -> None:
    symbols = [words.channel_symbol(channel.key) for channel in CHANNELS]
    assert symbols == ["N", "P", "K", "CO₂", "Temp.", "Moisture", "pH"]
    assert [words.channel_in_sentence(key) for key in ("P", "pH")] == ["phosphorus", "pH"]
