"""A virtual display for tests and benchmarks that show the real window."""

from __future__ import annotations

import os
import shutil
import subprocess
from types import TracebackType
from typing import Self


class VirtualDisplay:
    """An Xvfb on a free display number, with a window manager where there is one."""

    def __init__(self, width: int = 1366, height: int = 768) -> None:
        self._size = f"{width}x{height}x24"
        self.name = ""
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        read_end, write_end = os.pipe()
        self._processes.append(
            subprocess.Popen(
                [
                    "Xvfb",
                    "-displayfd",
                    str(write_end),
                    "-screen",
                    "0",
                    self._size,
                    "-nolisten",
                    "tcp",
                    "-noreset",
                ],
                pass_fds=(write_end,),
                stderr=subprocess.DEVNULL,
            )
        )
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        self.name = f":{number}"
        manager = shutil.which("openbox")
        if manager is not None:
            self._processes.append(
                subprocess.Popen(
                    [manager],
                    env=os.environ | {"DISPLAY": self.name},
                    stderr=subprocess.DEVNULL,
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)
