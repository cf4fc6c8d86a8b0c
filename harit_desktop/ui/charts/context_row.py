"""The line above the strips: whose curves these are and what the greys mean."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from harit_desktop.ui.charts.flag_legend import FlagLegend
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.theme import SIZES, Tokens, set_look
from harit_desktop.ui.words import plain

_DEVICE_PX = 200
_APART_PX = 12


class ContextRow(QFrame):
    """Names the focus device; says when the display is frozen and what marks mean."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live.context")
        self.device = ElidedLabel(keep_px=_DEVICE_PX)
        self.device.setObjectName("live.context.device")
        self.device.setProperty("class", "dense strong")
        self.hint = _caption("live.context.hint")
        self.shaded = _caption("live.context.shaded")
        self.hatched = _caption("live.context.hatched")
        self.flags = FlagLegend(tokens)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(_APART_PX)
        row.addWidget(self.device)
        row.addWidget(self.hint)
        row.addStretch(1)
        row.addWidget(self.flags)
        row.addWidget(self.shaded)
        row.addWidget(self.hatched)
        self.setMinimumHeight(SIZES.context_row_height)

    def show_text(
        self,
        publisher_id: str | None,
        others: bool,
        frozen_at: str,
        profile: bool,
        away: str = "",
    ) -> None:
        """`others` says that grey curves are drawn, `frozen_at` is the time of a freeze or
        empty, `profile` says that there is a range to shade, `away` why readings may be
        missing."""
        self.device.setText("" if publisher_id is None else plain(publisher_id))
        if frozen_at:
            self.hint.setText(self.tr("display frozen at {time}").format(time=frozen_at))
        elif away:
            self.hint.setText(away)
        else:
            self.hint.setText(self.tr("other devices in grey") if others else "")
        set_look(self.hint, severity="warn" if away and not frozen_at else "")
        self.shaded.setText(self.tr("shaded: outside the profile's range") if profile else "")
        self.hatched.setText(self.tr("hatched: no data") if publisher_id is not None else "")
        # An empty one would still keep the others off the edge.
        for label in (self.shaded, self.hatched):
            label.setVisible(bool(label.text()))


def _caption(name: str) -> QLabel:
    label = ElidedLabel()
    label.setObjectName(name)
    label.setProperty("class", "caption muted")
    return label
