"""Joins the layers: the one package that knows every real part.

Heavy libraries are imported where a part is built, on the engine's own threads: the
window is on the screen before SQLAlchemy, paho, Flask or numpy is loaded.
"""

from harit_desktop.app.clock import now_us
from harit_desktop.app.commands import (
    build_engine,
    build_lone_publisher,
    open_backups,
    open_history,
)
from harit_desktop.app.diagnosis import plan_diagnosis
from harit_desktop.app.parts import ProductParts

__all__ = [
    "ProductParts",
    "build_engine",
    "build_lone_publisher",
    "now_us",
    "open_backups",
    "open_history",
    "plan_diagnosis",
]
