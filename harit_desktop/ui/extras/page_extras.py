"""Extra channels of the History page: which are offered, which are drawn, and their reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.ui.extras.extra_feed import ExtraFeed
from harit_desktop.ui.extras.extra_menu import ExtraMenu
from harit_desktop.ui.extras.extra_series import ExtraSeries
from harit_desktop.ui.history.spans import Span

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.ui.history.history_data import HistoryData
    from harit_desktop.ui.history.history_stack import HistoryStack

STATE_KEY = "extras"


class PageExtras(QObject):
    """Keeps menu, strips and feed in line. `changed` says that other strips are shown."""

    changed = Signal()

    def __init__(
        self,
        engine: Engine,
        data: HistoryData,
        series: ExtraSeries,
        stack: HistoryStack,
        menu: ExtraMenu,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._data = data
        self._series = series
        self._stack = stack
        self._menu = menu
        self._feed = ExtraFeed(engine, series)
        menu.chosen_changed.connect(self._choose)

    @property
    def busy(self) -> bool:
        """Whether an answer of the store is awaited."""
        return self._feed.busy

    @property
    def problem(self) -> Problem | None:
        return self._feed.problem

    def follow(self) -> None:
        """Other devices are compared, or one has sent a channel for the first time."""
        self._menu.offer([key for keys in self._having().values() for key in keys])
        self._show()

    def poll(self, view: Span, width_px: int, now_us: int) -> bool:
        """Takes what was read and asks for more; whether something new is there."""
        shown = self._menu.shown
        wanted: dict[str, Sequence[str]] = {}
        if shown:
            for publisher_id, keys in self._having().items():
                if drawn := [key for key in keys if key in shown]:
                    wanted[publisher_id] = drawn
        return self._feed.poll(wanted, self._intervals_us(), view, width_px, now_us)

    def cancel(self) -> None:
        """Gives up what is being read, as when the page is left."""
        self._feed.cancel()

    def doubt(self) -> None:
        """Everything is to be read again."""
        self._series.doubt()

    def forget(self) -> None:
        """Another store is open."""
        self._feed.cancel()
        self._series.forget()

    def state(self) -> str:
        """What to show again at the next start."""
        return " ".join(self._menu.wanted)

    def restore(self, state: Mapping[str, str]) -> None:
        """Takes what `state` gave; what is no longer known is left out."""
        self._menu.choose(state.get(STATE_KEY, "").split(" "))
        self._show()

    def _choose(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        if self._stack.set_extras(self._menu.shown):
            self.changed.emit()

    def _having(self) -> dict[str, tuple[str, ...]]:
        """The extra channels of each compared device."""
        devices = self._data.devices
        return {
            known: tuple(extra.key for extra in devices[known].extras)
            for known in self._data.compared()
            if known in devices
        }

    def _intervals_us(self) -> dict[str, float]:
        return {
            known: device.interval_s * US_PER_S
            for known, device in self._data.devices.items()
            if device.interval_s
        }
