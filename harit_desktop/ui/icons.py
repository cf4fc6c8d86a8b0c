"""Monochrome icons in the colour of the theme, sharp at every screen scale.

Each icon is an SVG on a 16-grid whose `currentColor` is replaced by a token's colour.
States differ by shape (ring with check, clock, triangle, diamond, dashed ring, cloud), so
that the colour only repeats what the shape and the word beside it say.
"""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPainter, QPixmap

from harit_desktop.ui.resources import resource_path
from harit_desktop.ui.theme_tokens import Tokens

ICON_NAMES: tuple[str, ...] = (
    "bell",
    "bell-off",
    "broker",
    "chart",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "clock",
    "close",
    "cloud",
    "copy",
    "dashed-ring",
    "database",
    "diamond",
    "download",
    "edit",
    "export",
    "eye",
    "eye-off",
    "folder",
    "help",
    "info",
    "leaf",
    "lock",
    "message",
    "ok-ring",
    "pause",
    "play",
    "plus",
    "publisher",
    "refresh",
    "search",
    "server",
    "settings",
    "spool",
    "sprout",
    "stop",
    "sun",
    "trash",
    "trend-down",
    "trend-steady",
    "trend-up",
    "triangle",
)

STATUS_GLYPHS: dict[str, tuple[str, str]] = {
    "empty": ("dashed-ring", "text3"),
    "connecting": ("dashed-ring", "text2"),
    "live": ("ok-ring", "text3"),
    "ok": ("ok-ring", "text3"),
    "stale": ("clock", "warn"),
    "fallback": ("cloud", "info"),
    "info": ("info", "info"),
    "warn": ("triangle", "warn"),
    "error": ("diamond", "crit"),
    "crit": ("diamond", "crit"),
}
"""For each value of the `state` and `severity` properties: icon name and colour token."""

BUTTON_ICON_SIZE = QSize(21, 16)
"""The `setIconSize` of a button with text beside its icon, for a `button_icon`."""

_APP_ICON_PX = (16, 20, 24, 32, 40, 48, 64, 128, 256)


def icon(name: str, tokens: Tokens, size: int = 16, color: str | None = None) -> QIcon:
    """A QIcon of `size` logical px, with its disabled form, for every connected screen.

    `color` is a token name or #rrggbb, `text2` if left out. The selected form keeps the
    colour: Fusion would otherwise blend a warning colour into the selection.
    Raises FileNotFoundError for a name that is not in ICON_NAMES.
    """
    made = QIcon()
    off = tokens.disabled
    for ratio in _screen_ratios():
        normal = pixmap(name, tokens, size, color, ratio)
        made.addPixmap(normal, QIcon.Mode.Normal)
        made.addPixmap(normal, QIcon.Mode.Selected)
        made.addPixmap(pixmap(name, tokens, size, off, ratio), QIcon.Mode.Disabled)
    return made


def button_icon(name: str, tokens: Tokens, color: str | None = None) -> QIcon:
    """A 16 px icon with 5 px of air on its right, for a button with text beside it.

    Qt leaves only 2 px between the two and no style rule changes that. Goes together with
    `setIconSize(BUTTON_ICON_SIZE)`; other arguments and errors as for `icon`.
    """
    made = QIcon()
    for ratio in _screen_ratios():
        for mode, tint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, tokens.disabled)):
            glyph = pixmap(name, tokens, BUTTON_ICON_SIZE.height(), tint, ratio)
            wide = QPixmap(BUTTON_ICON_SIZE * ratio)
            wide.setDevicePixelRatio(ratio)
            wide.fill(Qt.GlobalColor.transparent)
            painter = QPainter(wide)
            painter.drawPixmap(0, 0, glyph)
            painter.end()
            made.addPixmap(wide, mode)
    return made


def pixmap(
    name: str,
    tokens: Tokens,
    size: int = 16,
    color: str | None = None,
    device_pixel_ratio: float | None = None,
) -> QPixmap:
    """The icon as a pixmap of `size` logical px, cached; for labels and painted widgets.

    A painter passes its device's `devicePixelRatioF()`; without it the sharpest screen
    counts. Arguments and errors otherwise as for `icon`.
    """
    ratio = device_pixel_ratio or max(_screen_ratios())
    return _tinted(name, tokens.color(color or "text2").name(), size, ratio)


def status_icon(state: str, tokens: Tokens, size: int = 16) -> QIcon:
    """The glyph of a `state` or `severity` value; see STATUS_GLYPHS. KeyError if unknown."""
    name, color = STATUS_GLYPHS[state]
    return icon(name, tokens, size, color)


def status_pixmap(
    state: str, tokens: Tokens, size: int = 16, device_pixel_ratio: float | None = None
) -> QPixmap:
    """Like `status_icon`, as a pixmap."""
    name, color = STATUS_GLYPHS[state]
    return pixmap(name, tokens, size, color, device_pixel_ratio)


def app_icon() -> QIcon:
    """The program's own icon in the sizes that window systems ask for."""
    source = resource_path("app", "harit.svg").read_bytes()
    made = QIcon()
    for px in _APP_ICON_PX:
        made.addPixmap(_render(source, px, 1.0))
    return made


def _screen_ratios() -> list[float]:
    return sorted({1.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())})


@lru_cache(maxsize=512)
def _tinted(name: str, color: str, size: int, ratio: float) -> QPixmap:
    return _render(_source(name).replace(b"currentColor", color.encode()), size, ratio)


@lru_cache(maxsize=128)
def _source(name: str) -> bytes:
    return resource_path("icons", f"{name}.svg").read_bytes()


def _render(source: bytes, size: int, ratio: float) -> QPixmap:
    """Draw an SVG into a transparent pixmap of `size` logical px at a device pixel ratio."""
    # QtSvg is wanted only once something is drawn, not when the window module is imported.
    from PySide6.QtSvg import QSvgRenderer

    side = round(size * ratio)
    image = QImage(QSize(side, side), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, side, side))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return QPixmap.fromImage(image)
