"""What a test found, as a text to send to somebody who can help; no secret is in it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QCoreApplication

from harit_desktop import __version__
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.ui.problem_texts import printable

HIDDEN = "***"
SHORTEST_SECRET = 4


def report_text(
    title: str, tried: Mapping[str, Any], result: str, secrets: Mapping[str, str]
) -> str:
    """The settings that were tried, by their keys, and what came of it.

    Of a file only the name is told, and a secret is covered wherever it stands.
    """
    tr = QCoreApplication.translate
    moment = datetime.now().astimezone().isoformat(timespec="seconds")
    head = tr("SettingsTest", "Harit Desktop {version}, {system}, {moment}").format(
        version=__version__, system=platform.platform(terse=True), moment=moment
    )
    shown = [
        f"{key} = {_shown(key, value)}"
        for key, value in tried.items()
        if key not in SECRET_KEYS and value not in ("", None)
    ]
    text = "\n".join([f"{title}: {head}", "", *shown, "", result])
    for secret in sorted(secrets.values(), key=len, reverse=True):
        # To cover a shorter one would tell where it does not stand.
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text + "\n"


def _shown(key: str, value: Any) -> str:
    if key.endswith("_file"):
        return printable(PurePath(str(value).replace("\\", "/")).name)
    if isinstance(value, list | tuple):
        return ", ".join(printable(str(each)) for each in value)
    return printable(str(value))
