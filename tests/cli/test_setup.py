"""Waiting without a window."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from harit_desktop.cli.setup import collect_until, remarks
from harit_desktop.settings.store import build_settings


def test_cycles_are_collected_by_the_waiting_thread_alone() -> None:
    ended_on: list[int] = []

    class Cycle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            ended_on.append(threading.get_ident())

    stop = threading.Event()

    def work() -> None:
        Cycle()
        kept = [[number] for number in range(200_000)]
        del kept
        ends = time.monotonic() + 10
        while not ended_on and time.monotonic() < ends:
            time.sleep(0.05)
        stop.set()

    gc.collect()
    worker = threading.Thread(target=work)
    gc.disable()
    try:
        worker.start()
        collect_until(stop)
    finally:
        gc.enable()
    worker.join()
    assert ended_on == [threading.get_ident()]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"broker.mode": "builtin", "builtin_broker.allow_network": True}, "host=0.0.0.0"),
        ({"routing.mode": "allow"}, "every reading is left out"),
    ],
)
def test_what_is_hardly_meant_is_said(values: dict[str, object], says: str) -> None:
    (line,) = remarks(build_settings(values))
    assert says in line
    assert remarks(build_settings({})) == []
    meant = {"builtin_broker.host": "0.0.0.0", "routing.zones": ("north",)}
    assert remarks(build_settings({**values, **meant})) == []
