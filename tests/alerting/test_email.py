"""Messages by e-mail, handed in to a real server."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harit_desktop.alerting.email_sink import EmailAccount, EmailSink
from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.texts import EnglishTexts
from harit_desktop.domain.alert import Alert, RuleKind, Severity
from harit_desktop.domain.errors import KnownError
from tests.alerting.farm import NOON_US
from tests.alerting.mail_server import MailBox, mail_server
from tests.faults.certificates import Authority

DRY = Alert(
    id=7,
    rule_id="moisture",
    kind=RuleKind.RANGE,
    severity=Severity.CRITICAL,
    publisher_id="soil-01",
    channel="Moisture",
    code="value.low",
    params={},
    value=14.25,
    limit=20.0,
    worst=12.0,
    raised_us=NOON_US,
)
SILENT = replace(DRY, id=8, code="device.silent", kind=RuleKind.SILENT, channel="", value=None)


def sink_for(box: MailBox, *, limit_s: float = 5.0, **changes: Any) -> EmailSink:
    account = EmailAccount(
        host="127.0.0.1",
        port=box.port,
        sender="harit@farm.example",
        to="asha@farm.example",
        security="none",
    )
    names = EnglishTexts(lambda one: "North field" if one == "soil-01" else "")
    return EmailSink(replace(account, **changes), names, time_limit_s=limit_s)


def code_of(sink: EmailSink) -> str:
    with pytest.raises(KnownError) as caught:
        sink.test()
    return caught.value.code.removeprefix("alerts.email_")


def test_one_message_for_all_that_changed() -> None:
    with mail_server(MailBox()) as box:
        sink = sink_for(box, to="asha@farm.example, ravi@farm.example")
        ended = replace(SILENT, ended_us=NOON_US + 60_000_000)
        sink.send([Telling(ended, True), Telling(DRY, False)], left_out=3)
    (message,) = box.messages
    assert box.recipients == ["asha@farm.example", "ravi@farm.example"]
    assert message["Subject"] == "Harit: North field: Moisture is too low and 1 more"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    lines = message.get_content().splitlines()
    assert lines[0].startswith("Critical: North field: no readings (over); from 20")
    assert "14.2 % (limit 20.0)" in lines[1]
    assert lines[2] == "+ 3"


def test_a_test_message() -> None:
    with mail_server(MailBox()) as box:
        sink_for(box).test()
    assert box.messages[0]["Subject"] == "Harit: test message"


@pytest.mark.parametrize("name", ["x\r\nBcc: all@farm.example", "क्षेत्र \u2028 2", "a" * 500])
def test_a_device_cannot_write_headers(name: str) -> None:
    with mail_server(MailBox()) as box:
        sink_for(box).send([Telling(replace(DRY, publisher_id=name), False)])
    (message,) = box.messages
    assert message["Bcc"] is None
    assert box.recipients == ["asha@farm.example"]
    assert len(message.get_content().splitlines()) == 1


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nBcc: c@d.example", "nobody", "a@", "@b.example", "A <a@b.example>", "a b@c.d"],
)
def test_an_address_that_is_none(address: str) -> None:
    with mail_server(MailBox()) as box:
        assert code_of(sink_for(box, to=address)) == "bad_address"
        assert code_of(sink_for(box, sender=address)) == "bad_address"
    assert box.commands == []


def test_nothing_to_send_to() -> None:
    assert code_of(sink_for(MailBox(), to=" ")) == "not_set"
    assert code_of(sink_for(MailBox(), host="")) == "not_set"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_over_tls(tmp_path: Path, security: str) -> None:
    authority = Authority(tmp_path)
    box = MailBox(
        users={"harit": "secret"},
        certificate=authority.certificate("mail"),
        tls_from_start=security == "tls",
        offers_starttls=True,
    )
    with mail_server(box):
        known = {"security": security, "user": "harit", "ca_file": str(authority.file)}
        sink_for(box, password="secret", **known).test()
        assert len(box.messages) == 1
        assert code_of(sink_for(box, password="wrong", **known)) == "login"
        assert code_of(sink_for(box, password="शब्द", **known)) == "login"
        assert code_of(sink_for(box, **{**known, "ca_file": ""})) == "tls"
    assert len(box.messages) == 1
    assert "secret" not in repr(EmailAccount("h", 1, "s", "t", password="secret"))


def test_no_starttls_no_password() -> None:
    with mail_server(MailBox(users={"harit": "secret"})) as box:
        sink = sink_for(box, security="starttls", user="harit", password="secret")
        assert code_of(sink) == "tls"
    assert not [one for one in box.commands if one.startswith("AUTH")]


def test_a_password_in_the_open_stays_on_this_computer() -> None:
    with mail_server(MailBox(users={"harit": "secret"})) as box:
        sink_for(box, user="harit", password="secret").test()
        assert len(box.messages) == 1
    far = sink_for(box, host="192.0.2.1", user="harit", password="secret")
    assert code_of(far) == "plain_login"


def test_why_it_failed() -> None:
    with mail_server(MailBox(refuse_data=True)) as box:
        assert code_of(sink_for(box)) == "rejected"
    with mail_server(MailBox(refused={"asha@farm.example"})) as box:
        assert code_of(sink_for(box)) == "rejected"
    with mail_server(MailBox(refused={"ravi@farm.example"})) as box:
        assert code_of(sink_for(box, to="asha@farm.example,ravi@farm.example")) == "partly"
        assert len(box.messages) == 1
    with mail_server(MailBox(hang_up=True)) as box:
        assert code_of(sink_for(box)) == "refused"
    assert code_of(sink_for(box)) == "refused", "nobody listens there any more"
    assert code_of(sink_for(box, host="no-such-host.invalid")) == "dns"


@pytest.mark.parametrize("box", [MailBox(silent=True), MailBox(drip=True)])
def test_the_time_is_limited_however_it_drips(box: MailBox) -> None:
    with mail_server(box):
        assert code_of(sink_for(box, limit_s=0.5)) == "timeout"


def test_a_name_that_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    assert code_of(sink_for(MailBox(port=25), host="mail.farm.example")) == "dns"


def test_a_broker_that_refuses_is_not_called_unreachable() -> None:
    lost = replace(SILENT, code="system.broker", kind=RuleKind.SYSTEM, publisher_id="")
    refused = replace(lost, params={"cause": "broker.auth"})
    assert "cannot be reached" in EnglishTexts().line(Telling(lost, False))
    assert "does not let the program in" in EnglishTexts().line(Telling(refused, False))
