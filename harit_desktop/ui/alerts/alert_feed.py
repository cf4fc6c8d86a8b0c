"""Fills the Alerts page: what the store holds, the chart of the chosen alert, its course."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harit_desktop.domain.alert import Alert
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.alerts.alert_page import AlertPage
from harit_desktop.ui.alerts.onset_span import OnsetSpan
from harit_desktop.ui.live_feed import load_series
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.domain.alert import AlertTransition
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.charts.series import SeriesData

MOST_ALERTS = 1500
_PAGE = 500
_READ_AGAIN_US = 2 * US_PER_S
_DRAW_AGAIN_US = 10 * US_PER_S


def load_alerts(
    engine: Engine, since_us: int | None, handle: QueryHandle[list[Alert]]
) -> list[Alert]:
    """The newest stored alerts, as far back as they are asked for. For the query pool only."""
    found: list[Alert] = []
    before_id: int | None = None
    while len(found) < MOST_ALERTS and not handle.token.cancelled:
        page = engine.history.alerts(before_id=before_id, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            break
        ended = [one.ended_us for one in page if one.ended_us is not None]
        if since_us is not None and ended and max(ended) < since_us:
            break
        before_id = page[-1].id
    return found


class AlertFeed(QObject):
    """Asks for one thing of each kind at a time, and only while the page is on screen."""

    def __init__(self, engine: Engine, page: AlertPage) -> None:
        super().__init__(page)
        self._engine = engine
        self._page = page
        self._reading: QueryHandle[list[Alert]] | None = None
        self._read: tuple[int, str] | None = None
        self._read_us = 0
        self._drawing: tuple[int, OnsetSpan, QueryHandle[SeriesData]] | None = None
        self._drawn: object = None
        self._drawn_us = 0
        self._following: tuple[int, QueryHandle[Sequence[AlertTransition]]] | None = None
        self._followed: object = None
        self._exporting: tuple[Path, QueryHandle[int]] | None = None
        page.export_asked.connect(self._export)

    def poll(self, version: int, now_us: int, active: bool) -> None:
        """Takes answers and asks for what is wanted next."""
        self._take_alerts()
        self._take_series(now_us)
        self._take_course(now_us)
        self._take_export()
        if active:
            self._ask_alerts(version, now_us)
            self._ask_series(now_us)
            self._ask_course(version)

    # -- the table -----------------------------------------------------------------------

    def _ask_alerts(self, version: int, now_us: int) -> None:
        chosen = self._page.bar.filter
        wanted = (version, chosen.span)
        soon = 0 <= now_us - self._read_us < _READ_AGAIN_US
        if self._reading is not None or wanted == self._read:
            return
        # A value that gets worse changes the board with every reading.
        if soon and self._read is not None and chosen.span == self._read[1]:
            return
        self._read, self._read_us = wanted, now_us
        since_us = chosen.since_us(now_us)
        self._reading = self._engine.queries.submit(
            "alerts", lambda handle: load_alerts(self._engine, since_us, handle)
        )

    def _take_alerts(self) -> None:
        if self._reading is None or not self._reading.done:
            return
        handle, self._reading = self._reading, None
        if handle.value is not None:
            self._page.set_stored(handle.value)
        else:
            # The store may be locked for a moment; asked again after a pause.
            self._read = (-1, self._page.bar.filter.span)

    # -- the chart -----------------------------------------------------------------------

    def _ask_series(self, now_us: int) -> None:
        alert, span = self._page.detail.alert, self._page.detail.span
        if alert is None or span is None or self._drawing is not None:
            return
        wanted = (alert.id, alert.ended_us)
        again = alert.ended_us is None and not 0 <= now_us - self._drawn_us < _DRAW_AGAIN_US
        if wanted == self._drawn and not again:
            return
        self._drawn, self._drawn_us = wanted, now_us
        engine, device = self._engine, alert.publisher_id
        handle = engine.queries.submit(
            "alert chart",
            lambda handle: load_series(engine, device, span.start_us, span.end_us, handle),
        )
        self._drawing = (alert.id, span, handle)

    def _take_series(self, now_us: int) -> None:
        if self._drawing is None or not self._drawing[2].done:
            return
        alert_id, span, handle = self._drawing
        self._drawing = None
        alert = self._page.detail.alert
        if alert is None or alert.id != alert_id:
            self._drawn = None
        elif handle.value is not None:
            segments = self._engine.corrections.segments(alert.publisher_id, span.channel)
            self._page.detail.set_series(handle.value, segments, now_us)

    # -- the course ----------------------------------------------------------------------

    def _ask_course(self, version: int) -> None:
        alert = self._page.detail.alert
        if alert is None or self._following is not None:
            return
        wanted = (alert.id, alert.state, alert.muted_until_us, alert.note)
        if wanted == self._followed:
            return
        self._followed = wanted
        history, alert_id = self._engine.history, alert.id
        handle = self._engine.queries.submit("alert log", lambda _: history.alert_log(alert_id))
        self._following = (alert_id, handle)

    def _take_course(self, now_us: int) -> None:
        if self._following is None or not self._following[1].done:
            return
        (alert_id, handle), self._following = self._following, None
        alert = self._page.detail.alert
        if alert is None or alert.id != alert_id:
            self._followed = None
        elif handle.value is not None:
            self._page.detail.set_course(handle.value, now_us)

    # -- the export ----------------------------------------------------------------------

    def _export(self, path: Path, publisher_id: str | None) -> None:
        self._page.show_export(self.tr("Writing {file}…").format(file=plain(path.name)), "info")
        self._exporting = (path, self._engine.jobs.export_alerts(path, publisher_id))

    def _take_export(self) -> None:
        if self._exporting is None or not self._exporting[1].done:
            return
        (path, handle), self._exporting = self._exporting, None
        if handle.value is not None:
            text = (
                self.tr("Saved 1 alert to {file}.")
                if handle.value == 1
                else self.tr("Saved %Ln alerts to {file}.", "", handle.value)
            )
            self._page.show_export(text.format(file=plain(path.name)), "ok", path.parent)
        elif handle.problem is not None:
            sentences = problem_text(handle.problem).sentences
            self._page.show_export(self.tr("▲ {problem}").format(problem=sentences), "crit")
        else:
            self._page.show_export(self.tr("Cancelled. No file was written."), "info")
