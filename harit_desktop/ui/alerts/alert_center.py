"""Brings the engine's alerts to page, banner, button, tab and voice: all the window needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from harit_desktop.domain.alert import AlertBoard
from harit_desktop.runtime.commands import (
    AcknowledgeAlerts,
    MuteAlert,
    NoteAlert,
    SeeEnded,
)
from harit_desktop.ui.alert_banner import AlertBanner
from harit_desktop.ui.alerts.alert_feed import AlertFeed
from harit_desktop.ui.alerts.alert_page import AlertPage
from harit_desktop.ui.alerts.alert_voice import AlertVoice
from harit_desktop.ui.alerts.alert_words import without_members
from harit_desktop.ui.alerts_button import AlertsButton
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.tray import Tray

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine


class AlertCenter(QObject):
    """Owns `page`, `banner` and `button`; `poll` is a step of the frame clock.

    `page_asked`: go to the Alerts page. `history_asked`: device, from, to in UTC microseconds.
    `rules_asked`: the settings of alerts. `open_changed`: how many are open, for the tab.
    """

    page_asked = Signal()
    history_asked = Signal(str, object, object)
    rules_asked = Signal()
    open_changed = Signal(int)

    def __init__(self, engine: Engine, theme: ThemeController, window: QWidget) -> None:
        super().__init__(window)
        self._engine = engine
        self.page = AlertPage(theme)
        self.banner = AlertBanner(theme)
        self.button = AlertsButton(theme)
        self.voice = AlertVoice(window)
        self._feed = AlertFeed(engine, self.page)
        self._version: int | None = None
        self._context: object = None
        self._open = 0
        self._active = False
        self._connect()

    def set_tray(self, tray: Tray | None) -> None:
        """Critical alerts are also told there while the window is hidden."""
        self.voice.tray = tray
        if tray is not None:
            tray.message_clicked.connect(self.page_asked)

    def poll(self, now_us: int, new_second: bool) -> None:
        """Shows what has changed; never waits."""
        board = self._engine.alerts()
        changed = board.version != self._version
        active = self.page.isVisible()
        if changed:
            self._version = board.version
            self.button.show_board(board)
            self.page.set_board(board, now_us)
            self._count(board)
        if changed or new_second or active != self._active:
            self._active = active
            book = self._engine.book
            # The page itself shows what the banner would say, and more of it.
            shown = replace(board, telling=None) if active else board
            self.banner.show_board(shown, book, now_us)
            self.voice.follow(board, book, self._engine.settings.alerts, now_us)
            self._show_context()
            if active:
                self.page.set_now(now_us)
        self._feed.poll(board.version, now_us, active)

    # -- what the actions do -------------------------------------------------------------

    def acknowledge(self) -> None:
        """The chosen alerts on the page; elsewhere the one in the banner."""
        if self.page.isVisible():
            self.page.acknowledge_selected()
        elif self.banner.alert is not None:
            self._acknowledge((self.banner.alert.id,))

    def mute(self) -> None:
        """As `acknowledge`, for an hour of silence."""
        if self.page.isVisible():
            self.page.mute_selected()
        elif self.banner.alert is not None:
            self._mute(self.banner.alert.id)

    def show_open(self, alert_id: int | None = None) -> None:
        """Goes to the page, filtered to what is open; to one alert where it is named."""
        self.page.show_open()
        if alert_id is not None:
            self.page.show_alert(alert_id)
        self.page_asked.emit()

    # -- details -------------------------------------------------------------------------

    def _connect(self) -> None:
        page, banner = self.page, self.banner
        page.acknowledge_asked.connect(self._acknowledge)
        page.mute_asked.connect(self._mute)
        page.note_entered.connect(lambda one, note: self._engine.submit(NoteAlert(one, note)))
        page.seen.connect(lambda ids: self._engine.submit(SeeEnded(ids)))
        page.history_asked.connect(self.history_asked)
        page.rules_asked.connect(self.rules_asked)
        banner.acknowledge_asked.connect(lambda one: self._acknowledge((one,)))
        banner.mute_asked.connect(self._mute)
        banner.more_asked.connect(self.show_open)
        self.button.clicked.connect(lambda: self.show_open())

    def _acknowledge(self, ids: tuple[int, ...]) -> None:
        self._engine.submit(AcknowledgeAlerts(ids))

    def _mute(self, alert_id: int) -> None:
        self._engine.submit(MuteAlert(alert_id))

    def _show_context(self) -> None:
        engine = self._engine
        devices = tuple(device.publisher_id for device in engine.live.devices())
        context = (engine.book, engine.settings.alerts.rules, engine.judgement.limits(), devices)
        if context != self._context:
            self._context = context
            self.page.set_context(*context)

    def _count(self, board: AlertBoard) -> None:
        number = len(without_members(board.alerts))
        if number != self._open:
            self._open = number
            self.open_changed.emit(number)
