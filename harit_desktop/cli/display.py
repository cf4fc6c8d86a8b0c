"""Whether this Linux session can show a window.

Qt ends the process when it cannot reach its display, so this is found out before.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path

CONNECT_TIMEOUT_S = 1.0
X11_PORT_BASE = 6000


def display_problem(environment: Mapping[str, str]) -> str | None:
    """One clause for the user; None where a display answers."""
    wayland = environment.get("WAYLAND_DISPLAY")
    if wayland:
        runtime_dir = Path(environment.get("XDG_RUNTIME_DIR", "/run"))
        if (runtime_dir / wayland).exists():
            return None
    display = environment.get("DISPLAY")
    if not display:
        return "no display was found"
    if _answers(display):
        return None
    return f"the display {display!r} does not answer"


def _answers(display: str) -> bool:
    match = re.fullmatch(r"(?P<host>[^:]*):(?P<number>\d+)(\.\d+)?", display)
    if match is None:
        return True
    number = int(match["number"])
    try:
        if match["host"] in ("", "unix"):
            return _local_answers(number)
        address = (match["host"], X11_PORT_BASE + number)
        socket.create_connection(address, CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _local_answers(number: int) -> bool:
    path = f"/tmp/.X11-unix/X{number}"
    for address in (path, "\0" + path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_TIMEOUT_S)
            if probe.connect_ex(address) == 0:
                return True
    return False
