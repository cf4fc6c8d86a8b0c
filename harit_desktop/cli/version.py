"""The answer of --version."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from harit_desktop import __version__


def version_text() -> str:
    """Three lines: this program, Python, Qt."""
    try:
        qt = version("PySide6_Essentials")
    except PackageNotFoundError:
        from PySide6 import __version__ as qt
    return f"Harit Desktop {__version__}\nPython {platform.python_version()}\nQt {qt}"
