"""Messages to another program, over real HTTP."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.texts import EnglishTexts
from harit_desktop.alerting.webhook_sink import WebhookSink, parse_webhook_url
from harit_desktop.domain.errors import KnownError
from tests.alerting.farm import NOON_US
from tests.alerting.test_email import DRY
from tests.faults.certificates import Authority


class Hook:
    def __init__(self, status: int = 200, *, wait_s: float = 0.0, drip: bool = False) -> None:
        self.status, self.wait_s, self.drip = status, wait_s, drip
        self.asked: list[tuple[str, str | None, Any]] = []
        self.port = 0


@contextmanager
def hook_server(hook: Hook, certificate: tuple[Path, Path] | None = None) -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.asked.append((self.path, self.headers["Authorization"], json.loads(body)))
            time.sleep(hook.wait_s)
            try:
                if hook.drip:
                    for _ in range(100):
                        self.wfile.write(b"H")
                        time.sleep(0.1)
                self.send_response(hook.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that broke is what the test wants."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        hook.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join(5)


def sink_for(hook: Hook, token: str = "", scheme: str = "http", **options: Any) -> WebhookSink:
    url = f"{scheme}://127.0.0.1:{hook.port}/hook?farm=north"
    return WebhookSink(url, token, EnglishTexts(), lambda: NOON_US, **options)


def code_of(sink: WebhookSink) -> str:
    with pytest.raises(KnownError) as caught:
        sink.test()
    return caught.value.code.removeprefix("alerts.webhook_")


def test_what_is_posted() -> None:
    ended = replace(DRY, id=8, publisher_id="a\ud800", ended_us=NOON_US + 1_000_000)
    with hook_server(Hook()) as hook:
        sink_for(hook, "t0ken").send([Telling(DRY, False), Telling(ended, True)], left_out=2)
    ((path, login, body),) = hook.asked
    assert (path, login) == ("/hook?farm=north", "Bearer t0ken")
    assert (body["format"], body["left_out"]) == (1, 2)
    assert body["sent_at"] == "2025-11-24T16:00:00+00:00"
    first, second = body["changes"]
    assert first == {
        "change": "raised",
        "text": first["text"],
        "id": 7,
        "rule": "moisture",
        "kind": "range",
        "severity": "critical",
        "device": "soil-01",
        "channel": "Moisture",
        "code": "value.low",
        "params": {},
        "value": 14.25,
        "limit": 20.0,
        "worst": 12.0,
        "raised_at": "2025-11-24T16:00:00+00:00",
        "ended_at": None,
        "stands_for": 0,
    }
    assert (second["change"], second["device"]) == ("ended", "a?")
    assert second["ended_at"] == "2025-11-24T16:00:01+00:00"


def test_a_test_says_so() -> None:
    with hook_server(Hook(status=204)) as hook:
        sink_for(hook).test()
    ((_, login, body),) = hook.asked
    assert (login, body["test"], body["changes"]) == (None, True, [])


@pytest.mark.parametrize(
    ("status", "code"),
    [(301, "rejected"), (307, "rejected"), (401, "login"), (403, "login"), (500, "rejected")],
)
def test_what_it_may_answer(status: int, code: str) -> None:
    with hook_server(Hook(status)) as hook:
        assert code_of(sink_for(hook, "t0ken")) == code
    assert [path for path, _, _ in hook.asked] == ["/hook?farm=north"], "no redirect is followed"


def test_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with hook_server(Hook(), authority.certificate("hook")) as hook:
        sink_for(hook, scheme="https", ca_file=str(authority.file)).test()
        assert code_of(sink_for(hook, scheme="https")) == "tls"
    assert len(hook.asked) == 1


@pytest.mark.parametrize("hook", [Hook(wait_s=3), Hook(drip=True)])
def test_the_time_is_limited_however_it_drips(hook: Hook) -> None:
    with hook_server(hook):
        assert code_of(sink_for(hook, time_limit_s=0.5)) == "timeout"


def test_nobody_there() -> None:
    with hook_server(Hook()) as hook:
        pass
    assert code_of(sink_for(hook)) == "refused"
    nowhere = WebhookSink("https://no-such-host.invalid/", "", EnglishTexts(), lambda: 0)
    assert code_of(nowhere) == "dns"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "not_set"),
        ("ftp://farm.example/", "bad_address"),
        ("farm.example/hook", "bad_address"),
        ("https://", "bad_address"),
        ("https://user:secret@farm.example/", "bad_address"),
        ("https://farm.example:99999/", "bad_address"),
        ("https://farm.example/\r\nX: y", "bad_address"),
        ("http://farm.example/", "not_private"),
        ("http://8.8.8.8/", "not_private"),
        ("http://134744072/", "not_private"),
        ("http://[2001:4860:4860::8888]/", "not_private"),
    ],
)
def test_addresses_that_nothing_is_sent_to(url: str, code: str) -> None:
    with pytest.raises(KnownError) as caught:
        parse_webhook_url(url)
    assert caught.value.code == f"alerts.webhook_{code}"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "192.168.1.20", "farm-hub", "hub.local", "[::1]", "[fd00::1]"],
)
def test_the_local_network_may_be_spoken_to_in_the_open(host: str) -> None:
    address = parse_webhook_url(f"http://{host}/hook")
    assert (address.host, address.port, address.target) == (host.strip("[]"), 80, "/hook")
