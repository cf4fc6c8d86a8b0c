"""The shapes of quality flags: is the number to be believed? Colour alone never says it.

A hollow triangle stands at a suspect reading, a cross at the edge towards which a faulty value
lies, a ring around what is unusual though it is believed. The filled diamond of an alarm, which
says that a believed value is bad for the crop, is none of these.
"""

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from harit_desktop.domain.analysis import Flag
from harit_desktop.ui.charts.frame import FlagMark, FlagMarks, Scale, StripFrame
from harit_desktop.ui.theme import Tokens

REACH_PX = 5.0
CROSS_PX = 3.5
LINE_PX = 1.6
HALO_PX = 4.0
BAR_PX = 2.0
RING_PX = 5.0
MARGIN_PX = 5.0
STAMP_PX = 18


def paint_suspect(painter: QPainter, at: QPointF, tokens: Tokens) -> None:
    """A hollow triangle around a point."""
    pen = QPen(tokens.color("warn"), LINE_PX)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(tokens.color("surface"))
    painter.drawPath(_triangle(at))


def paint_faulty(painter: QPainter, at: QPointF, tokens: Tokens) -> None:
    """A cross, on a ground of its own where lines pass."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((tokens.color("surface"), HALO_PX), (tokens.color("warn"), LINE_PX)):
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        for side in (-CROSS_PX, CROSS_PX):
            painter.drawLine(at + QPointF(-CROSS_PX, side), at + QPointF(CROSS_PX, -side))


def paint_unusual(painter: QPainter, at: QPointF, tokens: Tokens) -> None:
    """A ring around a point of the line, which shows through."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(tokens.color("text1"), LINE_PX))
    painter.drawEllipse(at, RING_PX, RING_PX)


PAINTERS = {Flag.SUSPECT: paint_suspect, Flag.FAIL: paint_faulty, Flag.PASS: paint_unusual}
"""By flag; what is unusual passed."""


def paint_flags(painter: QPainter, frame: StripFrame, scale: Scale, tokens: Tokens) -> None:
    """All marks and bars of a frame."""
    flags = frame.flags
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    _bars(painter, flags.suspect, scale.top, tokens)
    _bars(painter, flags.faulty_high, scale.top, tokens)
    _bars(painter, flags.faulty_low, scale.bottom - BAR_PX, tokens)
    ratio = painter.device().devicePixelRatioF()

    def put(flag: Flag, mark: FlagMark, y: float) -> None:
        # Whole pixels, or the picture of the mark would be blurred.
        left = round(frame.view.x_of(mark.time_us)) - STAMP_PX / 2
        top = round(scale.inside(y, MARGIN_PX)) - STAMP_PX / 2
        painter.drawPixmap(QPointF(left, top), _stamp(flag, tokens, ratio))

    for mark in flags.unusual:
        put(Flag.PASS, mark, scale.y_of(mark.value))
    for mark in flags.suspect.marks:
        put(Flag.SUSPECT, mark, scale.y_of(mark.value))
    for mark in flags.faulty_high.marks:
        put(Flag.FAIL, mark, scale.top)
    for mark in flags.faulty_low.marks:
        put(Flag.FAIL, mark, scale.bottom)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


@lru_cache(maxsize=24)
def _stamp(flag: Flag, tokens: Tokens, ratio: float) -> QPixmap:
    """The picture of a mark: its wide lines cost fifty microseconds each time they are drawn."""
    picture = QPixmap(round(STAMP_PX * ratio), round(STAMP_PX * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    PAINTERS[flag](painter, QPointF(STAMP_PX / 2, STAMP_PX / 2), tokens)
    painter.end()
    return picture


def _bars(painter: QPainter, of: FlagMarks, y: float, tokens: Tokens) -> None:
    color = tokens.color("warn")
    for left, right in of.bars:
        painter.fillRect(QRectF(left, y, right - left, BAR_PX), color)


def _triangle(at: QPointF) -> QPainterPath:
    half, rise = REACH_PX * np.sqrt(3) / 2, REACH_PX / 2
    path = QPainterPath()
    path.addPolygon(
        QPolygonF(
            [
                QPointF(at.x(), at.y() - REACH_PX),
                QPointF(at.x() + half, at.y() + rise),
                QPointF(at.x() - half, at.y() + rise),
            ]
        )
    )
    path.closeSubpath()
    return path
