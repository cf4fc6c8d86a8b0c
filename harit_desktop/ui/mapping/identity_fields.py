"""What a template is called, which messages it takes, and of which device and time they are."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from harit_desktop.ui import dialog_parts
from harit_desktop.ui.mapping.texts import device_text, short, time_text
from harit_desktop.ui.mapping.value_grid import CalmCombo
from harit_desktop.ui.theme import set_look
from harit_desktop.wire.proposal_identity import IdentityWhy, TimeChoice
from harit_desktop.wire.proposals import Proposal
from harit_desktop.wire.template_plan import MAX_NAME
from harit_desktop.wire.template_spec import ChannelSpec, TemplateSpec, TimeSpec

_COMBO_PX = 300
_MOST_TOPIC = 500


class IdentityFields(QWidget):
    """`changed` tells that the template would be another one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._proposal: Proposal | None = None
        self._match: tuple[str, ...] = ()
        self.name_edit = self._edit("dialog.mapping.name", MAX_NAME)
        self.topic = self._edit("dialog.mapping.topic", _MOST_TOPIC)
        self.device = CalmCombo("dialog.mapping.device", _COMBO_PX)
        self.fixed = self._edit("dialog.mapping.device.fixed", MAX_NAME)
        self.time = CalmCombo("dialog.mapping.time", _COMBO_PX)
        self.partial = QCheckBox(self.tr("Several messages make up one reading"))
        self._build()

    def show_proposal(self, proposal: Proposal) -> None:
        """Offers what may name device and time in another message."""
        self._proposal, self._match = proposal, ()
        widgets = (self.name_edit, self.topic, self.device, self.fixed, self.time, self.partial)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.name_edit.setText(name_for(proposal.topic))
        self.device.clear()
        for choice in proposal.devices:
            self.device.addItem(device_text(choice), choice.pattern)
            if choice.why is IdentityWhy.LAST_RESORT:
                self.fixed.setText(choice.pattern)
        self.time.clear()
        for moment in proposal.times:
            self.time.addItem(time_text(moment), TimeSpec(moment.path, moment.kind))
        self.time.addItem(time_text(None), TimeSpec())
        self.partial.setChecked(proposal.partial)
        self.topic.setText(proposal.filter_for(self._pattern()))
        del blockers
        self._show_fixed()

    def show_template(self, spec: TemplateSpec, proposal: Proposal) -> None:
        """Offers the same for the sample of a template, with what it says chosen. What has no
        field here is kept as it is."""
        self.show_proposal(proposal)
        self._match = spec.match
        widgets = (self.name_edit, self.topic, self.device, self.fixed, self.time, self.partial)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.name_edit.setText(spec.name)
        self._go_to_pattern(spec.device)
        self._go_to_time(spec.time)
        self.partial.setChecked(spec.partial)
        self.topic.setText(spec.topic)
        self.topic.setModified(True)
        del blockers
        self._show_fixed()

    def _go_to_pattern(self, pattern: str) -> None:
        place = self.device.findData(pattern)
        if place < 0 and "{" in pattern:
            self.device.insertItem(0, short(pattern, MAX_NAME), pattern)
            place = 0
        elif place < 0:
            place = self.device.count() - 1
        self.device.setCurrentIndex(place)
        if self._is_fixed():
            self.fixed.setText(pattern)

    def _go_to_time(self, wanted: TimeSpec) -> None:
        places = range(self.time.count())
        place = next((n for n in places if self.time.itemData(n) == wanted), -1)
        if place < 0:
            # The sample of a file that a person wrote may name a time that nobody would guess.
            choice = TimeChoice(wanted.path, wanted.kind, "–")
            self.time.insertItem(0, time_text(choice), wanted)
            place = 0
        self.time.setCurrentIndex(place)

    def spec(self, channels: tuple[ChannelSpec, ...]) -> TemplateSpec:
        """The template as the fields say it; without its sample."""
        return TemplateSpec(
            name=" ".join(self.name_edit.text().split()),
            topic=self.topic.text().strip(),
            device=self._pattern(),
            channel=channels,
            match=self._match,
            partial=self.partial.isChecked(),
            time=self.time.currentData() or TimeSpec(),
        )

    def mark(self, key: str) -> None:
        """Marks the field of a template's key, and no other."""
        fields: dict[str, QWidget] = {"name": self.name_edit, "topic": self.topic}
        fields["device"] = self.fixed if self._is_fixed() else self.device
        for name, field in fields.items():
            set_look(field, invalid="true" if name == key else "false")

    def _is_fixed(self) -> bool:
        return self.device.count() > 0 and self.device.currentIndex() == self.device.count() - 1

    def _pattern(self) -> str:
        if self._is_fixed():
            return self.fixed.text().strip()
        return str(self.device.currentData() or "")

    def _go_to_device(self, *_: object) -> None:
        """Another device makes another filter; one that was typed is kept."""
        self._show_fixed()
        if self._proposal is not None and not self.topic.isModified():
            self.topic.setText(self._proposal.filter_for(self._pattern()))
        self.changed.emit()

    def _show_fixed(self) -> None:
        self.fixed.setVisible(self._is_fixed())

    def _build(self) -> None:
        self.partial.setObjectName("dialog.mapping.partial")
        self.partial.setToolTip(
            self.tr("For devices that send each value in a message of its own.")
        )
        self.name_edit.setPlaceholderText(self.tr("For example: soil probes of the north plot"))
        title = dialog_parts.title_of
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[QLabel | None, QWidget], ...] = (
            (title(self.name_edit, self.tr("Name")), self.name_edit),
            (title(self.topic, self.tr("Topics"), self.tr("Topic or filter")), self.topic),
            (title(self.device, self.tr("Device"), self.tr("Device id from")), self.device),
            (None, self.fixed),
            (title(self.time, self.tr("Time"), self.tr("Time from")), self.time),
            (None, self.partial),
        )
        for line, (label, field) in enumerate(rows):
            if label is not None:
                grid.addWidget(label, line, 0)
            grid.addWidget(field, line, 1)
        self.fixed.setAccessibleName(self.tr("Device id"))
        self.device.currentIndexChanged.connect(self._go_to_device)
        self.time.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.partial.toggled.connect(lambda _: self.changed.emit())
        for edit in (self.name_edit, self.topic, self.fixed):
            edit.textChanged.connect(lambda _: self.changed.emit())
        for combo in (self.device, self.time):
            combo.setMinimumWidth(0)
            combo.setMaximumWidth(16_777_215)

    @staticmethod
    def _edit(name: str, most: int) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName(name)
        edit.setMaxLength(most)
        return edit


def name_for(topic: str) -> str:
    """A name for a template that nobody has named: the topic's own words."""
    return short(topic.replace("/", " ").strip(), MAX_NAME)
