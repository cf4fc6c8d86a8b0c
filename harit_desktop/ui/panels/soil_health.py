"""The Soil health panel: the index of the focus device, why it is so, and what is wrong."""

from collections.abc import Sequence

from msgspec import structs
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Band, Explanation
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.quality import QualityDay
from harit_desktop.ui.panels.advice_view import AdviceView
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.panels.health_details import NO_DETAILS, HealthDetails
from harit_desktop.ui.panels.health_parts import BandBar, Sparkline
from harit_desktop.ui.panels.health_texts import (
    change_text,
    critical_text,
    in_air_text,
    profile_text,
    unexplained_text,
    withheld_text,
)
from harit_desktop.ui.panels.probe_state import out_of_soil
from harit_desktop.ui.panels.quality_line import QualityLine
from harit_desktop.ui.panels.trust_texts import trust_text
from harit_desktop.ui.panels.why_view import WhyView, rule, text_label
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.theme_tokens import LIGHT, Tokens
from harit_desktop.ui.words import DASH, band_word, moment_text, plain

_MARGIN_PX = 14
_BAND_PX = 110
"""Enough for the word of every band; a longer text is cut."""


class SoilHealthPanel(QWidget):
    """States by property `state`: empty, live, stale (greyed, "as of 14:20") and error
    (a reading without an index)."""

    def __init__(self, parent: QWidget | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self.setObjectName("panel.health")
        self._tokens = tokens
        self._device: DeviceState | None = None
        self._explanation: Explanation | None = None
        self._details = NO_DETAILS
        self._now_us = 0
        self._times: list[int] = []
        self._indexes: list[float] = []
        self._other_us = 0
        self._bucket_us = 0
        self._title = ElidedLabel()
        self._title.setProperty("class", "caption strong muted")
        self._nothing = text_label("label.health.empty", "headingLarge faint")
        self._hint = text_label("label.health.hint", "dense muted", wrap=True)
        self._hint.setContentsMargins(0, 6, 0, 0)
        self._index = text_label("label.health.index", "index")
        self._band = ElidedLabel(keep_px=scaled(_BAND_PX))
        self._band.setObjectName("label.health.band")
        self._band.setProperty("class", "headingLarge")
        self._change = ElidedLabel()
        self._change.setObjectName("label.health.change")
        self._change.setProperty("class", "dense muted")
        self._spark = Sparkline(tokens)
        self._bar = BandBar(tokens)
        self._profile = ElidedLabel()
        self._profile.setObjectName("label.health.profile")
        self._profile.setProperty("class", "caption muted")
        self._trust = text_label("label.health.trust", "caption muted", wrap=True)
        self._why = WhyView(tokens)
        self._critical_title = text_label("label.health.criticalTitle", "dense strong")
        self._critical = text_label("label.health.critical", "dense muted", wrap=True)
        self._advice = AdviceView(tokens)
        self._quality = QualityLine()
        self._lay_out()
        self._set_words()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN_PX, 8, _MARGIN_PX, 12)
        column.setSpacing(0)
        column.addWidget(self._title)
        column.addSpacing(4)
        self._score = self._make_score()
        self._reasons = self._make_reasons()
        column.addWidget(self._nothing)
        column.addWidget(self._score)
        column.addWidget(self._hint)
        column.addWidget(self._reasons)
        column.addStretch(1)

    def _make_score(self) -> QWidget:
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._band, 1)
        top.addWidget(self._spark)
        words.addLayout(top)
        words.addWidget(self._change)
        words.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._index)
        head.addLayout(words, 1)
        block = QWidget()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addWidget(self._advice.lead)
        column.addWidget(self._profile)
        column.addWidget(self._trust)
        return block

    def _make_reasons(self) -> QWidget:
        block = QWidget()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(0)
        column.addWidget(rule())
        column.addSpacing(8)
        column.addWidget(self._why)
        column.addWidget(self._critical_title)
        column.addSpacing(2)
        column.addWidget(self._critical)
        column.addSpacing(8)
        column.addWidget(self._advice)
        column.addSpacing(8)
        column.addWidget(self._quality)
        return block

    def set_reading(
        self,
        device: DeviceState | None,
        explanation: Explanation | None,
        now_us: int,
        details: HealthDetails = NO_DETAILS,
    ) -> None:
        """Shows the newest reading of the focus device; None for none yet. `explanation` is
        None where nobody knows how the stored index came about."""
        if device is not None and not device.analysis.profile:
            explanation = None
        if explanation is not None and device is not None and out_of_soil(device.analysis):
            explanation = structs.replace(explanation, index=None)
        self._device, self._explanation, self._now_us = device, explanation, now_us
        self._details = details
        known = device is not None
        self._score.setVisible(known)
        self._reasons.setVisible(known)
        self._nothing.setVisible(not known)
        name = "" if device is None else plain(details.name or device.publisher_id)
        self._title.setText(
            self.tr("Soil health · {device}").format(device=name)
            if known
            else self.tr("Soil health")
        )
        if device is None:
            self._set_state("empty")
            self._hint.setText(
                self.tr(
                    "The index appears with the first reading in which at least four channels "
                    "can be used, moisture or pH among them."
                )
            )
            self._hint.setVisible(True)
            return
        self._show_index(device)
        self._show_reasons(device)
        self._settle()

    def _settle(self) -> None:
        """Lays out once, from the innermost part on. Left to themselves the layouts inside one
        another take a turn of the event loop each, and the panel is painted between them."""
        if not self.isVisible():
            return
        for block in (*self._advice.blocks(), self._why, self._score, self._reasons, self):
            layout = block.layout()
            if layout is not None and block.isVisible():
                layout.activate()

    def set_trend(
        self,
        times_us: Sequence[int],
        index: Sequence[float],
        after_us: int = 0,
        bucket_us: int = 0,
    ) -> None:
        """Takes a day of the index: instants (UTC microseconds) and values, NaN for none.

        Another profile judged what was measured up to `after_us`; a value stands for
        `bucket_us` of time.
        """
        self._times = [int(at) for at in times_us]
        self._indexes = [float(value) for value in index]
        self._other_us, self._bucket_us = after_us, bucket_us
        if self._device is not None:
            self._show_index(self._device)

    def _after_us(self) -> int:
        """The last instant of what cannot be compared with the newest reading."""
        after_us = max(self._other_us, self._details.judged_after_us)
        # A value that stands for some time before and after it mixes both.
        return after_us + self._bucket_us if after_us else 0

    def set_quality(self, days: Sequence[QualityDay]) -> None:
        """Takes the data quality of today and yesterday; nothing while nobody knows it."""
        self._quality.set_days(days)

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        self._tokens = tokens
        self._why.set_tokens(tokens)
        self._advice.set_tokens(tokens)
        parts: list[Sparkline | BandBar] = [self._spark, self._bar]
        for part in parts:
            part.tokens = tokens
            part.updateGeometry()
            part.update()
        if self._device is not None:
            self._show_index(self._device)
            self._show_reasons(self._device)

    def _show_index(self, device: DeviceState) -> None:
        index, band = device.analysis.index, device.analysis.band
        in_air = out_of_soil(device.analysis)
        if in_air:
            index, band = None, Band.UNKNOWN
        stale = device.is_stale(self._now_us)
        self._set_state("stale" if stale else "error" if index is None else "live")
        set_look(self._index, state="stale" if stale else "live")
        self._index.setText(DASH if index is None else str(index))
        known = self.tr("Soil health {index} of 100").format(index=index)
        self._index.setAccessibleName(
            self.tr("Soil health is not known") if index is None else known
        )
        word = band_word(band)
        self._hint.setVisible(index is None)
        if in_air:
            word, sentence = in_air_text()
            self._hint.setText(sentence)
        elif self._explanation is None:
            self._hint.setText(unexplained_text(device.analysis))
            self._hint.setVisible(True)
        elif index is None:
            word, sentence = withheld_text(self._explanation, device.analysis.flags)
            self._hint.setText(sentence)
        self._band.setText(word)
        self._band.setAccessibleName(word)
        color = self._tokens.text3 if stale or index is None else self._tokens.band(band.value)
        sheet = f"color: {color}"
        if sheet != self._band.styleSheet():
            self._band.setStyleSheet(sheet)
        if stale or device.arrived_late():
            at_us = device.timestamp_us if device.arrived_late() else device.received_us
            moment = moment_text(at_us, self._now_us)
            self._change.setText(self.tr("as of {time}").format(time=moment))
        else:
            self._change.setText(change_text(self._times, self._indexes, index, self._after_us()))
        self._change.setVisible(bool(self._change.text()))
        self._spark.setVisible(len(self._times) > 1 and index is not None)
        shown = Band.UNKNOWN if stale else band
        self._spark.set_points(self._times, self._indexes, shown, self._after_us())
        self._bar.set_index(index, stale)

    def _show_reasons(self, device: DeviceState) -> None:
        explanation, details = self._explanation, self._details
        stale = device.is_stale(self._now_us)
        self._profile.setVisible(explanation is not None)
        self._profile.setText("" if explanation is None else profile_text(device, explanation))
        trust = ""
        if explanation is not None:
            flags = device.analysis.flags
            trust = trust_text(explanation, details.interval, details.estimated, flags)
        self._trust.setText(trust)
        self._trust.setVisible(bool(trust))
        shown = explanation is not None and explanation.index is not None and not stale
        self._bar.set_span(details.interval if shown else None)
        self._why.show_reasons(device, explanation, details, self._now_us)
        worst = self._why.severity
        set_look(self._critical_title, severity=worst)
        set_look(self._critical, class_="dense" if worst else "dense muted")
        text = critical_text(device, explanation)
        for label in (self._critical_title, self._critical):
            # What a probe in the air says is outside no range of a soil.
            label.setVisible(not out_of_soil(device.analysis))
        self._critical.setText(text)
        self._critical.setAccessibleName(text)
        old = stale or device.arrived_late()
        certain = not old and shown
        self._advice.set_advice(details.advice, old, certain, details.confirmed)
        self._quality.set_siblings(None if old else details.siblings, details.neighbours)

    def _set_state(self, state: str) -> None:
        self.setProperty("state", state)
        self._index.setProperty("state", state)

    def _set_words(self) -> None:
        self._nothing.setText(self.tr("No reading yet"))
        self._critical_title.setText(self.tr("Outside the best range"))
        self.set_reading(self._device, self._explanation, self._now_us, self._details)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._set_words()
