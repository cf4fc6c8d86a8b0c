"""Looks at every scene in one look, in a process of its own with a screen of that size.

`python -m tests.look.run FARM OUT --theme dark --size 1366x768 --text 150` writes a picture
a scene into OUT, and what is wrong into its `found.json`. FARM is a folder of `farm.make_farm`.
With `--only mapping profiles` it plays these scene functions alone.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

FAILURES = (AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError)
"""A scene that cannot be played is a fault like others, and not the end of the look."""
LOOKS_AGAIN = 3
QUIET = tuple(
    f"This plugin does not support {what}"
    for what in ("propagateSizeHints()", "raise()", "grabbing the keyboard")
)


def screen_file(folder: Path, size: tuple[int, int]) -> str:
    """What Qt's offscreen platform is told of its screen."""
    screen = {"name": "one", "x": 0, "y": 0, "width": size[0], "height": size[1]}
    screen |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    tree = {"synchronousWindowSystemEvents": False, "windowFrameMargins": False}
    file = folder / "screen.json"
    file.write_text(json.dumps(tree | {"screens": [screen]}), encoding="utf-8")
    return f"offscreen:configfile={file}"


class Look:
    """Goes through scenes and keeps what it found."""

    def __init__(self, out: Path, contrast: bool) -> None:
        from tests.look.promised import PROMISED
        from tests.look.stage import StallWatch

        self.out = out
        self.contrast = contrast
        self.promised = frozenset(PROMISED)
        self.watch = StallWatch()
        self.faults: list[dict[str, str]] = []
        self.stalls: dict[str, tuple[float, str]] = {}
        self.met: set[str] = set()
        self.scenes: list[str] = []

    def show(self, stage: Any, scenes: Sequence[Any]) -> None:
        for scene in scenes:
            steps = scene(stage)
            while True:
                self.watch.arm()
                try:
                    name, widget = next(steps)
                    stage.settle()
                except StopIteration:
                    break
                except FAILURES:
                    detail = traceback.format_exc(limit=-4)
                    after = self.scenes[-1] if self.scenes else "the start"
                    self._add("scene", after, scene.__name__, detail)
                    self._close_dialogs()
                    break
                finally:
                    self.watch.disarm()
                self.stalls[name] = (self.watch.longest_s, self.watch.where)
                self._look_at(stage, name, widget)

    def _look_at(self, stage: Any, name: str, widget: Any) -> None:
        from tests.look import checks

        picture, found = self._checked(widget)
        for _ in range(LOOKS_AGAIN):
            if not found:
                break
            # A layout may be a beat behind what it shows; a fault is what stays.
            stage.settle()
            picture, found = self._checked(widget)
        picture.save(str(self.out / f"{name}.png"))
        self.scenes.append(name)
        self.faults += [asdict(fault) | {"scene": name} for fault in found]
        self.met.update(one.objectName() for one in checks.visible(widget))
        self.met.update(action.objectName() for action in widget.actions())

    def _checked(self, widget: Any) -> tuple[Any, list[Any]]:
        from tests.look import checks

        picture = widget.grab()
        bar = widget.menuBar() if hasattr(widget, "menuBar") else None
        return picture, [
            *checks.truncated(widget),
            *checks.outside(widget),
            *checks.overlaps(widget),
            *checks.hidden_tools(widget),
            *checks.nameless(widget, self.promised),
            *(checks.faint(widget, picture) if self.contrast else ()),
            *(checks.same_mnemonics(bar) if bar is not None else ()),
        ]

    def _add(self, kind: str, scene: str, where: str, detail: str) -> None:
        self.faults.append({"kind": kind, "scene": scene, "place": where, "detail": detail})

    def _close_dialogs(self) -> None:
        from PySide6.QtWidgets import QApplication, QDialog

        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog) and window.isVisible():
                window.reject()


def look(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Plays every scene; what was found."""
    from PySide6.QtCore import QLocale, qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    from harit_desktop.ui.garbage import MainThreadCollector
    from harit_desktop.ui.theme import ThemeController
    from tests.look import scenes, setup_scenes
    from tests.look.stage import Stage

    said: list[str] = []
    qInstallMessageHandler(lambda _kind, _where, text: said.append(text))
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    # As the program does: a worker thread must not destroy what belongs to this one.
    collector = MainThreadCollector(app)
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.India))
    theme = ThemeController(app, options.theme, options.text / 100)
    size = as_size(options.size)
    seen = Look(options.out, options.contrast)
    shutil.copytree(options.farm, work / "farm")
    kept: list[Stage] = []
    for folder, settings, played in (
        ("new", {}, (scenes.first_run,)),
        (
            "empty",
            {"broker.mode": "external", "broker.port": 9},
            (scenes.empty,) + (setup_scenes.IN_EMPTY if options.setup else ()),
        ),
        (
            "farm",
            {"broker.mode": "external", "broker.port": 9},
            scenes.IN_WINDOW
            + (scenes.IN_DIALOGS if options.dialogs else ())
            + (setup_scenes.IN_SETUP if options.setup else ()),
        ),
    ):
        played = tuple(one for one in played if not options.only or one.__name__ in options.only)
        if not played:
            continue
        stage = Stage(theme, work / folder, size, **settings)
        kept.append(stage)
        if folder == "farm":
            stage.fill()
            stage.settle()
        seen.show(stage, played)
        stage.end()
    seen.watch.end()
    collector.end()
    for text in said:
        if text not in QUIET:
            seen._add("qt", "any", "Qt", text)
    return {
        "faults": seen.faults,
        "stalls": seen.stalls,
        "met": sorted(filter(None, seen.met)),
        "scenes": seen.scenes,
    }


def as_size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("farm", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1366x768")
    parser.add_argument("--text", type=int, default=100)
    parser.add_argument("--contrast", action="store_true")
    parser.add_argument("--dialogs", action="store_true")
    parser.add_argument("--setup", action="store_true", help="also the scenes of setup_scenes")
    parser.add_argument("--only", nargs="*", metavar="SCENE", help="names of scene functions")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    faulthandler.enable()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="harit-look-") as work:
        os.environ["QT_QPA_PLATFORM"] = screen_file(Path(work), as_size(options.size))
        found = look(options, Path(work))
    found["took_s"] = time.monotonic() - began_s
    (options.out / "found.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    sys.stderr.flush()
    return 0


if __name__ == "__main__":
    # Without tearing down the windows one by one.
    os._exit(main())
