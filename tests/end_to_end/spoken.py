"""The accessibility tree of the running program, as a screen reader meets it.

Used inside the program by `remote_control`; answers are plain data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QWidget

CHILDREN = 160
"""Of a table with thousands of cells the first are enough."""
_TEXTS = {
    "name": QAccessible.Text.Name,
    "description": QAccessible.Text.Description,
    "value": QAccessible.Text.Value,
}


def find(role: str = "", name: str = "", window: str = "") -> list[dict[str, Any]]:
    """What is on screen with this role and with a name that matches, in reading order."""
    return [_told(node) for node in _matching(role, name, window)]


def act(role: str, name: str, action: str, window: str = "") -> list[str]:
    """Does an action of the first match; the actions that it offers."""
    for node in _matching(role, name, window):
        actions = node.actionInterface()
        offered = list(actions.actionNames()) if actions is not None else []
        if action in offered:
            actions.doAction(action)
            return offered
    raise LookupError(f"{role} {name!r} with {action}")


def focus() -> dict[str, Any]:
    """The widget with the focus: its names and those of everything around it."""
    widget = QApplication.focusWidget()
    if widget is None:
        return {}
    around, parent = [], widget.parentWidget()
    while parent is not None:
        around.append(parent.objectName())
        parent = parent.parentWidget()
    node = QAccessible.queryAccessibleInterface(widget)
    return {
        "name": widget.objectName(),
        "class": type(widget).__name__,
        "id": id(widget),
        "spoken": _text(node, QAccessible.Text.Name) if node is not None else "",
        "visible": widget.isVisible() and not widget.visibleRegion().isEmpty(),
        "enabled": widget.isEnabled(),
        "around": around,
        "window": widget.window().objectName(),
    }


def modal() -> str:
    """The dialog in front; empty where there is none."""
    dialog = QApplication.activeModalWidget()
    return dialog.objectName() if dialog is not None else ""


def _matching(role: str, name: str, window: str) -> Iterator[QAccessibleInterface]:
    for root in _roots(window):
        node = QAccessible.queryAccessibleInterface(root)
        for found in _below(node):
            if role and found.role().name != role:
                continue
            if re.search(name, _text(found, QAccessible.Text.Name)):
                yield found


def _roots(window: str) -> list[QWidget]:
    front = QApplication.activeModalWidget()
    shown = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
    if window:
        return [one for one in shown if one.objectName() == window]
    return [front] if front is not None else shown


def _below(node: QAccessibleInterface | None) -> Iterator[QAccessibleInterface]:
    if node is None or not node.isValid() or node.state().invisible:
        return
    yield node
    for number in range(min(node.childCount(), CHILDREN)):
        yield from _below(node.child(number))


def _text(node: QAccessibleInterface, kind: QAccessible.Text) -> str:
    return str(node.text(kind))


def _told(node: QAccessibleInterface) -> dict[str, Any]:
    state = node.state()
    told: dict[str, Any] = {key: _text(node, kind) for key, kind in _TEXTS.items()}
    told |= {
        "role": node.role().name,
        "focusable": bool(state.focusable),
        "focused": bool(state.focused),
        "checked": bool(state.checked),
        "disabled": bool(state.disabled),
        "selected": bool(state.selected),
    }
    number = node.valueInterface()
    if number is not None:
        told["number"] = number.currentValue()
    return told
