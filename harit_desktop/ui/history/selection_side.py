"""The selected range of the History page: asks about it, fills the panel, gives it a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.selection_feed import SelectionFeed
from harit_desktop.ui.history.selection_panel import SelectionPanel
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

MOST_BESIDE = 0.45
"""In a narrow window the panel takes no more than this part of the page."""


class SelectionSide(QWidget):
    """Keeps `panel` up to date; shows it beside the strips where the window put it there, as
    long as something is selected."""

    def __init__(
        self, engine: Engine, data: HistoryData, panel: SelectionPanel, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._data = data
        self._feed = SelectionFeed(engine, data)
        self._panel = panel
        self._keys: Sequence[str] = ()
        self._names: Mapping[str, str] = {}
        self._limits: ProfileLimits = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.hide()

    @property
    def span(self) -> Span | None:
        """The range that was chosen."""
        return self._feed.span

    @property
    def busy(self) -> bool:
        return self._feed.busy

    def place(self, panel: QWidget) -> None:
        """Takes the panel, or what it lies in."""
        self._row.addWidget(panel)
        self._show_place()

    def fit(self, page_width: int) -> None:
        """Takes as much of the page's width as it may."""
        most = int(page_width * MOST_BESIDE)
        self.setFixedWidth(min(scaled(SIZES.right_panel[0]), most))

    def follow(self, span: Span | None) -> None:
        """The range under the mouse: its values come when it is chosen."""
        self._panel.show_range(span)
        self._panel.clear_values()
        self._show_place()

    def choose(self, span: Span | None) -> None:
        """Asks what the compared devices say of a range; None for none."""
        self._feed.choose(span, self._data.compared())
        self._panel.show_range(span)
        self._show()
        self._show_place()

    def set_words(
        self, keys: Sequence[str], names: Mapping[str, str], limits: ProfileLimits
    ) -> None:
        """Takes the channels shown, how devices are called, and the limits of channels."""
        if (keys, names, limits) != (self._keys, self._names, self._limits):
            self._keys, self._names, self._limits = keys, names, limits
            self._show()

    def poll(self) -> None:
        """Takes what has come and shows how far the counting is."""
        if self._feed.poll():
            self._show()
        elif self._feed.busy:
            self._panel.show_progress(self._feed.progress)

    def _show(self) -> None:
        found, panel, names = self._feed.statistics, self._panel, self._names
        panel.show_statistics(found, self._keys, names, self._data.slots, self._limits)
        if self._feed.problem is not None:
            panel.show_problem(problem_text(self._feed.problem).sentences)
        else:
            panel.show_quality(self._feed.quality, found, names)
        panel.show_progress(self._feed.progress if self._feed.busy else None)

    def _show_place(self) -> None:
        here = self.isAncestorOf(self._panel)
        self.setVisible(here and self._feed.span is not None)
