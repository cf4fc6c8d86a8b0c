"""What is written into a plot: running alarms, gaps, marks; placed off the lines."""

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPolygonF

from harit_desktop.ui.charts.alarm_runs import Onset
from harit_desktop.ui.charts.frame import Scale, StripFrame
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.theme import CHART, SIZES, Tokens
from harit_desktop.ui.words import duration_text, moment_text

NARROW_GAP_PX = 12
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_WRAPPED = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)


class Annotator:
    """Writes into one plot; a text never covers an earlier one."""

    def __init__(self, frame: StripFrame, scale: Scale, tokens: Tokens, text_scale: float) -> None:
        self.frame = frame
        self.scale = scale
        self.tokens = tokens
        self.plot_width = float(frame.view.width_px)
        self._caption = app_font(SIZES.caption, 400, text_scale)
        self._strong = app_font(SIZES.caption, 600, text_scale)
        self._taken: list[QRectF] = []

    def running_alarm(self, painter: QPainter, onset: Onset) -> None:
        """Names the running alarm beside its onset, on the side away from the line."""
        text = since_text(onset, self.frame.view.end_us)
        metrics = QFontMetricsF(self._strong)
        glyph = 14.0
        width = metrics.horizontalAdvance(text) + glyph
        x = max(0.0, self.frame.view.x_of(onset.time_us))
        left = x - CHART.critical_px / 2 - 3 - width
        if left < 4:
            left = min(x + CHART.critical_px, self.plot_width - width - 4)
        half = metrics.height() / 2
        y = self.scale.inside(self.scale.y_of(onset.limit) - onset.side * (half + 3), half)
        box = QRectF(left, y - half, width, 2 * half)
        # Where the line swings widely there is no side without it.
        chip = box.adjusted(-2, 0, 3, 0)
        painter.fillRect(chip, self.tokens.color("surface", CHART.chip_alpha))
        crit = self.tokens.color("crit")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(crit)
        painter.drawPath(diamond(QPointF(left + 5, y), 5))
        painter.setPen(crit)
        painter.setFont(self._strong)
        painter.drawText(box.adjusted(glyph, 0, 4, 0), _LEFT, text)
        self._taken.append(chip)

    def gap_labels(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self._caption)
        least = NARROW_GAP_PX if self.frame.labelled_gaps else CHART.gap_label_from_px
        for gap in sorted(self.frame.gaps, key=lambda gap: gap.start_us - gap.end_us):
            rect = self.scale.gap_rect(gap)
            if rect.width() < least:
                return
            text = no_data_text(gap.duration_s)
            width = metrics.horizontalAdvance(text) + 6
            if width > rect.width() and not self.frame.labelled_gaps:
                continue
            left = min(max(rect.center().x() - width / 2, 2.0), self.plot_width - width - 2)
            top = self._free_side(left, width, metrics.height(), (True, False))
            box = QRectF(left, top, width, metrics.height())
            if not any(box.intersects(other) for other in self._taken):
                self._chip(painter, box, text, self._caption)

    def notes(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self._caption)
        height = metrics.height()
        if self.frame.simulated_text:
            width = metrics.horizontalAdvance(self.frame.simulated_text) + 6
            top = self._free_side(3, width, height, (False, True))
            box = QRectF(3, top, width, height)
            self._chip(painter, box, self.frame.simulated_text, self._caption)
        if self.frame.empty_text:
            room = QRectF(0, 0, self.plot_width - 24, 4 * height)
            size = metrics.boundingRect(room, _WRAPPED, self.frame.empty_text)
            width, height = size.width() + 12, size.height()
            middle = (self.scale.top + self.scale.bottom - height) / 2
            box = QRectF((self.plot_width - width) / 2, middle, width, height)
            self._chip(painter, box, self.frame.empty_text, self._caption)

    def _free_side(
        self, left: float, width: float, height: float, at_top: tuple[bool, bool]
    ) -> float:
        """The y of a note at the top or the bottom, where fewer lines pass.

        `at_top` orders the two by preference. The focus line counts for all grey ones.
        """
        tops = {True: self.scale.top + 1, False: self.scale.bottom - height - 2}
        lines = ([self.frame.focus] if self.frame.focus else []) + list(self.frame.context)
        crossed = dict.fromkeys(at_top, 0)
        for line in lines:
            x = self.scale.x(line.time_us)
            y = self.scale.y(line.mean[(x > left - 6) & (x < left + width + 6)])
            weight = len(lines) if line is self.frame.focus else 1
            for side in at_top:
                hit = (y > tops[side] - 3) & (y < tops[side] + height + 3)
                crossed[side] += weight * bool(hit.any())
        return tops[min(at_top, key=lambda side: crossed[side])]

    def _chip(self, painter: QPainter, box: QRectF, text: str, font: QFont) -> None:
        painter.fillRect(box, self.tokens.color("surface", CHART.chip_alpha))
        painter.setPen(self.tokens.color("text2"))
        painter.setFont(font)
        painter.drawText(box, _WRAPPED, text)
        self._taken.append(box)


def diamond(at: QPointF, reach: float) -> QPainterPath:
    """The shape of a critical marker around a point."""
    path = QPainterPath()
    path.addPolygon(
        QPolygonF(
            [
                QPointF(at.x(), at.y() - reach),
                QPointF(at.x() + reach, at.y()),
                QPointF(at.x(), at.y() + reach),
                QPointF(at.x() - reach, at.y()),
            ]
        )
    )
    path.closeSubpath()
    return path


def since_text(onset: Onset, now_us: int) -> str:
    """Names a running alarm: "Low since 12:14", "Low since about 12:14"."""
    tr = QCoreApplication.translate
    if onset.known and onset.about:
        text = (
            tr("Charts", "Low since about {time}")
            if onset.side < 0
            else tr("Charts", "High since about {time}")
        )
    elif not onset.known:
        text = (
            tr("Charts", "Low since before {time}")
            if onset.side < 0
            else tr("Charts", "High since before {time}")
        )
    else:
        text = (
            tr("Charts", "Low since {time}")
            if onset.side < 0
            else tr("Charts", "High since {time}")
        )
    return text.format(time=moment_text(onset.time_us, now_us))


def no_data_text(duration_s: float) -> str:
    """Names a gap: "no data 42 min"."""
    template = QCoreApplication.translate("Charts", "no data {duration}")
    return template.format(duration=duration_text(duration_s))
