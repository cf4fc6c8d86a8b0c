"""A probe that sends many readings a second: the panel follows at a pace that can be read."""

from pytestqt.qtbot import QtBot

from harit_desktop.ui.health_feed import SHOWN_EVERY_US, HealthFeed
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.theme import ThemeController
from tests.ui.chart_samples import NOW_US, device
from tests.ui.conftest import EngineMaker
from tests.ui.test_health_feed import text

BEAT_US = 100_000


def test_the_newest_reading_is_shown_after_a_moment_and_another_device_at_once(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    panel = SoilHealthPanel()
    qtbot.addWidget(panel)
    feed = HealthFeed(make_engine(), panel)

    def index() -> str:
        return text(panel, "label.health.index")

    feed.show_device(device("soil-01", index=65), NOW_US)
    assert index() == "65"
    for beat in (1, 2, 3):
        at_us = NOW_US + beat * BEAT_US
        feed.show_device(device("soil-01", index=65 + beat), at_us)
        feed.poll(at_us)
        assert index() == "65"
    # Nothing more comes: the last of them is not forgotten.
    feed.poll(NOW_US + SHOWN_EVERY_US)
    assert index() == "68"
    assert feed.shown_us == NOW_US + SHOWN_EVERY_US
    feed.show_device(device("soil-02", index=40), NOW_US + SHOWN_EVERY_US + BEAT_US)
    assert index() == "40"
    feed.show_device(None, NOW_US + SHOWN_EVERY_US + 2 * BEAT_US)
    assert panel.property("state") == "empty"
