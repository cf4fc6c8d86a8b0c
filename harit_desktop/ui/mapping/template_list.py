"""The saved templates, and the ways to change and to remove one."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.mapping import SavedTemplate
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.mapping.texts import tool_tip
from harit_desktop.ui.problem_texts import printable, problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look

_LIST_PX = 92


class TemplateList(QWidget):
    """`edit_asked` gives the file of the chosen template, which is sound; `remove_asked` that
    of any, after a second click: what is removed is gone."""

    edit_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._saved: tuple[SavedTemplate, ...] = ()
        self.list = QListWidget()
        self.edit = dialog_parts.button("dialog.mapping.edit", self.tr("Edit"))
        self.remove = dialog_parts.button("dialog.mapping.remove", self.tr("Remove"))
        self.keep = dialog_parts.button("dialog.mapping.keep", self.tr("Keep"))
        self.note = dialog_parts.sentences("dialog.mapping.templates.note", "dense muted")
        self._is_asking = False
        self._build()
        self._show_state()

    def files(self) -> set[str]:
        """The file names in use."""
        return {template.file for template in self._saved}

    def show_templates(self, saved: tuple[SavedTemplate, ...]) -> None:
        """Lists the templates; the chosen one stays chosen."""
        if saved == self._saved:
            return
        before = self._file()
        self._saved = saved
        with QSignalBlocker(self.list):
            self.list.clear()
            for template in saved:
                name = printable(template.name or template.file)
                is_sound = template.problem is None
                item = QListWidgetItem(name if is_sound else self.tr("▲ {name}").format(name=name))
                item.setToolTip(tool_tip(template.file))
                item.setData(Qt.ItemDataRole.UserRole, template.file)
                self.list.addItem(item)
                if template.file == before:
                    self.list.setCurrentItem(item)
        self._choose()

    def choose_none(self) -> None:
        """Leaves the template that was chosen."""
        with QSignalBlocker(self.list):
            self.list.setCurrentRow(-1)
        self._choose()

    def ask_to_edit(self) -> None:
        """Gives the chosen template to be changed, where it is sound."""
        chosen = self._chosen()
        if chosen is not None and chosen.problem is None:
            self.edit_asked.emit(chosen.file)

    def _chosen(self) -> SavedTemplate | None:
        file = self._file()
        return next((one for one in self._saved if one.file == file), None)

    def _choose(self, *_: object) -> None:
        self._is_asking = False
        self._show_state()

    def _file(self) -> str | None:
        if self.list.currentRow() < 0:
            return None
        return str(self.list.currentItem().data(Qt.ItemDataRole.UserRole))

    def _show_state(self) -> None:
        chosen = self._chosen()
        self.list.setVisible(bool(self._saved))
        self.edit.setVisible(bool(self._saved) and not self._is_asking)
        self.edit.setEnabled(chosen is not None and chosen.problem is None)
        self.remove.setVisible(bool(self._saved))
        self.remove.setEnabled(chosen is not None)
        self.keep.setVisible(self._is_asking)
        set_look(self.remove, class_="danger" if self._is_asking else "")
        if not self._saved:
            dialog_parts.say(self.note, self.tr("None yet."))
        elif self._is_asking:
            text = self.tr("Its messages will not be understood any more; readings stay.")
            dialog_parts.say(self.note, text, "warn")
        elif chosen is not None and chosen.problem is not None:
            dialog_parts.say(self.note, problem_text(chosen.problem).headline, "warn")
        else:
            dialog_parts.say(self.note, "")

    def _ask_or_remove(self) -> None:
        file = self._file()
        if file is None:
            return
        if not self._is_asking:
            self._is_asking = True
        else:
            self._is_asking = False
            self.remove_asked.emit(file)
        self._show_state()

    def _build(self) -> None:
        self.list.setObjectName("dialog.mapping.templates")
        self.list.setAccessibleName(self.tr("Saved templates"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setMaximumHeight(scaled(_LIST_PX))
        self.list.currentItemChanged.connect(self._choose)
        self.list.itemDoubleClicked.connect(lambda _: self.ask_to_edit())
        self.edit.clicked.connect(self.ask_to_edit)
        self.remove.clicked.connect(self._ask_or_remove)
        self.keep.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.edit)
        row.addWidget(self.remove)
        row.addWidget(self.keep)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.list)
        column.addWidget(self.note)
        column.addLayout(row)
