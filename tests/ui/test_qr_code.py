"""The QR code: dark on white, white around it, and words for who cannot see it."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from harit_desktop.ui.qr_code import QUIET_MODULES, QrCode, drawn, modules_of

URL = "mqtt://harit@192.168.1.20:1883"
FINDER = [
    [True] * 7,
    [True, *[False] * 5, True],
    *[[True, False, True, True, True, False, True]] * 3,
    [True, *[False] * 5, True],
    [True] * 7,
]


def test_a_symbol_has_its_three_finders_and_grows_with_the_text() -> None:
    modules = modules_of(URL)
    side = len(modules)
    assert side == 29
    assert all(len(row) == side for row in modules)
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        assert [row[left : left + 7] for row in modules[top : top + 7]] == FINDER
    assert len(modules_of(URL * 5)) > side
    assert modules_of(URL) != modules_of(URL.replace("20", "21"))


def test_a_text_that_no_symbol_holds_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"(?i)data"):
        modules_of("x" * 4000)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_modules_are_whole_pixels_on_white(qtbot: QtBot, ratio: float) -> None:
    modules = modules_of(URL)
    image: QImage = drawn(modules, 180, ratio).toImage()
    count = len(modules) + 2 * QUIET_MODULES
    module_px, rest = divmod(image.width(), count)
    assert rest == 0
    assert image.width() == image.height() >= 180 * ratio
    for y in range(count):
        for x in range(count):
            inside = min(x, y) >= QUIET_MODULES and max(x, y) < count - QUIET_MODULES
            dark = inside and modules[y - QUIET_MODULES][x - QUIET_MODULES]
            middle = module_px // 2
            seen = image.pixelColor(x * module_px + middle, y * module_px + middle)
            assert seen == QColor("black" if dark else "white")


def test_it_is_named_and_forgets(qtbot: QtBot) -> None:
    code = QrCode("qr")
    qtbot.addWidget(code)
    code.show_text(URL, f"QR code with {URL}")
    assert code.accessibleName() == f"QR code with {URL}"
    assert not code.pixmap().isNull()
    code.clear()
    assert code.text_shown == code.accessibleName() == ""
    assert code.pixmap().isNull()
