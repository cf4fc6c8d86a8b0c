"""The frame of a plot and the value axis at its right."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from harit_desktop.ui.charts.frame import Scale, StripFrame
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_TICK_PX = 4
_UNIT_EDGE_PX = 3


def axis_width() -> int:
    """The width of the value axis at the user's text size, in logical pixels."""
    return round(SIZES.value_axis * max(1.0, text_scale()))


def draw_value_axis(
    painter: QPainter, frame: StripFrame, scale: Scale, width: float, font: QFont, tokens: Tokens
) -> None:
    """Draws the lines below and right of the plot, the ticks and the upright unit."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    right, bottom = frame.view.width_px, int(scale.bottom)
    painter.setPen(QPen(tokens.color("line"), 1))
    painter.drawLine(0, bottom, right, bottom)
    painter.drawLine(right, int(scale.top), right, bottom)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    half = metrics.height() / 2
    taken = 0.0
    for value, text in frame.value_ticks:
        y = round(scale.y_of(value))
        if not scale.top + half - 2 <= y <= scale.bottom - half + 2:
            continue
        painter.setPen(QPen(tokens.color("line"), 1))
        painter.drawLine(right, y, right + _TICK_PX, y)
        painter.setPen(tokens.color("text3"))
        painter.drawText(QRectF(right + _TICK_PX + 3, y - half, 80, 2 * half), _LEFT, text)
        taken = max(taken, right + _TICK_PX + 3 + metrics.horizontalAdvance(text))
    if width - 2 * half - _UNIT_EDGE_PX >= taken - 1:
        _draw_unit(painter, frame.unit, scale, width - half - _UNIT_EDGE_PX, half)


def _draw_unit(painter: QPainter, unit: str, scale: Scale, x: float, half: float) -> None:
    length = scale.bottom - scale.top
    painter.save()
    painter.translate(x, scale.top + length / 2)
    painter.rotate(-90)
    box = QRectF(-length / 2, -half, length, 2 * half)
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), unit)
    painter.restore()
