"""Where the program's data files are, in a source tree and in a frozen build.

Fonts, icons and the artwork are plain files rather than a compiled Qt resource, so that
packagers can replace a font and translators and designers can open what they change.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QDir

SEARCH_PREFIX = "harit"
"""Qt file-name prefix: `harit:icons/bell.svg` is a file below the resources folder."""

_FOLDER = "resources"


def resources_dir() -> Path:
    """The resources folder: beside the frozen program, or at the root of the source tree."""
    bundle = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[2]
    return root / _FOLDER


def resource_path(*parts: str) -> Path:
    """The path of one data file, e.g. `resource_path("icons", "bell.svg")`.

    The file is not checked: the reader of it knows best what its absence means.
    """
    return resources_dir().joinpath(*parts)


def register_search_prefix() -> None:
    """Let style sheets and Qt readers use `harit:` names, whatever the install path holds.

    A path inside `url(...)` of a style sheet would break on a folder name with a bracket or
    a quote; a search prefix keeps the path out of the sheet.
    """
    QDir.setSearchPaths(SEARCH_PREFIX, [resources_dir().as_posix()])
