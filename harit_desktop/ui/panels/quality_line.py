"""How good a device's readings of today are, in one line, and of yesterday in another."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import QualityDay
from harit_desktop.ui.panels.trust_texts import percent
from harit_desktop.ui.quality_texts import reason_phrase
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import DASH, channel_name, count, duration_text, joined

LEAST_SILENCE_S = 60
"""A shorter silence is not worth a word."""
BAD_BELOW = 0.9
"""A day with fewer good readings than this is a warning."""
_IN_TIP = 6
_NAMED = 2


class QualityLine(QWidget):
    """`label.health.quality`: the data quality of the last days, today's first.

    Property `state`: empty until a day is known, else live, or error for a bad day.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel.health.quality")
        self._days: tuple[QualityDay, ...] = ()
        self._siblings: int | None = None
        self._neighbours = 0
        self._title = QLabel()
        self._title.setProperty("class", "dense strong")
        self._today = _label("label.health.quality", "dense")
        self._yesterday = _label("label.health.qualityBefore", "caption muted")
        self._alone = _label("label.health.siblings", "caption muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for label in (self._title, self._today, self._yesterday, self._alone):
            column.addWidget(label)
        self._refresh()

    def set_days(self, days: Sequence[QualityDay]) -> None:
        """Takes today and, where known, yesterday; nothing while nobody knows."""
        if tuple(days) != self._days:
            self._days = tuple(days)
            self._refresh()

    def set_siblings(self, siblings: int | None, neighbours: int = 0) -> None:
        """Takes with how many probes of the zone it is compared for drift (None: nobody asked),
        and how many others the zone has."""
        if (siblings, neighbours) != (self._siblings, self._neighbours):
            self._siblings, self._neighbours = siblings, neighbours
            self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()

    def _refresh(self) -> None:
        tr = self.tr
        self._title.setText(tr("Data quality"))
        today, before = (*self._days, None, None)[:2]
        bad = today is not None and today.readings > 0 and today.good < BAD_BELOW * today.readings
        self._show(self._today, tr("Today: {summary}"), today)
        self._show(self._yesterday, tr("Yesterday: {summary}"), before)
        self._yesterday.setVisible(before is not None and before.readings > 0)
        set_look(self._today, class_="dense" if bad else "dense muted")
        self._alone.setText(
            tr("Drift is not checked yet: the other probes in this zone are too new or silent.")
            if self._neighbours
            else tr("Drift is not checked: no other probe in this zone.")
        )
        self._alone.setVisible(self._siblings == 0)
        self.setProperty("state", "empty" if today is None else "error" if bad else "live")
        self.setVisible(today is not None or self._siblings == 0)

    def _show(self, label: QLabel, template: str, day: QualityDay | None) -> None:
        label.setVisible(day is not None)
        text = "" if day is None else template.format(summary=day_summary(day))
        if text == label.text():
            return
        label.setText(text)
        label.setAccessibleName(text)
        lines = [] if day is None else reasons_in_full(day)
        label.setToolTip(f"<qt>{'<br>'.join(map(escape, lines))}</qt>" if lines else "")


def day_summary(day: QualityDay) -> str:
    """A day in a few sentences: how many readings, how many good, what is wrong most often."""
    tr = QCoreApplication.translate
    silent = ""
    if day.silent_s >= LEAST_SILENCE_S:
        silent = tr("QualityLine", "Silent {duration}.").format(
            duration=duration_text(day.silent_s)
        )
    if day.readings == 0:
        return silent or tr("QualityLine", "no readings.")
    template = (
        tr("QualityLine", "1 reading, {share}.")
        if day.readings == 1
        else tr("QualityLine", "{n} readings, {share}.")
    )
    sentences = [
        template.format(n=count(day.readings), share=_share(day)),
        _worst(day),
        silent,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def reasons_in_full(day: QualityDay) -> list[str]:
    """The most frequent reasons of a day, a line each."""
    template = QCoreApplication.translate("QualityLine", "{channel} {times}: {reason}")
    return [
        template.format(
            channel=channel_name(channel), times=_times(times), reason=reason_phrase(code) or DASH
        )
        for channel, code, times in day.reasons[:_IN_TIP]
    ]


def _share(day: QualityDay) -> str:
    tr = QCoreApplication.translate
    if day.good >= day.readings:
        return tr("QualityLine", "all good")
    return tr("QualityLine", "{percent} % good").format(percent=percent(day.good / day.readings))


def _times(times: int) -> str:
    tr = QCoreApplication.translate
    if times == 1:
        return tr("QualityLine", "once")
    return tr("QualityLine", "{n} times").format(n=count(times))


class _Doubt(NamedTuple):
    """How often a channel was doubted, whether it was mostly faulty, and the reason that it had
    most often."""

    times: int
    faulty: bool
    reason: str


def _worst(day: QualityDay) -> str:
    """The two channels with most flagged values, and how many more there are."""
    tr = QCoreApplication.translate
    doubts: dict[str, _Doubt] = {}
    for channel, suspect, failed in zip(CHANNELS, day.suspect, day.failed, strict=True):
        if suspect + failed:
            codes = (code for key, code, _ in day.reasons if key == channel.key)
            reason = reason_phrase(next(codes, ""))
            doubts[channel.key] = _Doubt(suspect + failed, failed > suspect, reason)
    ordered = sorted(doubts, key=lambda key: -doubts[key].times)
    named = ordered[:_NAMED]
    if not named:
        return ""
    if len(named) > 1 and len({doubts[key] for key in named}) == 1:
        parts = [_doubt_text(joined([channel_name(key) for key in named]), doubts[named[0]])]
    else:
        parts = [_doubt_text(channel_name(key), doubts[key]) for key in named]
    more = len(ordered) - len(named)
    if more == 1:
        parts.append(tr("QualityLine", "1 more channel."))
    elif more:
        parts.append(tr("QualityLine", "{n} more channels.").format(n=count(more)))
    return " ".join(parts)


def _doubt_text(names: str, doubt: _Doubt) -> str:
    tr = QCoreApplication.translate
    times, faulty, reason = doubt
    if faulty:
        template = (
            tr("QualityLine", "{channel} faulty {times}: {reason}.")
            if reason
            else tr("QualityLine", "{channel} faulty {times}.")
        )
    else:
        template = (
            tr("QualityLine", "{channel} suspect {times}: {reason}.")
            if reason
            else tr("QualityLine", "{channel} suspect {times}.")
        )
    return template.format(channel=names, times=_times(times), reason=reason)


def _label(name: str, look: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("class", look)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
