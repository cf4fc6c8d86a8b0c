"""The re-analysis dialog: what it asks for, what it shows meanwhile, and what it says after."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.ui.reanalyse_dialog import ReanalyseDialog
from harit_desktop.ui.reanalyse_texts import result_text
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker

DAY_US = 86_400_000_000


class Opened:
    """The dialog around an engine whose re-analysis is in the test's hands."""

    def __init__(self, qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.asked: list[ReanalysisRequest] = []
        self.handle: QueryHandle[ReanalysisResult] = QueryHandle()
        book = DeviceBook({"probe-2": DeviceRecord("probe-2", "North plot")})
        monkeypatch.setattr(Engine, "book", property(lambda _: book))
        monkeypatch.setattr(engine.jobs, "reanalyse", self._reanalyse)
        self.dialog = ReanalyseDialog(engine, "probe-2")
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def _reanalyse(self, request: ReanalysisRequest) -> QueryHandle[ReanalysisResult]:
        self.asked.append(request)
        return self.handle

    def choose(self, name: str) -> None:
        self.dialog.findChild(QRadioButton, f"dialog.reanalyse.range.{name}").setChecked(True)

    def start(self) -> None:
        self.qtbot.mouseClick(self.dialog.start, Qt.MouseButton.LeftButton)

    def finish(self, value: ReanalysisResult | None, problem: Problem | None = None) -> str:
        self.handle.finish(value, problem)
        self.dialog.poll()
        return self.dialog.outcome.text()

    @property
    def cancel(self) -> QPushButton:
        return self.dialog.findChild(QPushButton, "dialog.reanalyse.cancel")


@pytest.fixture
def opened(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    return Opened(qtbot, make_engine(start=False), monkeypatch)


def test_it_asks_for_the_last_week_of_the_device(opened: Opened) -> None:
    opened.start()
    request = opened.asked[0]
    assert request.publisher_id == "probe-2"
    assert request.to_us is None
    assert request.from_us is not None
    age_us = time.time_ns() // 1000 - request.from_us
    assert 7 * DAY_US <= age_us < 7 * DAY_US + 60_000_000


def test_it_asks_for_all_of_all(opened: Opened) -> None:
    opened.choose("all")
    opened.dialog.devices.setCurrentIndex(0)
    opened.start()
    assert opened.asked == [ReanalysisRequest(None, None, None)]


def test_a_range_of_ones_own_holds_its_last_minute(opened: Opened) -> None:
    dialog = opened.dialog
    dialog.from_edit.setDateTime(dialog.to_edit.dateTime().addDays(-2))
    assert opened.dialog.findChild(QRadioButton, "dialog.reanalyse.range.custom").isChecked()
    opened.start()
    request = opened.asked[0]
    assert request.from_us is not None
    assert request.to_us == request.from_us + 2 * DAY_US + 60_000_000 - 1


def test_a_range_backwards_is_said_and_not_asked_for(opened: Opened) -> None:
    dialog = opened.dialog
    dialog.to_edit.setDateTime(dialog.from_edit.dateTime().addDays(-1))
    assert dialog.mistake.text() == "▲ The end lies before the beginning."
    assert not dialog.start.isEnabled()
    opened.choose("month")
    assert dialog.mistake.text() == ""
    assert dialog.start.isEnabled()


def test_it_names_device_profile_and_what_stays(opened: Opened) -> None:
    assert opened.dialog.devices.currentText() == "North plot"
    assert "Harit Classic" in opened.dialog._with.text()


def test_progress_and_result(opened: Opened) -> None:
    opened.start()
    opened.handle.report(0.4)
    opened.dialog.poll()
    assert opened.dialog.progress.isVisible()
    assert opened.dialog.progress.value() == 40
    assert not opened.dialog.start.isEnabled()
    assert opened.cancel.text() == "Cancel"
    assert opened.finish(ReanalysisResult(12_034, 412, 57)) == (
        "12,034 readings judged again, 412 changed, 57 of them their status."
    )
    assert not opened.dialog.progress.isVisible()
    assert opened.cancel.text() == "Close"
    assert opened.cancel.isDefault()


def test_another_range_is_another_question(opened: Opened) -> None:
    opened.start()
    opened.finish(ReanalysisResult(3, 0, 0))
    opened.choose("all")
    assert opened.dialog.outcome.text() == ""
    assert opened.dialog.start.isDefault()


def test_cancel_says_what_was_done_until_then(opened: Opened) -> None:
    opened.start()
    opened.qtbot.mouseClick(opened.cancel, Qt.MouseButton.LeftButton)
    assert opened.handle.token.cancelled
    assert opened.dialog.isVisible()
    assert opened.finish(None).startswith("Cancelled. Readings that were judged again")
    assert opened.dialog.start.isEnabled()


def test_a_problem_is_told_in_words(opened: Opened) -> None:
    opened.start()
    assert opened.finish(None, Problem("server.silent")).startswith(
        "The database server does not answer."
    )
    assert opened.dialog.outcome.property("severity") == "crit"
    assert opened.dialog.start.isEnabled()


def test_closing_ends_a_run(opened: Opened) -> None:
    opened.start()
    opened.dialog.close()
    assert opened.handle.token.cancelled


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ((0, 0, 0), "There is no reading in this range."),
        ((1, 0, 0), "1 reading judged again, nothing changed."),
        ((1, 1, 1), "1 reading judged again, its status changed."),
        ((1, 1, 0), "1 reading judged again, it changed, its status did not."),
        ((1500, 0, 0), "1,500 readings judged again, nothing changed."),
        ((1500, 20, 0), "1,500 readings judged again, 20 changed, none its status."),
    ],
)
def test_results_in_words(result: tuple[int, int, int], text: str) -> None:
    assert result_text(ReanalysisResult(*result)) == text


def test_every_field_has_a_name_for_a_screen_reader(opened: Opened) -> None:
    dialog = opened.dialog
    for field in (dialog.devices, dialog.from_edit, dialog.to_edit, dialog.progress):
        assert field.accessibleName()
