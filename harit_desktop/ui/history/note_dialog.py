"""Writing a note on the chart: what was done, when, to which device."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QLineEdit, QPushButton, QWidget

from harit_desktop.domain.notes import MAX_NOTE_CHARS, ChartNote, NoteKind, plain_text
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.history.note_lane import kind_word
from harit_desktop.ui.moment_edit import MomentEdit
from harit_desktop.ui.text_widths import scaled

_WIDTH_PX = 440


class NoteDialog(QDialog):
    """`dialog.note`; `note()` is what was entered."""

    def __init__(
        self,
        at_us: int,
        device: tuple[str, str] | None,
        entered_us: int,
        parent: QWidget | None = None,
    ) -> None:
        """`device` is the id and the name of the device that the note may be about."""
        super().__init__(parent)
        self.setObjectName("dialog.note")
        self.setWindowTitle(self.tr("Add a note"))
        self.setAccessibleName(self.tr("Add a note"))
        self._entered_us = entered_us
        self.kind = QComboBox()
        self.kind.setObjectName("dialog.note.kind")
        for kind in NoteKind:
            self.kind.addItem(kind_word(kind), kind)
        self.about = QComboBox()
        self.about.setObjectName("dialog.note.device")
        if device is not None:
            self.about.addItem(device[1], device[0])
        self.about.addItem(self.tr("All devices"), "")
        self.when = MomentEdit("dialog.note.time", at_us)
        self.text = QLineEdit()
        self.text.setObjectName("dialog.note.text")
        self.text.setMaxLength(MAX_NOTE_CHARS)
        self.text.setPlaceholderText(self.tr("For example: 2 hours, drip"))
        self.save = QPushButton(self.tr("Add note"))
        self.save.setObjectName("dialog.note.save")
        self._build()
        self.setFixedWidth(scaled(_WIDTH_PX))
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def note(self) -> ChartNote:
        """The note as it was entered."""
        return ChartNote(
            at_us=dialog_parts.moment_us(self.when),
            kind=NoteKind(self.kind.currentData()),
            text=plain_text(self.text.text()),
            publisher_id=self.about.currentData(),
            entered_us=self._entered_us,
        )

    def _build(self) -> None:
        inside, column = dialog_parts.body()
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        fields = (
            (self.tr("What"), self.kind),
            (self.tr("When"), self.when),
            (self.tr("Device"), self.about),
            (self.tr("Text"), self.text),
        )
        for row, (title, field) in enumerate(fields):
            grid.addWidget(dialog_parts.title_of(field, title), row, 0)
            grid.addWidget(field, row, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        cancel = dialog_parts.button("dialog.note.cancel", self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.save.setDefault(True)
        self.save.clicked.connect(self.accept)
        self.kind.currentIndexChanged.connect(self._check)
        self.text.textChanged.connect(self._check)
        outside = dialog_parts.edge_to_edge(self)
        outside.addWidget(inside)
        outside.addWidget(dialog_parts.footer(None, cancel, self.save))
        self._check()

    def _check(self) -> None:
        """A note that says neither what nor anything is none."""
        other = self.kind.currentData() == NoteKind.OTHER
        self.save.setEnabled(not other or bool(plain_text(self.text.text())))
