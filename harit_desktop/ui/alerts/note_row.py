"""The note on an alert: shown, added and changed in one place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.message_banner import BannerButton
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.theme import set_look

MAX_NOTE_CHARS = 500


class NoteRow(QWidget):
    """A link or the note with a button; a field while it is being written."""

    entered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._note = ""
        self._text = sentences("label.alert.note")
        self._change = BannerButton()
        self._change.setObjectName("button.alert.note")
        set_look(self._change, class_="link")
        self._field = _Field()
        self._field.setObjectName("edit.alert.note")
        self._field.setAccessibleName(self.tr("Note for the next person"))
        self._field.setMaxLength(MAX_NOTE_CHARS)
        self._save = BannerButton(self.tr("Save"))
        self._save.setObjectName("button.alert.note.save")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._text, 1)
        row.addWidget(self._change, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._field, 1)
        row.addWidget(self._save)
        row.addStretch()
        self._change.clicked.connect(self._write)
        self._save.clicked.connect(self._finish)
        self._field.returnPressed.connect(self._finish)
        self._field.cancelled.connect(self.stop)
        self.stop()

    @property
    def writing(self) -> bool:
        """Whether a note is being written: nothing may change the field meanwhile."""
        return not self._field.isHidden()

    def set_note(self, note: str) -> None:
        self._note = note
        if not self.writing:
            self.stop()

    def stop(self) -> None:
        """Shows the note as it is."""
        had_focus = self._field.hasFocus() or self._save.hasFocus()
        self._field.hide()
        self._save.hide()
        self._text.setText(printable(self._note))
        self._text.setAccessibleName(
            self.tr("Note: {note}").format(note=printable(self._note)) if self._note else ""
        )
        self._text.setVisible(bool(self._note))
        change = self.tr("Change") if self._note else self.tr("Add a note for the next person…")
        self._change.setText(change)
        self._change.setAccessibleName(self.tr("Change the note") if self._note else change)
        self._change.show()
        if had_focus:
            self._change.setFocus()

    def _write(self) -> None:
        self._field.setText(self._note)
        self._text.hide()
        self._field.show()
        self._save.show()
        self._field.setFocus()
        self._change.hide()

    def _finish(self) -> None:
        text = self._field.text().strip()
        if text != self._note:
            self._note = text
            self.entered.emit(text)
        self.stop()


class _Field(QLineEdit):
    """Escape gives up what was written, and closes nothing else."""

    cancelled = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
