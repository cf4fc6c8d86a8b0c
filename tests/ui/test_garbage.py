"""Cycles with Qt objects in them are collected on the main thread alone."""

from __future__ import annotations

import gc
import threading
import time
from typing import ClassVar

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from harit_desktop.ui import garbage
from harit_desktop.ui.garbage import MainThreadCollector


class Cycle:
    """Says on which thread it is destroyed."""

    ended_on: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        self.ended_on.append(threading.get_ident())


def make_garbage() -> None:
    """A cycle, and on a worker more objects than any threshold allows."""
    Cycle()

    def work() -> None:
        kept = [[number] for number in range(200_000)]
        del kept

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_no_worker_ever_collects(
    qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "YOUNG_MS", 30)
    Cycle.ended_on.clear()
    gc.collect()
    gc.enable()
    collector = MainThreadCollector(qapp)
    try:
        make_garbage()
        assert Cycle.ended_on == []
        ends = time.monotonic() + 10
        while not Cycle.ended_on and time.monotonic() < ends:
            qtbot.wait(20)
        assert Cycle.ended_on == [threading.get_ident()]
    finally:
        collector.end()
        collector.deleteLater()
    assert gc.isenabled()
