"""The "why" panel beyond the index: trust, doubts, corrections, advice, data quality."""

from typing import Any

import pytest
from msgspec import structs
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.domain.advice import Advice
from harit_desktop.domain.analysis import Explanation, Flag, band_of
from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.quality import QualityDay
from harit_desktop.ui.panels.health_details import HealthDetails
from harit_desktop.ui.panels.quality_line import day_summary, reasons_in_full
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.panels.trust_texts import bounds_text, interval_text, trust_text
from harit_desktop.ui.side_dock import scrolling
from harit_desktop.ui.theme import DARK, ThemeController
from tests.ui.chart_samples import HOUR_US, NOW_US, device

DAY_US = 24 * HOUR_US
VALUES = {"N": 22.0, "P": 9.0, "K": 151.0, "CO2": 512.0, "Temperature": 20.3}
VALUES |= {"Moisture": 48.0, "pH": 6.7}
FINE = (Flag.PASS,) * len(CHANNELS)
BARE = frozenset({"N", "P", "K"})


@pytest.fixture
def panel(qtbot: QtBot, theme: ThemeController) -> SoilHealthPanel:
    made = SoilHealthPanel()
    qtbot.addWidget(made)
    made.resize(288, 640)
    made.show()
    return made


def judged(
    flags: dict[str, Flag] | None = None,
    reasons: tuple[tuple[str, str], ...] = (),
    profile: str = "wheat",
    age_s: float = 3.0,
    **values: float | None,
) -> tuple[DeviceState, Explanation, tuple[float, float] | None]:
    """A reading as the engine judges it, the explanation and the interval of its index."""
    engine = AnalysisEngine(profile)
    keys = [channel.key for channel in CHANNELS]
    sent = tuple((VALUES | values)[key] for key in keys)
    marks = tuple((flags or {}).get(key, Flag.PASS) for key in keys)
    found = engine.explain(sent, marks)
    made = device(index=None, age_s=age_s, values=VALUES | values)
    index = None if found.index is None else round(found.index)
    analysis = structs.replace(
        made.analysis,
        index=index,
        band=band_of(index),
        flags=marks,
        reasons=reasons,
        profile=profile,
    )
    return structs.replace(made, analysis=analysis), found, engine.interval(sent, marks)


def show(panel: SoilHealthPanel, *args: Any, details: HealthDetails, **kwargs: Any) -> None:
    state, found, _ = judged(*args, **kwargs)
    panel.set_reading(state, found, NOW_US, details)


def text(panel: SoilHealthPanel, name: str) -> str:
    return panel.findChild(QLabel, f"label.health.{name}").text()


def row(panel: SoilHealthPanel, channel: str) -> QWidget:
    return panel.findChild(QWidget, f"health.contrib.{channel}")


# -- trust -----------------------------------------------------------------------------------


def test_a_crop_profile_says_how_far_it_is_to_be_trusted(panel: SoilHealthPanel) -> None:
    state, found, interval = judged()
    panel.set_reading(state, found, NOW_US, HealthDetails(interval=interval, estimated=BARE))
    said = text(panel, "trust")
    assert "Confidence 66 % (fair): N, P, and K are estimates of an uncalibrated probe." in said
    assert interval is not None
    assert "nine times in ten" in said
    assert "depending on" not in said


def test_classic_with_all_its_channels_says_nothing_of_trust(panel: SoilHealthPanel) -> None:
    show(panel, profile="classic", details=HealthDetails(estimated=BARE))
    assert text(panel, "trust") == ""
    assert not panel.findChild(QLabel, "label.health.trust").isVisible()


def test_a_channel_left_out_bounds_the_index_in_every_profile() -> None:
    for profile in ("wheat", "classic"):
        _, found, _ = judged({"N": Flag.MISSING}, profile=profile, N=None)
        said = bounds_text(found)
        assert said.startswith("Between ")
        assert said.endswith("depending on nitrogen.")


def test_suspect_values_are_said_to_count_half() -> None:
    state, found, _ = judged({"Moisture": Flag.SUSPECT})
    said = trust_text(found, None, BARE, state.analysis.flags)
    assert said.endswith("Suspect values count half: moisture.")


def test_a_confirmed_probe_is_trusted_without_a_but() -> None:
    full = Explanation(80.0, (), 0.0, (), confidence=1.0)
    assert trust_text(full, None, (), FINE) == "Confidence 100 % (high)."
    nearly = structs.replace(full, confidence=0.997)
    assert trust_text(nearly, None, (), FINE).startswith("Confidence 99 %")


def test_an_interval_is_widened_to_whole_points_and_stays_on_the_scale() -> None:
    found = Explanation(60.0, (), 0.0, ())
    assert interval_text(found, (58.9, 70.1)) == "Between 58 and 71, nine times in ten."
    assert interval_text(found, (0.2, 99.99)) == "Between 1 and 100, nine times in ten."
    assert interval_text(found, (100.0, 100.0)) == ""


def test_too_little_confidence_withholds_the_index_with_its_reason(
    panel: SoilHealthPanel,
) -> None:
    doubts = {"Moisture": Flag.SUSPECT, "pH": Flag.SUSPECT, "Temperature": Flag.MISSING}
    state, found, _ = judged(doubts, Temperature=None)
    assert found.withheld_reason == "low_confidence"
    panel.set_reading(state, found, NOW_US, HealthDetails(estimated=BARE))
    assert text(panel, "index") == "–"
    assert text(panel, "band") == "Too uncertain"
    hint = text(panel, "hint")
    assert "(confidence 34 %, needed are 40 %)" in hint
    assert "It would be between " in hint
    assert text(panel, "trust") == ""


# -- the rows --------------------------------------------------------------------------------


def test_nutrients_are_marked_as_estimates_unless_confirmed(panel: SoilHealthPanel) -> None:
    show(panel, details=HealthDetails(estimated=frozenset({"P", "K"})))
    assert row(panel, "P").accessibleDescription() == "estimated"
    assert row(panel, "N").accessibleDescription() == ""
    assert row(panel, "P").sizeHint().height() > row(panel, "N").sizeHint().height()


def test_a_corrected_value_says_since_when_and_what_the_probe_said(
    panel: SoilHealthPanel,
) -> None:
    segment = Segment(NOW_US - 11 * DAY_US, 1.1, -2.0)
    values = [VALUES[channel.key] for channel in CHANNELS]
    values[5] = 50.8
    details = HealthDetails(judged=tuple(values), segments={"Moisture": segment})
    show(panel, details=details)
    assert row(panel, "Moisture").accessibleDescription() == "calibrated 12 Nov"
    assert "Moisture: 50.8 % (the probe says 48.0 %)" in row(panel, "Moisture").toolTip()
    old = structs.replace(segment, from_us=NOW_US - 400 * DAY_US)
    show(panel, details=HealthDetails(judged=tuple(values), segments={"Moisture": old}))
    assert row(panel, "Moisture").accessibleDescription() == "calibrated 19 Oct 2025"


def test_few_laboratory_values_leave_an_estimate(panel: SoilHealthPanel) -> None:
    segment = Segment(NOW_US - 300 * DAY_US, 1.0, 3.0, 1, NOW_US - 300 * DAY_US)
    show(panel, details=HealthDetails(estimated=BARE, segments={"N": segment}))
    assert row(panel, "N").accessibleDescription() == "estimated, compared 27 Jan"


def test_kilograms_per_hectare_stand_in_the_tool_tip(panel: SoilHealthPanel) -> None:
    show(panel, details=HealthDetails(kg_per_ha={"N": 46.9}, depth_cm=15.0))
    assert "Nitrogen: 22.0 mg/kg<br>About 47 kg/ha in the top 15 cm" in row(panel, "N").toolTip()
    assert "kg/ha" not in row(panel, "pH").toolTip()


def test_a_doubted_channel_bears_a_mark_and_its_reason(panel: SoilHealthPanel) -> None:
    flags = {"Moisture": Flag.SUSPECT, "N": Flag.FAIL, "K": Flag.MISSING}
    reasons = (("Moisture", "spike.returned"), ("N", "range.sentinel"))
    show(panel, flags, reasons, K=None, details=HealthDetails(estimated=BARE))
    said = {key: row(panel, key).accessibleDescription() for key in ("Moisture", "N", "K", "pH")}
    assert said == {
        "Moisture": "suspect: jumps that return",
        "N": 'faulty: the probe\'s sign for "not measured"',
        "K": "not sent",
        "pH": "",
    }
    marks = {key: row(panel, key).property("flag") for key in said}
    assert marks == {"Moisture": "suspect", "N": "fail", "K": "missing", "pH": ""}
    # What does not fit into the row stands in its tool tip.
    assert "sign for &quot;not measured&quot;" in row(panel, "N").toolTip()
    panel.grab()


def test_of_a_withheld_index_only_what_is_missing_or_doubted_is_listed(
    panel: SoilHealthPanel, qtbot: QtBot
) -> None:
    flags = {"Moisture": Flag.FAIL, "pH": Flag.MISSING, "Temperature": Flag.SUSPECT}
    show(panel, flags, (("Moisture", "range.sentinel"),), pH=None, details=HealthDetails())
    shown = [channel.key for channel in CHANNELS if row(panel, channel.key).isVisible()]
    assert shown == ["Temperature", "Moisture", "pH"]
    assert text(panel, "why") == "What is missing or in doubt"
    assert row(panel, "Temperature").accessibleName() == "Temperature"
    show(panel, details=HealthDetails())
    assert text(panel, "why") == "Why this score"
    assert row(panel, "N").isVisible()


# -- advice ----------------------------------------------------------------------------------

DRY = Advice("water.too_low", "crit", "Moisture", {"value": 19.0, "low": 40.0, "high": 65.0})
WARM = Advice("temperature.high", "info", "Temperature", {"value": 26.0, "high": 23.0})
NOISY = Advice("sensor.noisy", "warn", "pH")
CARD = Advice("sensor.calibrate", "info", "N")


def advice_lines(panel: SoilHealthPanel) -> list[str]:
    labels = [panel.findChild(QLabel, f"health.advice.{n}") for n in range(3)]
    return [label.accessibleName() for label in labels if label is not None and label.isVisible()]


def test_at_most_three_pieces_of_advice_the_most_urgent_first(panel: SoilHealthPanel) -> None:
    show(panel, details=HealthDetails(advice=(WARM, NOISY, DRY, CARD)))
    lines = advice_lines(panel)
    assert len(lines) == 3
    assert lines[0].startswith("Urgent: The soil is too dry: 19.0 %, good is 40–65 %.")
    assert lines[1].startswith("Soon: pH is unsteady.")
    assert lines[2].startswith("Note: The soil is warm")


def test_nothing_to_do_is_said_of_a_fresh_judged_reading_only(panel: SoilHealthPanel) -> None:
    section = panel.findChild(QWidget, "label.health.advice")
    show(panel, details=HealthDetails())
    assert section.isVisible()
    assert text(panel, "noAdvice") == "Nothing needs doing at present."
    show(panel, age_s=4000.0, details=HealthDetails())
    assert not section.isVisible()
    show(panel, {"Moisture": Flag.FAIL, "pH": Flag.FAIL}, details=HealthDetails())
    assert not section.isVisible()
    show(panel, age_s=4000.0, details=HealthDetails(advice=(DRY,)))
    assert advice_lines(panel)


def test_the_most_urgent_stands_under_the_number_and_the_rest_below(
    panel: SoilHealthPanel, qtbot: QtBot
) -> None:
    show(panel, details=HealthDetails(advice=(WARM, DRY, NOISY)))
    qtbot.waitUntil(lambda: below(panel, "label.health.index", "health.advice.0"))
    assert below(panel, "health.advice.0", "label.health.why")
    assert below(panel, "label.health.why", "health.advice.1")
    assert panel.findChild(QWidget, "label.health.advice").isVisible()
    show(panel, details=HealthDetails(advice=(DRY,)))
    assert len(advice_lines(panel)) == 1
    assert not panel.findChild(QWidget, "label.health.advice").isVisible()
    # That a laboratory value is wanted is not why an index is as it is.
    show(panel, details=HealthDetails(advice=(CARD,)))
    qtbot.waitUntil(lambda: below(panel, "label.health.why", "health.advice.0"))
    assert len(advice_lines(panel)) == 1


def below(panel: SoilHealthPanel, upper: str, lower: str) -> bool:
    tops = []
    for name in (upper, lower):
        widget = panel.findChild(QWidget, name)
        tops.append(widget.mapTo(panel, widget.rect().topLeft()).y())
    return tops[0] < tops[1]


def test_a_nutrient_that_a_laboratory_confirmed_is_not_to_be_confirmed_again(
    panel: SoilHealthPanel,
) -> None:
    poor = Advice("nutrient.low", "info", "N", {"value": 5.0, "low": 10.0})
    show(panel, details=HealthDetails(advice=(poor,)))
    assert "Soil Health Card test" in advice_lines(panel)[0]
    show(panel, details=HealthDetails(advice=(poor,), confirmed=frozenset({"N"})))
    (line,) = advice_lines(panel)
    assert "with your laboratory value taken into account" in line
    assert "Confirm" not in line


def test_a_channel_is_as_severe_as_in_its_strip(panel: SoilHealthPanel) -> None:
    details = HealthDetails(alarming=frozenset())
    show(panel, N=0.0, details=details)
    assert row(panel, "N").property("state") == "live"
    show(panel, N=0.0, details=HealthDetails(alarming=frozenset({"N"})))
    assert row(panel, "N").property("state") == "error"


# -- data quality ----------------------------------------------------------------------------


def day(readings: int = 1412, good: int = 1412, **change: Any) -> QualityDay:
    none = (0,) * len(CHANNELS)
    made = QualityDay("soil-01", NOW_US - DAY_US, NOW_US, readings, good, none, none, none, (), 0.0)
    return structs.replace(made, **change)


def counts(**channels: int) -> tuple[int, ...]:
    return tuple(channels.get(channel.key, 0) for channel in CHANNELS)


def test_a_day_is_told_in_a_line() -> None:
    jumpy = day(
        good=1390,
        suspect=counts(Moisture=12, pH=2),
        reasons=(("Moisture", "spike.returned", 12), ("pH", "noise.high", 2)),
        silent_s=14 * 60.0,
    )
    assert day_summary(jumpy) == (
        "1,412 readings, 98 % good. Moisture suspect 12 times: jumps that return. "
        "pH suspect 2 times: unsteady values. Silent 14 min."
    )
    assert reasons_in_full(jumpy) == [
        "Moisture 12 times: jumps that return",
        "pH 2 times: unsteady values",
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (day(), "1,412 readings, all good."),
        (day(1, 1), "1 reading, all good."),
        (day(1000, 999), "1,000 readings, 99 % good."),
        (day(0, 0), "no readings."),
        (day(0, 0, silent_s=86_400.0), "Silent 1 d."),
        (
            day(10, 9, failed=counts(pH=1), reasons=(("pH", "range.sentinel", 1),)),
            '10 readings, 90 % good. pH faulty once: the probe\'s sign for "not measured".',
        ),
        (
            day(10, 9, suspect=counts(pH=1), reasons=(("pH", "of.a.newer.version", 1),)),
            "10 readings, 90 % good. pH suspect once.",
        ),
        (
            day(
                10,
                3,
                failed=counts(Moisture=7, pH=7),
                reasons=(("Moisture", "noise.high", 7), ("pH", "noise.high", 7)),
            ),
            "10 readings, 30 % good. Moisture and pH faulty 7 times: unsteady values.",
        ),
        (
            day(10, 5, failed=counts(N=3, P=2, pH=5), suspect=counts(K=1)),
            "10 readings, 50 % good. pH faulty 5 times. Nitrogen faulty 3 times. 2 more channels.",
        ),
        (
            day(10, 5, suspect=counts(N=2, P=1, pH=5)),
            "10 readings, 50 % good. pH suspect 5 times. Nitrogen suspect 2 times. 1 more channel.",
        ),
    ],
)
def test_days_of_all_kinds(found: QualityDay, said: str) -> None:
    assert day_summary(found) == said


def test_the_quality_of_today_and_yesterday_is_shown(panel: SoilHealthPanel) -> None:
    show(panel, details=HealthDetails(siblings=2))
    line = panel.findChild(QWidget, "panel.health.quality")
    assert not line.isVisible()
    panel.set_quality((day(), day(1440, 1000)))
    assert text(panel, "quality") == "Today: 1,412 readings, all good."
    assert text(panel, "qualityBefore") == "Yesterday: 1,440 readings, 69 % good."
    assert line.property("state") == "live"
    assert not panel.findChild(QLabel, "label.health.siblings").isVisible()
    panel.set_quality((day(1440, 1000), day(0, 0)))
    assert line.property("state") == "error"
    assert not panel.findChild(QLabel, "label.health.qualityBefore").isVisible()


def test_a_lone_probe_is_said_not_to_be_checked_for_drift(panel: SoilHealthPanel) -> None:
    alone = panel.findChild(QLabel, "label.health.siblings")
    show(panel, details=HealthDetails(siblings=0))
    assert alone.isVisible()
    assert alone.text() == "Drift is not checked: no other probe in this zone."
    # Of a probe that is silent nothing is checked anyway.
    show(panel, age_s=4000.0, details=HealthDetails(siblings=0))
    assert not alone.isVisible()


# -- the whole -------------------------------------------------------------------------------


def test_a_device_is_called_by_its_name_and_markup_in_it_is_only_text(
    panel: SoilHealthPanel,
) -> None:
    show(panel, details=HealthDetails(name="<b>North & plot</b>"))
    titles = [label.text() for label in panel.findChildren(QLabel)]
    assert "Soil health · <b>North & plot</b>" in titles


@pytest.mark.parametrize("text_scale", [1.0, 1.5])
def test_nothing_sticks_out_of_the_panel(
    qtbot: QtBot, theme: ThemeController, text_scale: float
) -> None:
    try:
        theme.set_text_scale(text_scale)
        panel = SoilHealthPanel()
        area = scrolling(panel)
        qtbot.addWidget(area)
        area.resize(round(288 * text_scale), 642)
        area.show()
        flags = {"Moisture": Flag.SUSPECT, "N": Flag.FAIL, "K": Flag.MISSING}
        reasons = (("Moisture", "cross.in_air"), ("N", "drift.siblings"))
        details = HealthDetails(
            interval=(40.0, 60.0), estimated=BARE, advice=(DRY, NOISY, CARD), siblings=0
        )
        state, found, _ = judged(flags, reasons, K=None)
        panel.set_reading(state, found, NOW_US, details)
        panel.set_quality((day(), day()))
        qtbot.waitUntil(lambda: panel.width() <= area.viewport().width())
        assert panel.minimumSizeHint().width() <= area.viewport().width()
        for widget in panel.findChildren(QWidget):
            if widget.isVisible():
                right = widget.mapTo(panel, widget.rect().topRight()).x()
                assert right < panel.width(), widget.objectName()
        wrapped = [label for label in panel.findChildren(QLabel) if label.wordWrap()]
        shown = [label for label in wrapped if label.isVisible()]
        assert len(shown) > 5
        qtbot.waitUntil(
            lambda: all(label.height() >= label.heightForWidth(label.width()) for label in shown)
        )
    finally:
        theme.set_text_scale(1.0)


def test_the_theme_recolours_every_part(panel: SoilHealthPanel) -> None:
    show(panel, details=HealthDetails(advice=(DRY,), interval=(30.0, 80.0)))
    panel.set_quality((day(),))
    before = panel.grab().toImage()
    panel.set_tokens(DARK)
    assert panel.grab().toImage() != before
