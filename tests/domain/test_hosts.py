"""Which hosts are this computer alone, by the way they are written; the same for everybody."""

from __future__ import annotations

import pytest

from harit_desktop.domain.hosts import is_loopback
from harit_desktop.settings.model import StorageSettings
from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.local_api_guard import LocalApiConfig
from harit_desktop.ui.settings.validation import is_beyond_loopback

HOSTS = [
    ("127.0.0.1", True),
    ("127.255.255.254", True),
    ("::1", True),
    ("[::1]", True),
    ("0:0:0:0:0:0:0:1", True),
    ("::ffff:127.0.0.1", True),
    ("[::ffff:7f00:1]", True),
    ("localhost", True),
    ("LocalHost", True),
    ("x.localhost", True),
    ("a.b.LOCALHOST", True),
    ("", False),
    ("0.0.0.0", False),
    ("::", False),
    ("[::]", False),
    ("::ffff:192.168.1.5", False),
    ("::ffff:0.0.0.0", False),
    ("192.168.1.5", False),
    ("128.0.0.1", False),
    ("fe80::1", False),
    ("127.1", False),
    ("2130706433", False),
    ("0x7f.0.0.1", False),
    ("127.0.0.1.example", False),
    ("[127.0.0.1]", False),
    ("[::1", False),
    ("::1%lo", False),
    ("[localhost]", False),
    ("xlocalhost", False),
    ("localhost.example", False),
    ("farm.local", False),
]


@pytest.mark.parametrize(("host", "loopback"), HOSTS)
def test_everybody_says_the_same(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert ApiAddress("http", host, 5000).is_loopback is loopback
    assert LocalApiConfig(host).on_loopback is loopback
    assert is_beyond_loopback(host) is not loopback
    assert StorageSettings(mysql_host=host).mysql_encrypted is not loopback


def test_the_choice_of_encryption_comes_first() -> None:
    assert StorageSettings(mysql_host="127.0.0.1", mysql_tls=True).mysql_encrypted
    assert not StorageSettings(mysql_host="farm.example", mysql_tls=False).mysql_encrypted


def test_spaces_around_what_is_typed_do_not_count() -> None:
    assert not is_beyond_loopback(" ::1 ")
    assert is_beyond_loopback(None)
