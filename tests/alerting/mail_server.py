"""A mail server on loopback that takes one message after the other, or refuses as told."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


@dataclass
class MailBox:
    """What the server does and what it got."""

    users: dict[str, str] = field(default_factory=dict)
    certificate: tuple[Path, Path] | None = None
    tls_from_start: bool = False
    offers_starttls: bool = False
    refuse_data: bool = False
    refused: set[str] = field(default_factory=set)
    silent: bool = False
    drip: bool = False
    hang_up: bool = False
    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


class _Handler(socketserver.StreamRequestHandler):
    box: MailBox
    tls: ssl.SSLContext | None

    def handle(self) -> None:
        try:
            self._talk()
        except (OSError, ValueError):
            return
        finally:
            self.rfile.close()
            self.connection.close()

    def _talk(self) -> None:
        box, secure = self.box, False
        if box.silent or box.drip:
            for _ in range(100):
                time.sleep(0.1)
                if box.drip:
                    self.connection.sendall(b"2")
            return
        if box.hang_up:
            return
        if box.tls_from_start:
            secure = self._secure()
        self._say("220 test ESMTP")
        while line := self.rfile.readline():
            text = line.decode().strip()
            box.commands.append(text)
            word = text.upper().split(" ")[0]
            if word == "EHLO":
                extra = ["250-STARTTLS"] if box.offers_starttls and not secure else []
                login = ["250-AUTH PLAIN"] if box.users else []
                self._say("250-test", *extra, *login, "250 8BITMIME")
            elif word == "STARTTLS":
                self._say("220 go")
                secure = self._secure()
            elif word == "AUTH":
                self._log_in(text)
            elif word == "RCPT":
                address = text.split("<")[1].split(">")[0]
                if address in box.refused:
                    self._say("550 no such person")
                else:
                    box.recipients.append(address)
                    self._say("250 ok")
            elif word == "DATA":
                self._take()
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _secure(self) -> bool:
        assert self.tls is not None
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        return True

    def _log_in(self, text: str) -> None:
        user, password = base64.b64decode(text.split(" ")[2]).decode().split("\0")[1:]
        good = self.box.users.get(user) == password
        self._say("235 welcome" if good else "535 wrong password")

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.box.refuse_data:
            self._say("554 it looks like spam")
            return
        message = message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(message, EmailMessage)
        self.box.messages.append(message)
        self._say("250 taken")

    def _say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mail_server(box: MailBox) -> Iterator[MailBox]:
    """Runs for the time of the block; `box.port` is where."""
    tls = None
    if box.certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*box.certificate)
    handler = type("Handler", (_Handler,), {"box": box, "tls": tls})

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that broke is what the test wants."""

    with Server(("127.0.0.1", 0), handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(5)
