"""One page of the settings dialog: rows of editors, each with its error below it."""

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.fields import Field, make_field
from harit_desktop.ui.settings.pages import KEPT_BY_DEFAULTS, Page, Row, default_of
from harit_desktop.ui.settings.validation import check_together
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import Tokens, set_look

LABEL_PX = 120


class PageView(QWidget):
    """Shows and checks the settings of one page.

    Errors appear under a field when the user leaves it, and go while it is being mended.
    """

    changed = Signal()

    def __init__(self, page: Page, tokens: Tokens) -> None:
        super().__init__()
        self.page = page
        self.fields: dict[str, Field] = {}
        self._problems: dict[str, str] = {}
        self._errors: dict[str, QLabel] = {}
        self._notes: dict[str, QLabel] = {}
        self._rows: list[tuple[Row, list[QWidget]]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnMinimumWidth(0, scaled(LABEL_PX))
        self._grid.setColumnStretch(1, 1)
        self._slots: dict[str, QVBoxLayout] = {}
        self.top = QVBoxLayout()
        self.bottom = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 12)
        column.setSpacing(8)
        column.addLayout(self.top)
        column.addLayout(self._grid)
        column.addLayout(self.bottom)
        column.addStretch(1)
        for row in page.rows:
            self._add_row(row, tokens)

    @property
    def problems(self) -> Mapping[str, str]:
        return self._problems

    def set_values(self, values: Mapping[str, Any], *, blank: bool = False) -> None:
        """Shows settings. Of `blank` ones, which somebody is about to type, nothing is wrong
        yet."""
        for key, field in self.fields.items():
            field.set_value(values.get(key, ""))
        if not blank:
            self.check()
            return
        self._problems = {}
        self._show_rows(self.values())
        for key in self.fields:
            self._show_problem(key)

    def restore_defaults(self) -> None:
        for key, field in self.fields.items():
            if key not in KEPT_BY_DEFAULTS:
                field.set_value(default_of(key))
        self.check()
        self.changed.emit()

    def values(self) -> dict[str, Any]:
        """What the fields hold, wrong values included; look at `problems` first."""
        return {key: field.value()[0] for key, field in self.fields.items()}

    def check(self) -> None:
        """Checks every field and shows what is wrong under it."""
        found = {key: field.value()[1] for key, field in self.fields.items()}
        values = self.values()
        self._problems = {key: text for key, text in found.items() if text}
        self._problems |= check_together(values)
        self._show_rows(values)
        for key in self.fields:
            self._show_problem(key)

    def below(self, key: str) -> QVBoxLayout:
        """The place under a setting's row for what the page shows beside its settings."""
        return self._slots[key]

    def set_note(self, key: str, text: str) -> None:
        """Says something else under a setting that has a note."""
        self._notes[key].setText(text)
        self.fields[key].hint = text
        self._show_problem(key)

    def focus_chain(self) -> list[QWidget]:
        """Everything that Tab reaches, in the order in which it is seen."""
        layout = self.layout()
        return [] if layout is None else list(_in_sight_order(layout))

    def set_tokens(self, tokens: Tokens) -> None:
        self._grid.setColumnMinimumWidth(0, scaled(LABEL_PX))
        for field in self.fields.values():
            field.set_tokens(tokens)

    def _add_row(self, row: Row, tokens: Tokens) -> None:
        widgets: list[QWidget] = []
        if row.line_above:
            rule = QFrame(frameShape=QFrame.Shape.HLine)
            set_look(rule, class_="line")
            self._grid.addWidget(rule, self._grid.rowCount(), 0, 1, 2)
            widgets.append(rule)
        line = QHBoxLayout()
        line.setSpacing(8)
        below: list[QWidget] = []
        number = self._grid.rowCount()
        for position, key in enumerate(row.keys):
            field = self._make_field(key, tokens)
            title = self._title(key, field)
            widgets += [field, *([title] if title else [])]
            if title and position == 0:
                alignment = Qt.AlignmentFlag.AlignRight | self._title_alignment(field)
                self._grid.addWidget(title, number, 0, alignment)
            elif title:
                line.addWidget(title)
            line.addWidget(field)
            below += self._below(key)
        if row.whole_width:
            self._grid.addLayout(line, number, 0, 1, 2)
        else:
            line.addStretch(1)
            self._grid.addLayout(line, number, 1)
        for offset, widget in enumerate(below, start=1):
            self._grid.addWidget(widget, number + offset, 1)
        slot = QVBoxLayout()
        self._grid.addLayout(slot, number + len(below) + 1, 1)
        self._slots |= dict.fromkeys(row.keys, slot)
        errors = self._errors.values()
        self._rows.append((row, widgets + [note for note in below if note not in errors]))

    def _make_field(self, key: str, tokens: Tokens) -> Field:
        field = make_field(key, tokens)
        field.edited.connect(self._edited)
        field.finished.connect(self._left)
        self.fields[key] = field
        return field

    def _title(self, key: str, field: Field) -> QLabel | None:
        if field.has_own_label:
            return None
        title = QLabel(labels.label(key))
        title.setBuddy(field.editor)
        set_look(title, class_="muted")
        return title

    @staticmethod
    def _title_alignment(field: Field) -> Qt.AlignmentFlag:
        tall = field.editor.maximumHeight() > 40 and field.editor.minimumHeight() > 40
        return Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter

    def _below(self, key: str) -> list[QWidget]:
        error = sentences(f"{self.fields[key].editor.objectName()}.error", "dense", "crit")
        error.hide()
        self._errors[key] = error
        text = labels.hint(key)
        if not text or key in labels.PLACEHOLDER_HINTS:
            return [error]
        note = QLabel(text)
        note.setWordWrap(True)
        self._notes[key] = note
        set_look(note, class_="caption muted")
        return [error, note]

    def _show_rows(self, values: Mapping[str, Any]) -> None:
        """Hides what does not apply; a row that is wrong stays, or nobody could mend it."""
        for row, widgets in self._rows:
            if row.shown_if is None:
                continue
            shown = row.is_shown(values) or any(key in self._problems for key in row.keys)
            for widget in widgets:
                widget.setVisible(shown)
                widget.setEnabled(shown)

    def _show_problem(self, key: str) -> None:
        problem = self._problems.get(key)
        error = self._errors[key]
        self.fields[key].set_invalid(problem)
        error.setText(self.tr("▲ {problem}").format(problem=problem) if problem else "")
        error.setVisible(problem is not None)

    def _left(self) -> None:
        """A field was left: now its error may be shown."""
        self.check()
        self.changed.emit()

    def _edited(self) -> None:
        """Lets hidden rows appear at once, and every error go as soon as it is mended."""
        values = self.values()
        wrong = check_together(values)
        for key in list(self._problems):
            if key not in wrong and self.fields[key].value()[1] is None:
                del self._problems[key]
                self._show_problem(key)
        self._show_rows(values)
        self.changed.emit()


def _in_sight_order(layout: QLayout) -> Iterator[QWidget]:
    """The widgets of a layout that take the focus by Tab, from top to bottom."""
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item is None:
            continue
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            inner = widget.layout()
            if inner is None and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                yield widget
        if inner is not None:
            yield from _in_sight_order(inner)
