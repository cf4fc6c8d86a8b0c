"""The Analysis page of the settings: profiles by name, and what applies only sometimes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.analysis.profiles import BUILT_IN
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.model import FIELD_SPECS
from harit_desktop.settings.store import build_settings
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.pages import PAGES
from harit_desktop.ui.settings.validation import check_value
from harit_desktop.ui.theme import ThemeController


class Opened:
    """The dialog on its Analysis page, and what it sent."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, **settings: Any) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.asked: QueryHandle[tuple[str, ...]] = QueryHandle()
        made = build_settings({f"analysis.{key}": value for key, value in settings.items()})
        self.dialog = SettingsDialog(
            made, Path("/data"), self.sent.append, theme, ask_profiles=lambda: self.asked
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        self.dialog.open_page("analysis")
        self.dialog.activateWindow()
        qtbot.waitUntil(self.dialog.isActiveWindow)

    def combo(self, name: str) -> QComboBox:
        return self.dialog.findChild(QComboBox, f"settings.analysis.{name}")

    def choose(self, name: str, value: str) -> None:
        box = self.combo(name)
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())

    def type(self, name: str, text: str) -> QLineEdit:
        line = self.dialog.findChild(QLineEdit, f"settings.analysis.{name}")
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClicks(line, text)
        return line

    def label(self, name: str) -> QLabel:
        return self.dialog.findChild(QLabel, f"settings.analysis.{name}")

    def take_profiles(self, *profiles: str) -> None:
        self.asked.finish(profiles, None)
        self.dialog.analysis.poll()


def test_every_setting_of_the_analysis_is_on_the_page() -> None:
    page = next(page for page in PAGES if page.name == "analysis")
    wanted = {key for key in FIELD_SPECS if key.startswith("analysis.")}
    assert set(page.keys) == wanted


def test_profiles_are_picked_by_their_names(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    box = opened.combo("profile")
    assert box.currentText() == "Harit Classic"
    assert [box.itemData(i) for i in range(box.count())] == list(BUILT_IN)
    opened.take_profiles(*BUILT_IN, "my-mango")
    assert box.currentText() == "Harit Classic"
    assert opened.dialog.changes() == {}
    opened.choose("profile", "my-mango")
    assert box.currentText() == "my-mango"
    opened.dialog.apply()
    assert opened.sent == [ApplySettings(changes={"analysis.profile": "my-mango"}, secrets={})]


def test_a_profile_that_is_gone_is_marked_and_kept(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, profile="my-mango")
    assert opened.combo("profile").currentText() == "my-mango (not found)"
    assert opened.dialog.changes() == {}
    opened.take_profiles(*BUILT_IN, "my-mango")
    assert opened.combo("profile").currentText() == "my-mango"
    assert opened.dialog.changes() == {}


def test_the_texture_can_be_chosen_only_where_it_matters(
    qtbot: QtBot, theme: ThemeController
) -> None:
    opened = Opened(qtbot, theme)
    assert not opened.combo("texture").isEnabled()
    assert "Not needed" in opened.dialog.pages["analysis"].fields["analysis.texture"].toolTip()
    opened.choose("moisture", "vwc")
    assert opened.combo("texture").isEnabled()


def test_it_says_what_a_milligram_comes_to(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    assert opened.label("factor").text() == "1 mg/kg is 2.24 kg/ha in the top 15 cm of soil."
    opened.type("bulkDensity", "1.5")
    opened.type("depth", "20")
    assert opened.label("factor").text() == "1 mg/kg is 3.00 kg/ha in the top 20 cm of soil."
    opened.type("depth", "x")
    assert not opened.label("factor").isVisible()


def test_classic_is_said_to_take_numbers_as_they_come(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    assert opened.label("classic").isVisible()
    opened.choose("profile", "rice")
    assert not opened.label("classic").isVisible()


@pytest.mark.parametrize(
    ("density", "fine"), [(0.0, True), (0.05, False), (0.2, True), (1.4, True), (2.0, True)]
)
def test_a_bulk_density_is_nothing_or_that_of_a_soil(density: float, fine: bool) -> None:
    problem = check_value("analysis.bulk_density", density)
    assert (problem is None) == fine
    if problem is not None:
        assert problem == "Enter 0, or a density from 0.2 to 2.0 g/cm³."


def test_a_wrong_depth_is_named_under_its_field(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    line = opened.type("depth", "0")
    opened.combo("profile").setFocus()
    error = opened.dialog.findChild(QLabel, "settings.analysis.depth.error")
    assert "from 1 to 300" in error.text()
    assert line.property("invalid") == "true"


def test_home_assistant_needs_the_analyses_to_be_sent(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    box = opened.dialog.findChild(QWidget, "settings.analysis.homeAssistant")
    assert box.isVisible()
    opened.dialog.findChild(QWidget, "settings.analysis.publish").click()  # type: ignore[attr-defined]  # A check box.
    assert not box.isVisible()
