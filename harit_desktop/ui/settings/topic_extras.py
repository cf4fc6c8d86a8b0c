"""What the broker's page says of topics that take in more than one's own sensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject

from harit_desktop.domain.routing import widest_filter
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.words import plain

TOPICS = "broker.topics"


class TopicExtras(QObject):
    """Warns of such a filter before it is applied."""

    def __init__(self, view: PageView) -> None:
        super().__init__(view)
        self._warning = sentences("settings.broker.topic.warning", "dense", "warn")
        view.below(TOPICS).addWidget(self._warning)
        self._warning.hide()

    def update(self, values: Mapping[str, Any]) -> None:
        """Takes what the page shows now."""
        topic = widest_filter(values.get(TOPICS) or ())
        self._warning.setVisible(bool(topic))
        self._warning.setText(
            self.tr(
                "▲ {topic} takes what anybody publishes at this broker, strangers among them. "
                "Messages that are no readings are kept as rejected, up to a limit. Name the "
                "topics of your sensors instead where you can."
            ).format(topic=plain(topic))
        )
