"""What closing the window means while readings are being recorded: asked once, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QApplication, QDialog, QSystemTrayIcon

from harit_desktop.domain.status import ApiState, EngineStatus, LinkState, PublisherState
from harit_desktop.runtime.commands import ApplySettings
from harit_desktop.ui.message_banner import Choice, MessageBanner
from harit_desktop.ui.notices import Button, Notice

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

ASK_CLOSE = "ask.close"
KEEP, STOP = "tray", "stop"
"""The values of `ui.close_to_tray` beside "ask", and the keys of the two buttons."""


class WindowToClose(Protocol):
    """What is needed of the main window."""

    def isMinimized(self) -> bool: ...
    def showMinimized(self) -> None: ...
    def hide(self) -> None: ...
    def close(self) -> bool: ...
    def raise_to_front(self) -> None: ...


def is_recording(status: EngineStatus) -> bool:
    """Whether readings come in, are waited for, or are being sent: what a stop would end."""
    receives = status.link.state is not LinkState.OFF or status.api.state in (
        ApiState.IN_USE,
        ApiState.CHECKING,
    )
    return receives or status.publisher.state not in (
        PublisherState.STOPPED,
        PublisherState.ERROR,
    )


class TrayIcon(Protocol):
    """What is needed of `tray.Tray`; its signals are without arguments."""

    @property
    def show_asked(self) -> SignalInstance: ...
    @property
    def quit_asked(self) -> SignalInstance: ...
    def set_shown(self, shown: bool) -> None: ...


class Closing(QObject):
    """Decides what becomes of a window that is asked to close.

    `may_close` is for `closeEvent`. `quit` ends the program without a question: the menu
    says so itself. `session_ends` does the same where the computer is shut down.
    `ended` follows a window that closes for good.
    """

    ended = Signal()

    def __init__(
        self,
        window: WindowToClose,
        engine: Engine,
        banner: MessageBanner,
        parent: QObject,
        desktop_has_tray: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._engine = engine
        self._banner = banner
        self._desktop_has_tray = desktop_has_tray
        self._tray: TrayIcon | None = None
        self._stopping = False

    def attach_tray(self, tray: TrayIcon) -> None:
        """Lets the icon bring the window back and end the program. Without one the window
        is never hidden: nobody would find it again."""
        self._tray = tray
        tray.show_asked.connect(self._window.raise_to_front)
        tray.quit_asked.connect(self.quit)

    @property
    def has_tray(self) -> bool:
        """Whether a hidden window can be found again; it may come and go with the desktop."""
        return self._tray is not None and self._desktop_has_tray()

    @property
    def hides_at_start(self) -> bool:
        """Whether the window stays away at the start: as was wished, with a tray for it."""
        return self._engine.settings.ui.start_in_tray and self.has_tray

    def may_close(self) -> bool:
        """True where the window is to close for good; else it was hidden, or it asks."""
        if not self._stopping and is_recording(self._engine.snapshot()):
            wish = self._engine.settings.ui.close_to_tray
            if wish == "ask":
                self._ask()
                return False
            if wish == KEEP:
                self._keep_on()
                return False
        self._banner.withdraw(ASK_CLOSE)
        self._stopping = True
        return True

    def closed(self) -> None:
        """The window has closed for good."""
        self.ended.emit()

    def quit(self) -> None:
        """Stops and ends the program."""
        self._stopping = True
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                dialog.reject()
        self._window.close()

    def session_ends(self) -> None:
        """The computer is shut down or the user logs out: no question would be seen."""
        self._stopping = True

    def withdraw_when_idle(self, status: EngineStatus) -> None:
        """Takes the question back once nothing is recorded any more; for the frame clock."""
        if not is_recording(status):
            self._banner.withdraw(ASK_CLOSE)

    def _keep_on(self) -> None:
        if self._tray is not None and self.has_tray:
            self._tray.set_shown(True)
            self._window.hide()
        else:
            self._window.showMinimized()

    def _ask(self) -> None:
        if self._window.isMinimized():
            self._window.raise_to_front()
        self._banner.ask(
            Choice(
                self._question(self.has_tray),
                self._on_chosen,
                remember=self.tr("Remember my choice"),
            )
        )

    def _on_chosen(self, key: str, remember: bool) -> None:
        if remember:
            self._engine.submit(ApplySettings(changes={"ui.close_to_tray": key}))
        if key == STOP:
            self.quit()
        else:
            self._keep_on()

    def _question(self, tray: bool) -> Notice:
        if tray:
            headline = self.tr("Readings are being recorded.")
            body = self.tr("Without the window they are recorded as long as the program runs.")
            keep = self.tr("Keep recording in the tray")
        else:
            headline = self.tr("Readings are being recorded, and this desktop has no tray.")
            body = self.tr("They are recorded as long as the program runs, also minimised.")
            keep = self.tr("Minimise and keep recording")
        return Notice(
            code=ASK_CLOSE,
            subject="",
            severity="question",
            headline=headline,
            body=body,
            buttons=(
                Button(KEEP, keep, primary=True),
                Button(STOP, self.tr("Stop and quit")),
                Button("no", self.tr("Cancel")),
            ),
        )
