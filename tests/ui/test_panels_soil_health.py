"""The Soil health panel: index, band, change, why, critical factors, and when it must not."""

import subprocess
import sys

import pytest
from msgspec import structs
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Explanation, Flag
from harit_desktop.ui.panels.health_details import HealthDetails
from harit_desktop.ui.panels.health_parts import Sparkline
from harit_desktop.ui.panels.health_texts import explains, unexplained_text
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.theme import DARK, LIGHT, ThemeController
from tests.ui.chart_samples import HOUR_US, MINUTE_US, NOW_US, analysis, device, explanation


@pytest.fixture
def panel(qtbot: QtBot, theme: ThemeController) -> SoilHealthPanel:
    made = SoilHealthPanel()
    qtbot.addWidget(made)
    made.resize(288, 600)
    made.show()
    return made


def text(panel: SoilHealthPanel, name: str) -> str:
    return panel.findChild(QLabel, f"label.health.{name}").text()


def seen(panel: SoilHealthPanel, name: str) -> bool:
    return panel.findChild(QWidget, name).isVisible()


def order(panel: SoilHealthPanel) -> list[str]:
    """The visible contribution rows from top to bottom."""
    rows = [
        row
        for row in panel.findChildren(QWidget)
        if row.objectName().startswith("health.contrib.") and row.isVisible()
    ]
    rows.sort(key=lambda row: row.y())
    return [row.objectName().removeprefix("health.contrib.") for row in rows]


def test_without_a_reading_it_says_when_there_will_be_one(panel: SoilHealthPanel) -> None:
    panel.set_reading(None, None, NOW_US)
    assert text(panel, "empty") == "No reading yet"
    assert seen(panel, "label.health.empty")
    assert not seen(panel, "label.health.index")
    assert panel.property("state") == "empty"
    assert "at least four channels can be used, moisture or pH among them" in text(panel, "hint")


def test_index_band_and_profile(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    assert text(panel, "index") == "65"
    assert text(panel, "band") == "Good"
    assert text(panel, "profile") == "Profile: Harit Classic · 7 of 7 channels"
    index = panel.findChild(QLabel, "label.health.index")
    assert index.accessibleName() == "Soil health 65 of 100"
    assert panel.property("state") == "live"
    assert not seen(panel, "label.health.empty")


def test_contributions_are_sorted_by_what_they_cost(panel: SoilHealthPanel, qtbot: QtBot) -> None:
    panel.set_reading(device(), explanation(), NOW_US)
    qtbot.waitUntil(lambda: order(panel)[:3] == ["Moisture", "pH", "N"])
    assert order(panel) == ["Moisture", "pH", "N", "Temperature", "K", "P", "CO2"]
    moisture = panel.findChild(QWidget, "health.contrib.Moisture")
    assert moisture.accessibleName() == "Moisture 0.0 of 10.0 points, outside the optimal range"
    assert moisture.property("state") == "error"
    nitrogen = panel.findChild(QWidget, "health.contrib.N")
    assert nitrogen.accessibleName() == "Nitrogen 4.0 of 10.0 points"


def test_the_ceiling_of_the_profile_is_explained(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(), explanation(), NOW_US)
    assert text(panel, "ceiling") == (
        "The scale of Harit Classic ends at 86: 14.3 points cannot be earned."
    )


def test_critical_factors_are_named_in_the_users_words(panel: SoilHealthPanel) -> None:
    judged = analysis(50, factors=("Moisture", "CO2"))
    panel.set_reading(device(analysis=judged), explanation(), NOW_US)
    assert text(panel, "criticalTitle") == "Outside the best range"
    assert text(panel, "critical") == "Moisture and CO₂"
    panel.set_reading(device(), explanation(), NOW_US)
    assert text(panel, "critical") == "None of the channels."


def test_a_withheld_index_says_what_it_needs_and_shows_no_number(panel: SoilHealthPanel) -> None:
    why = explanation(missing=("Moisture", "pH"), withheld="no_key_channel")
    panel.set_reading(device(index=None), why, NOW_US)
    assert text(panel, "index") == "–"
    assert text(panel, "band") == "Needs moisture or pH"
    assert "neither moisture nor pH can be used. One is needed." in text(panel, "hint")
    assert panel.property("state") == "error"
    assert order(panel) == []
    assert text(panel, "critical") == "None among the channels that count."


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (Flag.FAIL, "No score: moisture and pH are faulty. One of them is needed."),
        (Flag.MISSING, "No score: moisture and pH are not sent. One of them is needed."),
    ],
)
def test_what_became_of_both_key_channels_is_said(
    panel: SoilHealthPanel, flag: Flag, said: str
) -> None:
    why = explanation(missing=("Moisture", "pH"), withheld="no_key_channel")
    flags = (Flag.PASS,) * 5 + (flag, flag)
    panel.set_reading(device(analysis=analysis(None, flags=flags)), why, NOW_US)
    assert text(panel, "hint") == said


def test_too_few_channels_are_named_and_none_of_them_is_called_needed(
    panel: SoilHealthPanel,
) -> None:
    keys = ("N", "P", "CO2", "Temperature")
    why = explanation(missing=keys, withheld="too_few_channels")
    panel.set_reading(device(index=None), why, NOW_US)
    assert text(panel, "band") == "Too few channels"
    assert "Nitrogen, Phosphorus" in text(panel, "hint")


def test_a_probe_in_the_air_is_not_told_as_bad_soil(panel: SoilHealthPanel) -> None:
    flags = (Flag.SUSPECT,) * 3 + (Flag.PASS,) * 2 + (Flag.SUSPECT, Flag.PASS)
    reasons = tuple((key, "cross.in_air") for key in ("N", "P", "K", "Moisture"))
    judged = structs.replace(analysis(12, flags=flags), reasons=reasons)
    panel.set_reading(device(analysis=judged), explanation(), NOW_US)
    assert text(panel, "index") == "–"
    assert text(panel, "band") == "Probe out of the soil"
    assert text(panel, "hint").startswith("No score: what a probe measures in the air")
    assert LIGHT.text3 in panel.findChild(QLabel, "label.health.band").styleSheet()
    assert text(panel, "why") == "What is missing or in doubt"
    assert not seen(panel, "label.health.critical")
    panel.set_reading(device(), explanation(), NOW_US)
    assert seen(panel, "label.health.critical")


def test_an_index_of_another_program_is_shown_without_parts(panel: SoilHealthPanel) -> None:
    foreign = structs.replace(analysis(48), profile="")
    panel.set_reading(device("legacy", analysis=foreign), explanation(), NOW_US)
    assert text(panel, "index") == "48"
    assert text(panel, "band") == "Fair"
    assert text(panel, "hint") == ("This index was computed by another program; how is not known.")
    assert seen(panel, "label.health.hint")
    assert text(panel, "critical") == "None were named with this reading."
    assert order(panel) == []
    for name in ("profile", "ceiling", "unit", "why"):
        assert not seen(panel, f"label.health.{name}"), name
    panel.set_reading(device(), explanation(), NOW_US)
    assert not seen(panel, "label.health.hint")
    assert text(panel, "profile") == "Profile: Harit Classic · 7 of 7 channels"
    assert seen(panel, "label.health.profile")
    assert seen(panel, "label.health.why")


def test_a_reading_of_another_program_without_an_index(panel: SoilHealthPanel) -> None:
    foreign = structs.replace(analysis(None), profile="")
    panel.set_reading(device("legacy", analysis=foreign), explanation(), NOW_US)
    assert text(panel, "index") == "–"
    assert text(panel, "hint") == "Another program stored this reading without an index."


def test_parts_that_do_not_make_the_stored_index_are_not_its_reasons() -> None:
    parts = explanation()
    stored = round(parts.index or 0.0)
    assert explains(parts, analysis(stored))
    assert not explains(parts, analysis(stored + 9))
    assert not explains(parts, analysis(None))
    assert not explains(parts, structs.replace(analysis(stored), profile=""))
    assert "other settings" in unexplained_text(analysis(stored + 9))


@pytest.mark.parametrize("age_s", [3.0, 40.0, 3600.0])
def test_an_index_of_an_old_reading_bears_the_time_of_its_measurement(
    panel: SoilHealthPanel, age_s: float
) -> None:
    old = device(age_s=age_s, timestamp_us=NOW_US - 400 * 24 * HOUR_US)
    panel.set_reading(old, explanation(), NOW_US)
    assert text(panel, "change").startswith("as of ")
    assert "2025" in text(panel, "change")


def test_a_channel_left_out_is_listed_last(panel: SoilHealthPanel, qtbot: QtBot) -> None:
    panel.set_reading(device(), explanation(missing=("Moisture",)), NOW_US)
    qtbot.waitUntil(lambda: order(panel)[-1:] == ["Moisture"])
    assert text(panel, "profile") == "Profile: Harit Classic · 6 of 7 channels"
    row = panel.findChild(QWidget, "health.contrib.Moisture")
    assert row.accessibleName() == "Moisture, left out"


def test_an_old_index_is_grey_with_its_time(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(age_s=3600.0), explanation(), NOW_US)
    assert panel.property("state") == "stale"
    assert text(panel, "change").startswith("as of ")
    band = panel.findChild(QLabel, "label.health.band")
    assert LIGHT.text3 in band.styleSheet()


@pytest.mark.parametrize(
    ("start_us", "first", "expected"),
    [
        (NOW_US - 24 * HOUR_US, 63.0, "▲ 2 since yesterday"),
        (NOW_US - 24 * HOUR_US, 95.0, "▼ 30 since yesterday"),
        (NOW_US - 24 * HOUR_US, 65.2, "→ unchanged since yesterday"),
        (NOW_US - 10 * MINUTE_US, 63.0, ""),
    ],
)
def test_the_change_is_told_where_enough_is_known(
    panel: SoilHealthPanel, start_us: int, first: float, expected: str
) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    panel.set_trend([start_us, NOW_US - HOUR_US // 100, NOW_US], [first, float("nan"), 64.0])
    assert text(panel, "change") == expected


def test_what_another_profile_judged_is_not_compared(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    times = [NOW_US - hours * HOUR_US for hours in (24, 12, 3, 0)]
    panel.set_trend(times, [27.0, 27.0, 65.0, 65.0], NOW_US - 4 * HOUR_US)
    assert text(panel, "change").startswith("→ unchanged since ")
    assert "yesterday" not in text(panel, "change")
    panel.set_trend(times, [27.0, 27.0, 65.0, 65.0], NOW_US - MINUTE_US)
    assert text(panel, "change") == ""
    # A mean of the time around the change mixes both.
    panel.set_trend(times, [27.0, 27.0, 46.0, 65.0], NOW_US - 3 * HOUR_US - 1, 2 * MINUTE_US)
    assert text(panel, "change") == ""


def test_the_line_is_broken_where_another_profile_judged(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    times = [NOW_US - HOUR_US + n * MINUTE_US for n in range(60)]
    indexes = [27.0] * 30 + [65.0] * 30
    spark = panel.findChild(Sparkline)
    panel.set_trend(times, indexes)
    whole = spark.grab().toImage()
    panel.set_trend(times, indexes, times[29])
    assert spark.grab().toImage() != whole


def test_since_a_change_of_settings_nothing_older_is_compared(panel: SoilHealthPanel) -> None:
    panel.set_trend([NOW_US - 24 * HOUR_US, NOW_US], [27.0, 65.0])
    details = HealthDetails(judged_after_us=NOW_US - HOUR_US)
    panel.set_reading(device(index=65), explanation(), NOW_US, details)
    assert text(panel, "change") == ""
    panel.set_reading(device(index=65), explanation(), NOW_US, HealthDetails())
    assert text(panel, "change") == "▲ 38 since yesterday"


def test_a_shorter_past_is_named_by_its_beginning(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    panel.set_trend([NOW_US - 3 * HOUR_US, NOW_US], [60.0, 65.0])
    assert text(panel, "change").startswith("▲ 5 since ")
    assert ":" in text(panel, "change")


def test_an_empty_trend_is_no_change(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    panel.set_trend([], [])
    assert text(panel, "change") == ""


def test_a_profile_without_contributions_still_shows_its_index(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), Explanation(65.0, (), 0.0, ()), NOW_US)
    assert text(panel, "index") == "65"
    assert text(panel, "ceiling") == ""
    panel.grab()


@pytest.mark.parametrize("width", [260, 288, 420])
def test_nothing_is_wider_than_the_panel(panel: SoilHealthPanel, width: int) -> None:
    panel.set_reading(device("a very long name of a device " * 4), explanation(), NOW_US)
    panel.resize(width, 600)
    assert panel.width() == width


def test_the_theme_recolours_it(panel: SoilHealthPanel) -> None:
    panel.set_reading(device(index=65), explanation(), NOW_US)
    panel.set_tokens(DARK)
    band = panel.findChild(QLabel, "label.health.band")
    assert DARK.good in band.styleSheet()


def test_panels_and_words_load_without_the_chart_library() -> None:
    code = (
        "import sys, harit_desktop.ui.words, harit_desktop.ui.panels.devices, "
        "harit_desktop.ui.panels.data_path, harit_desktop.ui.panels.soil_health; "
        "print([m for m in ('pyqtgraph', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
