"""Icons: every name draws in both schemes, sharp, tinted, and told apart by shape."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from itertools import combinations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap
from PySide6.QtWidgets import QApplication

from harit_desktop.ui.icons import (
    BUTTON_ICON_SIZE,
    ICON_NAMES,
    STATUS_GLYPHS,
    app_icon,
    button_icon,
    icon,
    pixmap,
    status_icon,
    status_pixmap,
)
from harit_desktop.ui.resources import resource_path
from harit_desktop.ui.theme_tokens import DARK, LIGHT, Tokens

pytestmark = pytest.mark.usefixtures("qapp")


def coverage(drawn: QPixmap) -> dict[tuple[int, int], float]:
    """Opacity 0..1 of every pixel that is not empty."""
    image = drawn.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    found = {}
    for y in range(image.height()):
        for x in range(image.width()):
            alpha = image.pixelColor(x, y).alphaF()
            if alpha > 0:
                found[x, y] = alpha
    return found


def is_drawn_in(drawn: QPixmap, color: str) -> bool:
    """Whether every opaque pixel has the colour, but for one step of rounding."""
    image = drawn.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    wanted = QColor(color)
    opaque = [image.pixelColor(x, y) for (x, y), alpha in coverage(drawn).items() if alpha == 1]
    return bool(opaque) and all(
        abs(found.red() - wanted.red()) <= 1
        and abs(found.green() - wanted.green()) <= 1
        and abs(found.blue() - wanted.blue()) <= 1
        for found in opaque
    )


def test_the_names_are_exactly_the_files() -> None:
    assert sorted(path.stem for path in resource_path("icons").glob("*.svg")) == list(ICON_NAMES)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ICON_NAMES)
def test_every_icon_draws_in_the_wanted_colour(name: str, tokens: Tokens) -> None:
    drawn = pixmap(name, tokens, 64, "accent", 1.0)
    assert len(coverage(drawn)) > 40
    assert is_drawn_in(drawn, tokens.accent)


@pytest.mark.parametrize("name", ICON_NAMES)
def test_no_icon_is_cut_at_the_edge(name: str) -> None:
    drawn = coverage(pixmap(name, LIGHT, 64, None, 1.0))
    edge = [alpha for (x, y), alpha in drawn.items() if x in (0, 63) or y in (0, 63)]
    assert not edge


def test_default_colour_and_free_colour() -> None:
    assert is_drawn_in(pixmap("stop", LIGHT, 16, None, 1.0), LIGHT.text2)
    assert is_drawn_in(pixmap("stop", LIGHT, 16, "#0B5E91", 1.0), "#0B5E91")


def test_unknown_icon_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon", LIGHT)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0, 3.0])
def test_pixmap_has_the_pixels_of_the_screen(ratio: float) -> None:
    drawn = pixmap("bell", LIGHT, 16, None, ratio)
    assert drawn.size() == QSize(round(16 * ratio), round(16 * ratio))
    assert drawn.deviceIndependentSize().toSize() == QSize(16, 16)


def test_pixmaps_are_cached() -> None:
    first, second = (pixmap("leaf", DARK, 16, "text1", 1.0) for _ in range(2))
    assert first.cacheKey() == second.cacheKey()


def test_icon_keeps_its_colour_when_selected_and_fades_when_disabled() -> None:
    made = icon("diamond", LIGHT, 16, "crit")
    size = QSize(16, 16)
    assert is_drawn_in(made.pixmap(size, QIcon.Mode.Selected), LIGHT.crit)
    assert is_drawn_in(made.pixmap(size, QIcon.Mode.Disabled), LIGHT.disabled)


def test_button_icon_has_air_between_glyph_and_text() -> None:
    drawn = button_icon("play", LIGHT, "accent").pixmap(BUTTON_ICON_SIZE, 1.0)
    assert drawn.size() == BUTTON_ICON_SIZE
    covered = coverage(drawn)
    assert covered
    assert max(x for x, _ in covered) < 16


def test_states_differ_by_shape_alone() -> None:
    """Two glyphs in one colour share less than four fifths of their ink."""
    names = sorted({name for name, _ in STATUS_GLYPHS.values()})
    assert len(names) >= 6
    shapes = {name: coverage(pixmap(name, LIGHT, 16, "text1", 1.0)) for name in names}
    for one, other in combinations(names, 2):
        a, b = shapes[one], shapes[other]
        spots = a.keys() | b.keys()
        common = sum(min(a.get(spot, 0), b.get(spot, 0)) for spot in spots)
        total = sum(max(a.get(spot, 0), b.get(spot, 0)) for spot in spots)
        assert common / total < 0.8, (one, other)


def test_status_glyph_takes_the_colour_of_its_severity() -> None:
    assert is_drawn_in(status_pixmap("crit", DARK, 64, 1.0), DARK.crit)
    assert not status_icon("stale", DARK).isNull()
    with pytest.raises(KeyError):
        status_icon("no-such-state", DARK)


def test_app_icon_comes_in_the_sizes_of_every_system(qapp: QApplication) -> None:
    sizes = {size.width() for size in app_icon().availableSizes()}
    assert sizes >= {16, 24, 32, 48, 256}
    assert len(coverage(app_icon().pixmap(QSize(256, 256), 1.0))) > 2000
