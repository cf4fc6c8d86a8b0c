"""What can be seen to be wrong with a window: cut text, overlaps, missing names, faint text.

Each check looks at what is visible below one top-level widget and returns its faults.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAction, QFont, QFontMetrics, QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QFocusFrame,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QMenuBar,
    QRubberBand,
    QScrollArea,
    QSizeGrip,
    QSplitterHandle,
    QTabBar,
    QToolBar,
    QToolButton,
    QWidget,
)

from harit_desktop.ui.panels.elided_label import ElidedLabel

SLACK_PX = 1
FIELD_PADDING_PX = 10
HEADER_PADDING_PX = 8
TEXT_CONTRAST = 4.5
LARGE_TEXT_CONTRAST = 3.0
LARGE_PX, LARGE_BOLD_PX = 24.0, 18.66
SMOOTHED = 0.85
"""Of thin letters the picture has no pixel in their full colour."""
CELLS_LOOKED_AT = 40
_FLOATING = (QRubberBand, QSizeGrip, QFocusFrame, QSplitterHandle)


@dataclass(frozen=True)
class Fault:
    """`kind` is the check's name, `place` the widget, `detail` what is wrong with it."""

    kind: str
    place: str
    detail: str


def visible(root: QWidget) -> Iterator[QWidget]:
    """What can be seen in a window, itself first; menus and dialogs above it are others."""
    yield root
    for widget in root.findChildren(QWidget):
        if widget.isVisible() and widget.window() is root and not widget.size().isEmpty():
            yield widget


def place(widget: QWidget) -> str:
    """A name to find a widget by: its own, or its class under the nearest named parent."""
    if widget.objectName() and not widget.objectName().startswith("qt_"):
        return widget.objectName()
    parent = widget.parentWidget()
    text = getattr(widget, "text", None)
    said = f" {str(text())[:40]!r}" if isinstance(widget, (QLabel, QAbstractButton)) else ""
    above = f"{place(parent)} > " if parent is not None else ""
    return f"{above}{type(widget).__name__}{said}"


# -- cut text ----------------------------------------------------------------------------


def truncated(root: QWidget) -> list[Fault]:
    """Text that is wider or higher than its room, unless a tool tip has the whole of it."""
    faults = []
    for widget in visible(root):
        for detail in _cut_parts(widget):
            faults.append(Fault("truncated", place(widget), detail))
    return faults


def _cut_parts(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel):
        yield from _cut_label(widget)
    elif isinstance(widget, QAbstractButton):
        yield from _cut_button(widget)
    elif isinstance(widget, QTabBar):
        yield from _cut_tabs(widget)
    elif isinstance(widget, QHeaderView):
        yield from _cut_sections(widget)
    elif isinstance(widget, QGroupBox):
        yield from _too_wide(widget.title(), widget, widget.width())
    elif isinstance(widget, QComboBox):
        room = widget.width() - 2 * FIELD_PADDING_PX - 14
        if not widget.isEditable():
            yield from _too_wide(widget.currentText(), widget, room)
    elif isinstance(widget, QAbstractSpinBox):
        edit = widget.lineEdit()
        margins = edit.textMargins()
        room = edit.width() - margins.left() - margins.right() - 4
        yield from _too_wide(edit.text(), edit, room)
    elif isinstance(widget, QLineEdit) and not widget.text():
        room = widget.width() - 2 * FIELD_PADDING_PX
        yield from _too_wide(widget.placeholderText(), widget, room)


def _too_wide(text: str, widget: QWidget, room_px: int) -> Iterator[str]:
    need_px = widget.fontMetrics().horizontalAdvance(text)
    if text and need_px > room_px + SLACK_PX and not widget.toolTip():
        yield f"{text[:60]!r} needs {need_px} px, has {room_px}"


def _cut_label(label: QLabel) -> Iterator[str]:
    text = label.text()
    if not text:
        return
    if isinstance(label, ElidedLabel):
        need_px = label.fontMetrics().horizontalAdvance(text)
        if need_px > label.contentsRect().width() and not label.toolTip():
            yield f"{text[:60]!r} is cut without a tool tip"
        return
    if label.wordWrap():
        need_px = label.heightForWidth(label.width())
        if need_px > label.height() + 2:
            yield f"{text[:60]!r} needs {need_px} px of height, has {label.height()}"
        if label.textFormat() == Qt.TextFormat.PlainText:
            longest = max(text.split(), key=len, default="")
            yield from _too_wide(longest, label, label.contentsRect().width())
        return
    hint = label.sizeHint()
    if hint.width() > label.width() + SLACK_PX and not label.toolTip():
        yield f"{text[:60]!r} needs {hint.width()} px, has {label.width()}"
    if label.textFormat() != Qt.TextFormat.RichText and "\n" not in text:
        # What is inked, rather than the line: digits need no room for descenders.
        inked_px = label.fontMetrics().tightBoundingRect(text).height()
        if inked_px > label.height():
            yield f"{text[:60]!r} is {inked_px} px high, has {label.height()}"


def _cut_button(button: QAbstractButton) -> Iterator[str]:
    if not button.text() or button.objectName().startswith("qt_"):
        return
    if isinstance(button, QToolButton):
        style = button.toolButtonStyle()
        if style == Qt.ToolButtonStyle.ToolButtonIconOnly:
            return
    hint = button.sizeHint()
    if hint.width() > button.width() + SLACK_PX and not _elided_tip(button):
        yield f"{button.text()[:60]!r} needs {hint.width()} px, has {button.width()}"
    if button.fontMetrics().height() > button.height() + SLACK_PX:
        yield f"{button.text()[:60]!r} is higher than its {button.height()} px"


def _elided_tip(button: QAbstractButton) -> bool:
    """Whether the tool tip was set by somebody; a tool button makes one of its action's text."""
    if isinstance(button, QToolButton) and button.defaultAction() is not None:
        return False
    return bool(button.toolTip())


def _cut_tabs(bar: QTabBar) -> Iterator[str]:
    for number in range(bar.count()):
        if not bar.isTabVisible(number) or bar.tabToolTip(number):
            continue
        rect, text = bar.tabRect(number), bar.tabText(number).replace("&", "")
        if bar.fontMetrics().horizontalAdvance(text) > rect.width():
            yield f"tab {text!r} has {rect.width()} px"
        if rect.right() > bar.width():
            yield f"tab {text!r} ends at {rect.right()} of {bar.width()} px"


def _cut_sections(header: QHeaderView) -> Iterator[str]:
    if header.orientation() != Qt.Orientation.Horizontal or header.model() is None:
        return
    font = QFont(header.font())
    font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetrics(font)
    for number in range(header.count()):
        text = str(header.model().headerData(number, Qt.Orientation.Horizontal) or "")
        tip = header.model().headerData(
            number, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        )
        need_px = metrics.horizontalAdvance(text) + HEADER_PADDING_PX
        room_px = header.sectionSize(number)
        if not header.isSectionHidden(number) and need_px > room_px + SLACK_PX and not tip:
            yield f"column {text!r} needs {need_px} px, has {room_px}"


# -- places ------------------------------------------------------------------------------


def outside(root: QWidget) -> list[Fault]:
    """Widgets that reach beyond their parent, where nothing can be scrolled to them."""
    faults = []
    for widget in visible(root):
        parent = widget.parentWidget()
        if widget is root or parent is None or isinstance(widget, _FLOATING):
            continue
        room = parent.rect().adjusted(-SLACK_PX, -SLACK_PX, SLACK_PX, SLACK_PX)
        area = parent.parentWidget()
        if isinstance(area, QAbstractScrollArea) and parent is area.viewport():
            if isinstance(area, QScrollArea) and _unreachable(area, widget):
                detail = f"{widget.width()} px in a view of {parent.width()} px"
                faults.append(Fault("outside", place(widget), detail))
        elif not room.contains(widget.geometry()) and not _is_qt_part(widget):
            detail = f"{_box(widget.geometry())} in {_box(parent.rect())}"
            faults.append(Fault("outside", place(widget), detail))
    return faults


def hidden_tools(root: QWidget) -> list[Fault]:
    """What a tool bar has no room for, and hides behind an arrow."""
    faults = []
    for bar in root.findChildren(QToolBar):
        for action in bar.actions() if bar.isVisible() else ():
            widget = bar.widgetForAction(action)
            if action.isVisible() and widget is not None and not widget.isVisible():
                faults.append(Fault("hidden", place(bar), place(widget)))
    return faults


def _unreachable(area: QScrollArea, content: QWidget) -> bool:
    never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    wide = content.width() > area.viewport().width() + SLACK_PX
    return wide and area.horizontalScrollBarPolicy() == never


def overlaps(root: QWidget) -> list[Fault]:
    """Siblings that cover each other."""
    faults = []
    for parent in visible(root):
        if isinstance(parent, (QAbstractScrollArea, QTabBar, QComboBox, QDockWidget)):
            continue
        children = [child for child in _children(parent) if not isinstance(child, _FLOATING)]
        for one, other in combinations(children, 2):
            shared = one.geometry().intersected(other.geometry())
            if shared.width() > SLACK_PX and shared.height() > SLACK_PX:
                detail = f"covers {place(other)} by {shared.width()}x{shared.height()} px"
                faults.append(Fault("overlap", place(one), detail))
    return faults


def _children(parent: QWidget) -> list[QWidget]:
    found = parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [
        child
        for child in found
        if child.isVisible()
        and not child.isWindow()
        and not child.size().isEmpty()
        and not _is_qt_part(child)
    ]


def _is_qt_part(widget: QWidget) -> bool:
    return widget.objectName().startswith("qt_")


def _box(rect: QRect) -> str:
    return f"{rect.width()}x{rect.height()}+{rect.x()}+{rect.y()}"


# -- names -------------------------------------------------------------------------------


def spoken_name(widget: QWidget) -> str:
    """What a screen reader calls a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def nameless(root: QWidget, promised: frozenset[str]) -> list[Fault]:
    """Widgets that take the focus, or that are promised by name, without words for them."""
    faults = []
    for widget in visible(root):
        silent = isinstance(widget, QLabel) and not widget.text()
        promise = widget.objectName() in promised and not silent
        wanted = promise or _takes_focus(widget)
        if wanted and not spoken_name(widget).strip():
            faults.append(Fault("nameless", place(widget), type(widget).__name__))
    return faults


def _takes_focus(widget: QWidget) -> bool:
    if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or _is_qt_part(widget):
        return False
    owner = widget.parentWidget()
    inner = isinstance(owner, (QAbstractSpinBox, QComboBox)) or (
        isinstance(owner, QAbstractScrollArea) and widget is owner.viewport()
    )
    # An area that is scrolled by what is in it is not a stop of its own.
    stop = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return widget.focusProxy() is None and not inner and bool(stop)


def same_mnemonics(bar: QMenuBar) -> list[Fault]:
    """Letters that two entries of one menu claim."""
    faults = []
    for title, actions in _menus(bar):
        letters = Counter(filter(None, map(_letter, actions)))
        for letter, times in letters.items():
            if times > 1:
                faults.append(Fault("mnemonic", title, f"{times} entries claim {letter!r}"))
    return faults


def _letter(action: QAction) -> str:
    if not action.isVisible():
        return ""
    found = re.search(r"&([^&])", action.text().replace("&&", ""))
    return found[1].lower() if found else ""


def _menus(bar: QMenuBar) -> Iterator[tuple[str, list[QAction]]]:
    yield "menu bar", bar.actions()
    waiting = [action.menu() for action in bar.actions()]
    while waiting:
        menu = waiting.pop()
        if isinstance(menu, QMenu):
            yield menu.title(), menu.actions()
            waiting.extend(action.menu() for action in menu.actions())


# -- contrast ----------------------------------------------------------------------------


def faint(root: QWidget, picture: QPixmap) -> list[Fault]:
    """Text that does not stand out from what it is drawn on (WCAG AA)."""
    pixels = _pixels(picture)
    faults = []
    for widget in visible(root):
        if not widget.isEnabled():
            continue
        for rect, text, own in _texts(root, widget):
            detail = _too_faint(pixels, rect, widget, own)
            if detail:
                faults.append(Fault("contrast", place(widget), f"{text[:40]!r} {detail}"))
    return faults


def _texts(root: QWidget, widget: QWidget) -> Iterator[tuple[QRect, str, bool]]:
    """Where text is drawn in the picture; True where the palette has its colour."""
    corner = widget.mapTo(root, QPoint())
    seen = widget.visibleRegion().boundingRect()
    if isinstance(widget, QLabel) and widget.text():
        if seen == widget.rect():
            plain = "<" not in widget.text()
            yield seen.translated(corner), widget.text(), plain
    elif isinstance(widget, QAbstractButton) and widget.text():
        if seen == widget.rect() and _shows_words(widget):
            yield seen.translated(corner), widget.text(), False
    elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
        origin = widget.viewport().mapTo(root, QPoint())
        for rect, text in _cells(widget):
            yield rect.translated(origin), text, False


def _shows_words(button: QAbstractButton) -> bool:
    icon_only = Qt.ToolButtonStyle.ToolButtonIconOnly
    return not (isinstance(button, QToolButton) and button.toolButtonStyle() == icon_only)


def _cells(view: QAbstractItemView) -> Iterator[tuple[QRect, str]]:
    model, room = view.model(), view.viewport().rect()
    columns = 1 if isinstance(view, QListView) else model.columnCount()
    looked_at = 0
    for row in range(min(model.rowCount(), CELLS_LOOKED_AT)):
        for column in range(columns):
            index = model.index(row, column)
            rect = view.visualRect(index)
            text = str(index.data() or "").strip()
            usable = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
            if text and usable and not rect.isEmpty() and room.contains(rect):
                looked_at += 1
                yield rect, text
        if looked_at >= CELLS_LOOKED_AT:
            return


def _too_faint(pixels: NDArray[np.uint8], rect: QRect, widget: QWidget, own_colour: bool) -> str:
    part = pixels[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]
    if part.size == 0:
        return ""
    packed = (part.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)).ravel()
    colours, counts = np.unique(packed, return_counts=True)
    behind = luminance(colours[counts.argmax()][None])[0]
    best = float(_ratios(luminance(colours), behind).max())
    least = _least(widget)
    if own_colour:
        colour = widget.palette().color(widget.foregroundRole())
        own = np.array([colour.rgb() & 0xFFFFFF], np.uint32)
        said = float(_ratios(luminance(own), behind)[0])
        if said < least:
            return f"{said:.2f}:1 by its palette, {best:.2f}:1 in the picture"
    if best < least * SMOOTHED:
        return f"{best:.2f}:1 in the picture"
    return ""


def _least(widget: QWidget) -> float:
    font = widget.font()
    size_px = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * 96 / 72
    bold = font.weight() >= QFont.Weight.DemiBold
    large = size_px >= (LARGE_BOLD_PX if bold else LARGE_PX)
    return LARGE_TEXT_CONTRAST if large else TEXT_CONTRAST


def luminance(packed: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Relative luminance of 0xRRGGBB colours, as WCAG 2.2 defines it."""
    channels = np.stack([(packed >> shift) & 255 for shift in (16, 8, 0)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.array([0.2126, 0.7152, 0.0722]) @ linear)


def _ratios(one: NDArray[np.float64], other: float) -> NDArray[np.float64]:
    return np.asarray((np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05))


def _pixels(picture: QPixmap) -> NDArray[np.uint8]:
    image = picture.toImage().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8)
    lines = flat.reshape(image.height(), image.bytesPerLine())[:, : image.width() * 3]
    return lines.reshape(image.height(), image.width(), 3).copy()
