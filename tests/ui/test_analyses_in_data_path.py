"""Publishing our analyses is told behind the broker's row, where somebody asks."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from harit_desktop.domain.status import AnalysisPublishStatus, EngineStatus, LinkState
from harit_desktop.ui.panels.path_texts import path_texts

CONNECTED = LinkState.CONNECTED


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (AnalysisPublishStatus(), ""),
        (AnalysisPublishStatus(CONNECTED, 1204, 3), "Analyses: 1,204 published, 3 waiting"),
        (
            AnalysisPublishStatus(CONNECTED, 1204, 3, 7),
            "Analyses: 1,204 published, 3 waiting, 7 left out",
        ),
        (
            AnalysisPublishStatus(LinkState.REFUSED, 0, 3),
            "Analyses: the broker refuses them, 3 waiting",
        ),
    ],
)
def test_the_brokers_row_tells_of_analyses(
    qtbot: QtBot, status: AnalysisPublishStatus, text: str
) -> None:
    row = path_texts(EngineStatus(analysis_publish=status), 0)["broker"]
    assert row is not None
    assert row.more == text
