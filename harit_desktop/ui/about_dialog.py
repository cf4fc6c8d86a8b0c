"""What program this is, in which versions, and where it keeps its data."""

import platform
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from harit_desktop import __version__
from harit_desktop.ui.icons import app_icon
from harit_desktop.ui.theme import set_look

_LOGO_PX = 48


class AboutDialog(QDialog):
    """Versions and folder as text that can be selected and copied for a support request."""

    def __init__(
        self, data_folder: Path, parent: QWidget | None = None, run_facts: Sequence[str] = ()
    ) -> None:
        """`run_facts` are lines about this run."""
        super().__init__(parent)
        self.setObjectName("dialog.about")
        self.setWindowTitle(self.tr("About Harit Desktop"))
        self._facts = self.tr(
            "Version {version}\nPython {python}\nQt {qt}\nData folder: {folder}"
        ).format(
            version=__version__,
            python=platform.python_version(),
            qt=qVersion(),
            folder=data_folder,
        )
        self._facts = "\n".join((self._facts, *run_facts))
        logo = QLabel()
        logo.setPixmap(app_icon().pixmap(_LOGO_PX, _LOGO_PX))
        title = QLabel(self.tr("Harit Desktop"))
        set_look(title, class_="headingLarge")
        purpose = QLabel(self.tr("Receives, analyses, stores and shows soil-sensor readings."))
        set_look(purpose, class_="muted")
        facts = QLabel(self._facts)
        facts.setObjectName("about.facts")
        facts.setTextFormat(Qt.TextFormat.PlainText)
        facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        text = QVBoxLayout()
        text.setSpacing(8)
        for label in (title, purpose, facts):
            text.addWidget(label)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addLayout(self._make_buttons())

    def _make_buttons(self) -> QHBoxLayout:
        copy = QPushButton(self.tr("Copy"))
        copy.setObjectName("about.copy")
        copy.setAutoDefault(False)
        copy.clicked.connect(self._copy)
        close = QPushButton(self.tr("Close"))
        close.setObjectName("about.close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        return row

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._facts)
