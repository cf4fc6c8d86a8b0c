"""A second start raises the first window instead of opening another one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

TIMEOUT_MS = 5000
"""A window that is just starting takes a while to answer."""
RAISE = b"raise\n"


class InstanceServer(QObject):
    """Listens for second starts of the same data folder; only this user may connect."""

    raise_asked = Signal()

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        # Only the holder of the folder's kernel lock comes here: a name left over from a
        # crash belongs to nobody.
        QLocalServer.removeServer(name)
        self._server.listen(name)

    def _on_connection(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is None:
            return
        socket.disconnected.connect(socket.deleteLater)
        socket.write(RAISE)
        socket.disconnectFromServer()
        self.raise_asked.emit()


def raise_running_window(name: str) -> bool:
    """Asks the running program to show its window; False when none answers."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(TIMEOUT_MS):
        return False
    answered = socket.waitForReadyRead(TIMEOUT_MS)
    socket.abort()
    return answered
