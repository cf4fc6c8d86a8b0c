"""The installed PySide6 and Python keep the reference counts of True and None.

PySide6 6.12.0 on Python 3.11 takes one reference to True away with every signal and draw
call; after some hours the process aborts. From Python 3.12 on the two are immortal: an
extension built for older Pythons may still move their counts, which does no harm as long
as they stay in the immortal range.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CALLS = 2000
TOLERANCE = 50
IMMORTAL_FROM = 1 << 31

PROBE = f"""
import sys
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage, QPainter

class Sender(QObject):
    happened = Signal(bool, object)

def received(flag, value):
    pass

def emits():
    for _ in range({CALLS}):
        sender.happened.emit(True, None)

def connects():
    for _ in range({CALLS}):
        sender.happened.connect(received)
        sender.happened.disconnect(received)

def draws():
    image = QImage(8, 8, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    for _ in range({CALLS}):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.fillRect(0, 0, 4, 4, QColor("red"))
        painter.isActive()
    painter.end()

sender = Sender()
sender.happened.connect(received)
for act in (emits, connects, draws):
    act()
    before = sys.getrefcount(True), sys.getrefcount(None)
    act()
    after = sys.getrefcount(True), sys.getrefcount(None)
    print(act.__name__, *before, *after)
"""


@pytest.fixture(scope="module")
def reference_counts() -> dict[str, tuple[int, int, int, int]]:
    # In a process of its own: a faulty pair would abort the one that counts.
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=dict(os.environ, QT_QPA_PLATFORM="offscreen"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: (int(a), int(b), int(c), int(d)) for name, a, b, c, d in rows}


@pytest.mark.parametrize("act", ["emits", "connects", "draws"])
def test_references_are_kept(
    act: str, reference_counts: dict[str, tuple[int, int, int, int]]
) -> None:
    true_before, none_before, true_after, none_after = reference_counts[act]
    if sys.version_info >= (3, 12):
        assert min(true_after, none_after) > IMMORTAL_FROM
    else:
        assert true_after > true_before - TOLERANCE
        assert none_after > none_before - TOLERANCE
