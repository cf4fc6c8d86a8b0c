"""Drawing lines fast in software: paths from arrays, and wide lines without the stroker."""

from functools import lru_cache
from math import ceil

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

_WIDEST_SHIFTED_PX = 6
_MOST_LONE_POINTS = 300


def line_path(
    x: NDArray[np.float64], y: NDArray[np.float64], connect: NDArray[np.int32]
) -> QPainterPath:
    """A path through finite points, of which those with `connect` 1 are joined to the next."""
    return pg.functions.arrayToQPath(x, y, connect=connect, finiteCheck=False)


def connections(size: int, starts: NDArray[np.intp]) -> NDArray[np.int32]:
    """All of `size` points joined, but for those before a position where a piece begins."""
    connect = np.ones(size, np.int32)
    connect[starts[starts > 0] - 1] = 0
    return connect


def band_path(
    x: NDArray[np.float64],
    upper: NDArray[np.float64],
    lower: NDArray[np.float64],
    starts: NDArray[np.intp],
) -> QPainterPath:
    """The closed area between two lines, piece by piece."""
    path = QPainterPath()
    ends = np.append(starts[1:], x.size)
    for first, last in zip(starts, ends, strict=True):
        if last - first < 2:
            continue
        piece = slice(first, last)
        xs = np.concatenate([x[piece], x[piece][::-1]])
        ys = np.concatenate([upper[piece], lower[piece][::-1]])
        path.addPolygon(QPolygonF(pg.functions.arrayToQPolygonF(xs, ys)))
        path.closeSubpath()
    return path


def lone_points(x: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pieces of a single point, which a path would not show."""
    ends = np.append(starts[1:], x.size)
    return starts[ends - starts == 1][:_MOST_LONE_POINTS]


def stroke(painter: QPainter, path: QPainterPath, color: QColor, width_px: float) -> None:
    """Draws a path as a line of `width_px` logical pixels, opaque and antialiased.

    A pen wider than one device pixel goes through a stroker that costs four times as much
    as the line drawn a few times side by side, which looks the same.
    """
    ratio = painter.device().devicePixelRatioF()
    device_px = width_px * ratio
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if device_px > _WIDEST_SHIFTED_PX:
        painter.setPen(QPen(color, width_px))
        painter.drawPath(path)
        return
    pen = QPen(color, 1)
    pen.setCosmetic(True)
    painter.setPen(pen)
    for dx, dy in _shifts(device_px):
        painter.translate(dx / ratio, dy / ratio)
        painter.drawPath(path)
        painter.translate(-dx / ratio, -dy / ratio)


@lru_cache(maxsize=16)
def _shifts(device_px: float) -> tuple[tuple[float, float], ...]:
    """The rim of a square grid of at most one-pixel steps, as wide as the line less one."""
    count = ceil(device_px)
    if count <= 1:
        return ((0.0, 0.0),)
    reach = (device_px - 1) / 2
    along = [-reach + 2 * reach * step / (count - 1) for step in range(count)]
    return tuple((dx, dy) for dx in along for dy in along if reach in (abs(dx), abs(dy)))


@lru_cache(maxsize=16)
def hatch(color: str, alpha: float, ratio: float) -> QBrush:
    """A brush of thin diagonal lines, drawn for the device pixel ratio of the screen."""
    step = 8
    tile = QPixmap(round(step * ratio), round(step * ratio))
    tile.setDevicePixelRatio(ratio)
    tile.fill(Qt.GlobalColor.transparent)
    shade = QColor(color)
    shade.setAlphaF(alpha)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(shade, 1))
    for shift in (-step, 0, step):
        painter.drawLine(QPointF(shift - 1, step + 1), QPointF(shift + step + 1, -1))
    painter.end()
    return QBrush(tile)
