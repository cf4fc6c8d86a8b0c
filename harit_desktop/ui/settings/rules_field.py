"""The alert rules as one setting: a table, buttons, and the editor of the chosen rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
)

from harit_desktop.domain.alert import AlertRule
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.ui.alerts.rule_texts import rule_name
from harit_desktop.ui.dialog_parts import button
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.settings.fields import Field
from harit_desktop.ui.settings.rule_draft import RuleDraft, new_rule
from harit_desktop.ui.settings.rule_editor import RuleEditor
from harit_desktop.ui.settings.rule_model import RuleColumn, RuleModel
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, Tokens, set_look

MOST_RULES = 200
_ROWS_SHOWN = 7
_WIDTHS_PX = {RuleColumn.NAME: 156, RuleColumn.DEVICE: 110, RuleColumn.SEVERITY: 84}


class RulesField(Field):
    """`settings.alerts.rules`. Changes go into the table at once, and into force with Apply."""

    chosen_changed = Signal()

    def __init__(self, key: str, tokens: Tokens) -> None:
        self.model = RuleModel(tokens)
        self.table = QTableView()
        super().__init__(key, self.table)
        self.model.setParent(self)
        self.rule_editor = RuleEditor()
        self.add = button("settings.alerts.rule.add", self.tr("Add"))
        self.copy = button("settings.alerts.rule.copy", self.tr("Duplicate"))
        self.delete = button("settings.alerts.rule.delete", self.tr("Delete"))
        self.below = QVBoxLayout()
        self._set_up_table()
        self._build()
        self._connect()

    @property
    def chosen(self) -> RuleDraft | None:
        """The rule that is being edited."""
        return self.rule_editor.draft

    def value(self) -> tuple[Any, str | None]:
        rules = tuple(draft.rule for draft in self.model.drafts)
        for draft in self.model.drafts:
            if draft.problems():
                problem = self.tr("The rule “{rule}” has to be mended.")
                return rules, problem.format(rule=rule_name(draft.rule))
        return rules, None

    def set_value(self, value: Any) -> None:
        row = max(0, self.table.currentIndex().row())
        self.model.set_drafts([RuleDraft(rule) for rule in _rules(value)])
        self._choose(min(row, len(self.model.drafts) - 1))

    def set_context(self, devices: Mapping[str, str], limits: ProfileLimits) -> None:
        """Names of the devices by id, and the limits of the profile in use."""
        self.model.set_context(devices, limits)
        self.rule_editor.set_devices(devices)

    def set_tokens(self, tokens: Tokens) -> None:
        self.model.set_tokens(tokens)
        row_px = round(SIZES.table_row_height * max(1.0, text_scale())) - 6
        self.table.verticalHeader().setDefaultSectionSize(row_px)
        header_px = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(_ROWS_SHOWN * row_px + header_px + 6)
        for column, width_px in _WIDTHS_PX.items():
            self.table.horizontalHeader().resizeSection(column, scaled(width_px))

    def set_invalid(self, problem: str | None) -> None:
        super().set_invalid(problem)
        if problem is None:
            return
        wrong = (n for n, draft in enumerate(self.model.drafts) if draft.problems())
        chosen = self.chosen
        if chosen is None or not chosen.problems():
            self._choose(next(wrong, -1))

    # -- what the buttons do ---------------------------------------------------------------

    def _add(self) -> None:
        self._insert(len(self.model.drafts), new_rule())
        self.rule_editor.kind.setFocus()

    def _duplicate(self) -> None:
        draft = self.chosen
        if draft is not None:
            row = self.table.currentIndex().row()
            self._insert(row + 1, replace(draft.rule, id=new_rule().id))

    def _insert(self, row: int, rule: AlertRule) -> None:
        drafts = [*self.model.drafts]
        drafts.insert(row, RuleDraft(rule))
        self.model.set_drafts(drafts)
        self._choose(row)
        self._report()

    def _delete(self) -> None:
        row = self.table.currentIndex().row()
        if not 0 <= row < len(self.model.drafts):
            return
        drafts = [draft for number, draft in enumerate(self.model.drafts) if number != row]
        self.model.set_drafts(drafts)
        self._choose(min(row, len(drafts) - 1))
        self._report()
        # Or the focus goes to whatever comes after a button that was switched off.
        (self.delete if self.delete.isEnabled() else self.add).setFocus()

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self.model.drafts):
            self.table.selectRow(row)
            self.rule_editor.show_draft(self.model.drafts[row])
        else:
            self.rule_editor.show_draft(None)
        self._show_buttons()
        self.chosen_changed.emit()

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.rule_editor.show_draft(self.model.drafts[current.row()])
            self._show_buttons()
            self.chosen_changed.emit()

    def _show_buttons(self) -> None:
        some = self.chosen is not None
        full = len(self.model.drafts) >= MOST_RULES
        self.delete.setEnabled(some)
        self.copy.setEnabled(some and not full)
        self.add.setEnabled(not full)

    def _report(self) -> None:
        self.model.repaint_all()
        self._show_buttons()
        self.edited.emit()
        self.finished.emit()
        self.chosen_changed.emit()

    # -- the widgets -----------------------------------------------------------------------

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setCornerButtonEnabled(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setMinimumSectionSize(0)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(RuleColumn.CONDITION, QHeaderView.ResizeMode.Stretch)

    def _build(self) -> None:
        self._row.removeWidget(self.table)
        box = QFrame()
        set_look(box, class_="inset")
        inside = QVBoxLayout(box)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.addWidget(self.rule_editor)
        inside.addLayout(self.below)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for one in (self.add, self.copy, self.delete):
            buttons.addWidget(one)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.table)
        column.addLayout(buttons)
        column.addWidget(box)
        self._row.addLayout(column, 1)

    def _connect(self) -> None:
        self.table.selectionModel().currentRowChanged.connect(self._current_changed)
        self.add.clicked.connect(self._add)
        self.copy.clicked.connect(self._duplicate)
        self.delete.clicked.connect(self._delete)
        self.model.toggled.connect(self._report)
        self.rule_editor.changed.connect(self._edited)
        for line in self.rule_editor.numbers.values():
            line.editingFinished.connect(self.finished)
        for combo in (self.rule_editor.kind, self.rule_editor.channel):
            combo.activated.connect(self.finished)

    def _edited(self) -> None:
        self.model.repaint_all()
        self.edited.emit()
        self.chosen_changed.emit()


def _rules(value: Any) -> Sequence[AlertRule]:
    return value if isinstance(value, tuple | list) else ()
