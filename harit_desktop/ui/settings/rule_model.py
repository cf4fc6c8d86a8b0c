"""The rules as a table: on or off, what they watch, for which device, how severe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from harit_desktop.domain.alert import RuleKind, Severity
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.ui.alerts.alert_words import severity_name
from harit_desktop.ui.alerts.rule_texts import condition_text, rule_name
from harit_desktop.ui.icons import icon
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.settings.rule_draft import RuleDraft
from harit_desktop.ui.theme import Tokens

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class RuleColumn(IntEnum):
    NAME = 0
    CONDITION = 1
    DEVICE = 2
    SEVERITY = 3


class RuleModel(QAbstractTableModel):
    """Holds the drafts; `toggled` comes when a rule was switched on or off."""

    toggled = Signal()

    def __init__(self, tokens: Tokens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.drafts: list[RuleDraft] = []
        self._devices: Mapping[str, str] = {}
        self._limits: ProfileLimits = {}
        self.set_tokens(tokens)

    def set_drafts(self, drafts: Sequence[RuleDraft]) -> None:
        self.beginResetModel()
        self.drafts = list(drafts)
        self.endResetModel()

    def set_context(self, devices: Mapping[str, str], limits: ProfileLimits) -> None:
        """Names of devices by id, and the limits of the profile."""
        self._devices, self._limits = devices, limits
        self.repaint_all()

    def set_tokens(self, tokens: Tokens) -> None:
        self._faint = QColor(tokens.text3)
        self._wrong = icon("triangle", tokens, color="crit")
        self.repaint_all()

    def repaint_all(self) -> None:
        if self.drafts:
            last = self.index(len(self.drafts) - 1, len(RuleColumn) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.drafts)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(RuleColumn)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == RuleColumn.NAME:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            titles = (
                self.tr("Rule"),
                self.tr("Tells when"),
                self.tr("Device"),
                self.tr("Severity"),
            )
            return titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        draft, column = self.drafts[index.row()], RuleColumn(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return self.text(draft, column)
            case Qt.ItemDataRole.CheckStateRole if column is RuleColumn.NAME:
                states = Qt.CheckState
                return states.Checked if draft.rule.enabled else states.Unchecked
            case Qt.ItemDataRole.ForegroundRole if not draft.rule.enabled:
                return self._faint
            case Qt.ItemDataRole.DecorationRole if column is RuleColumn.NAME:
                return self._wrong if draft.problems() else None
            case Qt.ItemDataRole.AccessibleTextRole if column is RuleColumn.NAME:
                return self._spoken(draft)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        draft = self.drafts[index.row()]
        draft.change(enabled=Qt.CheckState(value) is Qt.CheckState.Checked)
        self.repaint_all()
        self.toggled.emit()
        return True

    def text(self, draft: RuleDraft, column: RuleColumn) -> str:
        """What a cell says."""
        rule = draft.rule
        match column:
            case RuleColumn.NAME:
                return rule_name(rule)
            case RuleColumn.CONDITION:
                return condition_text(rule, self._limits)
            case RuleColumn.DEVICE:
                if rule.kind is RuleKind.SYSTEM:
                    return self.tr("This computer")
                if not rule.publisher_id:
                    return self.tr("All")
                return self._devices.get(rule.publisher_id, printable(rule.publisher_id))
            case RuleColumn.SEVERITY:
                return severity_name(Severity(rule.severity))

    def _spoken(self, draft: RuleDraft) -> str:
        name = rule_name(draft.rule)
        if draft.problems():
            return self.tr("{rule}, has an error").format(rule=name)
        if not draft.rule.enabled:
            return self.tr("{rule}, switched off").format(rule=name)
        return name
