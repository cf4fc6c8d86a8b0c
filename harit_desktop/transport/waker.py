"""Interrupts a thread that waits in `select`."""

import socket


class Waker:
    """A socket pair between `open` and `close`; `wake` may be called at any time."""

    def __init__(self) -> None:
        self._reader: socket.socket | None = None
        self._writer: socket.socket | None = None

    def open(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return -1 if self._reader is None else self._reader.fileno()

    def wake(self) -> None:
        if self._writer is None:
            return
        try:
            self._writer.send(b"\0")
        except OSError:
            # Full: the thread is about to wake anyway. Closed: there is no thread to wake.
            pass

    def drain(self) -> None:
        try:
            while self._reader is not None and len(self._reader.recv(4096)) == 4096:
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        for end in (self._reader, self._writer):
            if end is not None:
                end.close()
