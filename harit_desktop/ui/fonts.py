"""The bundled typefaces and the fonts made of them.

Inter sets Latin text and digits, Noto Sans Devanagari Hindi and Marathi, Noto Sans Mono
payloads. They are bundled because a field laptop may have no Devanagari face at all, and
because digits that change width make a live value jump.
"""

import logging
import sys
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, QLoggingCategory
from PySide6.QtGui import QFont, QFontDatabase

from harit_desktop.ui.resources import resource_path

LATIN_FAMILY = "Inter"
DEVANAGARI_FAMILY = "Noto Sans Devanagari"
MONO_FAMILY = "Noto Sans Mono"

# A family that does not exist costs a search of all system fonts (and a warning on macOS),
# so only families that are surely on a platform are named.
_SYSTEM_FAMILIES = {
    "win32": ("Segoe UI", "Nirmala UI"),
    "darwin": (".AppleSystemUIFont", "Kohinoor Devanagari"),
}
_SYSTEM_MONO = {"win32": ("Consolas",), "darwin": ("Menlo",)}

UI_FAMILIES: tuple[str, ...] = (
    LATIN_FAMILY,
    DEVANAGARI_FAMILY,
    *_SYSTEM_FAMILIES.get(sys.platform, ()),
)
MONO_FAMILIES: tuple[str, ...] = (
    MONO_FAMILY,
    DEVANAGARI_FAMILY,
    *_SYSTEM_MONO.get(sys.platform, ()),
)

FONT_FILES: tuple[str, ...] = (
    "Inter-Regular.ttf",
    "Inter-Medium.ttf",
    "Inter-SemiBold.ttf",
    "Inter-Bold.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansDevanagari-Medium.ttf",
    "NotoSansDevanagari-SemiBold.ttf",
    "NotoSansMono-Regular.ttf",
)

LEAST_READABLE_PX = 11
"""Devanagari is not set smaller; only chart ticks (Latin digits) may be."""

_LOADED = "haritFontsLoaded"
_log = logging.getLogger(__name__)


def load_fonts() -> None:
    """Register the bundled fonts with the running QGuiApplication, once per application.

    A missing or damaged file is logged and the system's fonts stand in: text in another
    face is better than no window.
    """
    app = QCoreApplication.instance()
    if app is None:
        raise RuntimeError("load_fonts() needs a QGuiApplication")
    if app.property(_LOADED):
        return
    app.setProperty(_LOADED, True)
    # Qt reports on stderr each time Devanagari text passes over the Latin face.
    QLoggingCategory.setFilterRules("qt.text.font.db.info=false")
    for name in FONT_FILES:
        if QFontDatabase.addApplicationFont(str(resource_path("fonts", name))) < 0:
            _log.warning("font %s could not be loaded; a system font is used instead", name)
    _model_font.cache_clear()


def scaled_px(size_px: int, text_scale: float = 1.0) -> int:
    """A text size of the 100 % table at another text size, in whole logical pixels.

    Shrinking stops at 11 px, below which Devanagari vowel signs run together.
    """
    return max(min(size_px, LEAST_READABLE_PX), round(size_px * text_scale))


def app_font(size_px: int = 13, weight: int = 400, text_scale: float = 1.0) -> QFont:
    """The interface font with digits of equal width.

    `size_px` is the size at 100 % (10 ticks, 11 caption, 12 dense, 13 body, 15/17 heading,
    22 value, 46 index); `weight` is 400, 500, 600 or 700.
    """
    return _font(UI_FAMILIES, size_px, weight, text_scale)


def mono_font(size_px: int = 12, text_scale: float = 1.0) -> QFont:
    """The fixed-pitch font of payloads and raw error texts."""
    font = _font(MONO_FAMILIES, size_px, 400, text_scale)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def _font(families: tuple[str, ...], size_px: int, weight: int, text_scale: float) -> QFont:
    return QFont(_model_font(families, scaled_px(size_px, text_scale), weight))


@lru_cache(maxsize=256)
def _model_font(families: tuple[str, ...], size_px: int, weight: int) -> QFont:
    """Made once: painted rows ask for their fonts at every repaint. Copied, never given out."""
    font = QFont()
    font.setFamilies(list(families))
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight(weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
