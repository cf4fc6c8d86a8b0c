"""Draw every control class of the look into PNG files, to be looked at and compared.

    python build_scripts/theme_gallery.py FOLDER

Needs no screen. Writes the pages "window", "fields" and "views" in light and dark, the
window also in Hindi, and two pages at 150 % text size.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from gallery.controls import fields_page, views_page
from gallery.window import window_page
from harit_desktop.ui.theme import ThemeController

PAGES: dict[str, Callable[[ThemeController], QWidget]] = {
    "window": window_page,
    "fields": fields_page,
    "views": views_page,
}


def _shoot(app: QApplication, page: QWidget, target: Path, focus: str | None = None) -> None:
    page.show()
    app.processEvents()
    if focus is not None:
        page.activateWindow()
        found = next(w for w in page.findChildren(QWidget) if getattr(w, "text", str)() == focus)
        found.setFocus(Qt.FocusReason.TabFocusReason)
    app.processEvents()
    page.grab().save(str(target))
    page.close()
    page.deleteLater()
    app.processEvents()


def main() -> int:
    """Draw all pages into the folder of the command line."""
    parser = argparse.ArgumentParser(description="Draw the theme gallery.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    began = time.perf_counter()
    theme = ThemeController(app, "light")
    print(f"fonts and first theme: {(time.perf_counter() - began) * 1e3:.1f} ms")
    for scheme in ("light", "dark"):
        theme.set_scheme(scheme)
        for name, build in PAGES.items():
            _shoot(app, build(theme), folder / f"{name}_{scheme}.png")
        _shoot(app, window_page(theme, "hi"), folder / f"window_{scheme}_hi.png")
        _shoot(app, fields_page(theme), folder / f"fields_{scheme}_focus.png", "192.168.1.20")
    theme.set_scheme("light")
    theme.set_text_scale(1.5)
    _shoot(app, window_page(theme), folder / "window_light_150.png")
    _shoot(app, fields_page(theme), folder / "fields_light_150.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
