"""Which addresses of an API are taken, and which are spoken to in the open."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.errors import KnownError
from harit_desktop.transport.api_address import ApiAddress, parse_api_url


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("http://localhost:5000", "http://localhost:5000/health", "localhost:5000"),
        ("  http://127.0.0.1:5000/ ", "http://127.0.0.1:5000/health", "127.0.0.1:5000"),
        ("https://Farm.Example", "https://farm.example:443/health", "farm.example:443"),
        ("HTTPS://farm.example./", "https://farm.example:443/health", "farm.example:443"),
        ("http://nas/soil/", "http://nas:80/soil/health", "nas:80"),
        ("http://[::1]:5000", "http://[::1]:5000/health", "[::1]:5000"),
        ("http://pi.local:1/a b", "http://pi.local:1/a%20b/health", "pi.local:1"),
        ("https://büro.example", "https://xn--bro-hoa.example:443/health", None),
        ("http://pi:5000/api/soil-health/history", "http://pi:5000/health", "pi:5000"),
        ("http://pi:5000/farm/api/soil-health/", "http://pi:5000/farm/health", "pi:5000"),
    ],
)
def test_an_address_is_understood(text: str, url: str, shown: str | None) -> None:
    address = parse_api_url(text)
    assert address.url("/health") == url
    if shown is not None:
        assert address.shown == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "scheme"),
        ("farm.example:5000", "scheme"),
        ("ftp://farm.example", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http:/farm.example", "scheme"),
        ("http://", "host"),
        ("http://:5000", "host"),
        ("https://a..b", "host"),
        ("https://-a.example", "host"),
        ("https://a%2fb.example", "host"),
        ("https://a_b.example:1\nHost: x", "host"),
        ("https://[::1", "host"),
        ("https://[fe80::1%25eth0]", "host"),
        ("https://" + "a" * 64 + ".example", "host"),
        ("https://" + "a." * 300 + "example", "host"),
        # What the system's resolver takes for 8.8.8.8.
        ("http://134744072", "host"),
        ("http://0x08080808", "host"),
        ("http://8.8.2056", "host"),
        ("http://010.8.8.8", "host"),
        ("https://user@farm.example", "credentials"),
        ("https://user:secret@farm.example", "credentials"),
        ("https://farm.example?key=1", "query"),
        ("https://farm.example/#top", "query"),
        ("https://farm.example:0", "port"),
        ("https://farm.example:", "port"),
        ("https://farm.example:65536", "port"),
        ("https://farm.example:http", "port"),
    ],
)
def test_what_is_no_address_says_why(text: str, why: str) -> None:
    with pytest.raises(KnownError) as caught:
        parse_api_url(text)
    assert (caught.value.code, caught.value.params["why"]) == ("api.bad_url", why)


def test_a_password_in_an_address_is_not_repeated() -> None:
    for text in ("https://user:secret@farm.example", "user:secret@farm", "http://u:secret@[x"):
        with pytest.raises(KnownError) as caught:
            parse_api_url(text)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.7",
        "192.168.1.4",
        "172.31.0.1",
        "127.9.9.9",
        "169.254.1.1",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "raspberrypi",
        "raspberrypi.local",
        "x.localhost",
    ],
)
def test_plain_http_is_for_the_local_network(host: str) -> None:
    assert parse_api_url(f"http://{host}:5000").scheme == "http"


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "farm.example", "172.32.0.1", "[2001:4860:4860::8888]", "[::ffff:8.8.8.8]"]
)
def test_plain_http_leaves_no_building(host: str) -> None:
    with pytest.raises(KnownError) as caught:
        parse_api_url(f"http://{host}:5000")
    assert caught.value.code == "api.not_private"
    assert parse_api_url(f"https://{host}:5000").scheme == "https"


def test_this_computer_is_known_by_its_names_and_addresses() -> None:
    own = [ApiAddress("http", host, 1) for host in ("127.0.0.1", "localhost", "0.0.0.0", "::1")]
    own.append(ApiAddress("http", socket.gethostname().lower(), 1))
    assert all(address.is_this_computer for address in own)
    # TEST-NET-1 is no computer's.
    assert not ApiAddress("http", "192.0.2.1", 1).is_this_computer
    assert not ApiAddress("http", "farm.example", 1).is_this_computer
    assert not ApiAddress("http", "0.0.0.0", 1).is_loopback


@given(st.one_of(st.text(), st.text().map(lambda rest: f"http://{rest}")))
def test_any_text_is_an_address_or_a_known_error(text: str) -> None:
    try:
        address = parse_api_url(text)
    except KnownError:
        return
    assert address.url("/").isascii()
    assert 0 < address.port < 65_536
    assert parse_api_url(address.url("")) == address
