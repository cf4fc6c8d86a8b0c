"""Messages by e-mail."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Sequence
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import formatdate, make_msgid
from typing import Literal

import msgspec

from harit_desktop.alerting.sinks import SinkName, named_error
from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.texts import Texts, plain
from harit_desktop.alerting.watchdog import TIME_LIMIT_S, Watchdog, time_limit
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback

MOST_RECIPIENTS = 20
MOST_LINES = 200
_READY = 220
Security = Literal["starttls", "tls", "none"]


class EmailAccount(msgspec.Struct, frozen=True):
    """Where messages are handed in, and whose they are. `to` are addresses with commas
    between them; `ca_file` "" trusts what the system trusts."""

    host: str
    port: int
    sender: str
    to: str
    user: str = ""
    password: str = ""
    security: Security = "starttls"
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"EmailAccount({self.host}:{self.port}, {self.security})"


class EmailSink:
    """Implements `Sink`: plain text, one message for all that changed.

    A password is never sent in the open, but to this computer itself.
    """

    name: SinkName = "email"

    def __init__(
        self, account: EmailAccount, texts: Texts, *, time_limit_s: float = TIME_LIMIT_S
    ) -> None:
        self._account = account
        self._texts = texts
        self._time_limit_s = time_limit_s

    def send(self, tellings: Sequence[Telling], left_out: int = 0) -> None:
        """Sends one message about all of them; `left_out` are those that found no room."""
        lines = [self._texts.line(one) for one in tellings[:MOST_LINES]]
        more = len(tellings) - len(lines) + left_out
        if more:
            lines.append(f"+ {more}")
        self._deliver(self._message(self._texts.subject(tellings), lines))

    def test(self) -> None:
        self._deliver(self._message(self._texts.test_subject(), [self._texts.test_line()]))

    def _message(self, subject: str, lines: Sequence[str]) -> EmailMessage:
        account = self._account
        if not account.host or not account.to.strip() or not account.sender.strip():
            raise KnownError("alerts.email_not_set")
        message = EmailMessage(policy=POLICY)
        sender = _address(account.sender)
        recipients = [_address(one) for one in account.to.split(",") if one.strip()]
        if len(recipients) > MOST_RECIPIENTS:
            raise KnownError("alerts.email_bad_address", address=account.to[:200], why="many")
        message["From"] = sender
        message["To"] = recipients
        message["Subject"] = plain(subject)
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = make_msgid("harit", sender.domain)
        # No machine that is away from its desk shall answer a machine.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n".join(lines) + "\n")
        return message

    def _deliver(self, message: EmailMessage) -> None:
        account = self._account
        with time_limit(self._time_limit_s) as dog:
            try:
                self._hand_in(message, dog)
            except smtplib.SMTPAuthenticationError as error:
                raise KnownError("alerts.email_login", user=account.user) from error
            except smtplib.SMTPServerDisconnected as error:
                raise self._named(OSError(str(error)), dog) from error
            except smtplib.SMTPException as error:
                if dog.bit:
                    raise self._named(TimeoutError(), dog) from error
                raise KnownError("alerts.email_rejected", reason=_reason(error)) from error
            except OSError as error:
                raise self._named(error, dog) from error
            except UnicodeError as error:
                raise KnownError("alerts.email_dns", host=account.host) from error

    def _named(self, error: OSError, dog: Watchdog) -> KnownError:
        account = self._account
        return named_error("email", error, account.host, account.port, late=dog.bit)

    def _hand_in(self, message: EmailMessage, dog: Watchdog) -> None:
        account, seconds = self._account, self._time_limit_s
        secure = account.security != "none"
        if account.user and not secure and not is_loopback(account.host):
            raise KnownError("alerts.email_plain_login", host=account.host)
        trust = ssl.create_default_context(cafile=account.ca_file or None) if secure else None
        server = _Watched(dog, trust if account.security == "tls" else None, seconds)
        try:
            code, said = server.connect(account.host, account.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, said)
            if account.security == "starttls":
                self._secure(server, trust, dog)
            if account.user:
                if not (account.user + account.password).isascii():
                    # Servers take nothing else, and smtplib would fail as for a bad host name.
                    raise KnownError("alerts.email_login", user=account.user)
                server.login(account.user, account.password)
            refused = server.send_message(message)
            if refused:
                # Some have it: what is sent again would reach them twice.
                raise KnownError("alerts.email_partly", addresses=", ".join(refused)[:200])
            # The message is taken: what becomes of the farewell does not matter.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.docmd("QUIT")
        finally:
            dog.watch(None)
            server.close()

    def _secure(self, server: smtplib.SMTP, trust: ssl.SSLContext | None, dog: Watchdog) -> None:
        server.ehlo_or_helo_if_needed()
        if not server.has_extn("starttls"):
            host = self._account.host
            raise KnownError("alerts.email_tls", host=host, cause="the server offers no STARTTLS")
        server.starttls(context=trust)
        dog.watch(server.sock)


class _Watched(smtplib.SMTP):
    """Connects under the watch of a dog, to the greeting and the handshake too."""

    def __init__(self, dog: Watchdog, trust: ssl.SSLContext | None, seconds: float) -> None:
        self._dog, self._trust = dog, trust
        super().__init__(timeout=seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # As smtplib's own SMTP_SSL does it.
        self._host = host
        return self._dog.connect(host, port, timeout, self._trust)


def _address(text: str) -> Address:
    text = text.strip()
    try:
        if not text.isascii() or not text.isprintable() or len(text) > 254:
            raise ValueError(text)
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise KnownError("alerts.email_bad_address", address=text[:200], why="form") from error
    if not address.username or not address.domain:
        raise KnownError("alerts.email_bad_address", address=text[:200], why="form")
    return address


def _reason(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [f"{code} {text!r}" for code, text in error.recipients.values()]
        return plain("; ".join(answers))
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return plain(f"{error.smtp_code} {said}")
    return plain(str(error))
