"""What speaks HTTP, put together."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harit_desktop.app.clock import now_us
from harit_desktop.domain.api import ApiPage, ApiTest
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import LinkStatus
from harit_desktop.pipeline.answers import Answers
from harit_desktop.runtime.link_parts import ApiForwardPart, ApiSourcePart, LocalApiPart
from harit_desktop.runtime.store_parts import HistoryPart
from harit_desktop.settings.model import Settings

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress
    from harit_desktop.transport.api_client import ApiClient


def build_client(settings: Settings, token: str | None) -> ApiClient | None:
    """The remote API's client; None without an address. Raises KnownError(api.bad_url,
    api.not_private)."""
    if not settings.api.url:
        return None
    from harit_desktop.transport.api_address import parse_api_url
    from harit_desktop.transport.api_client import ApiClient

    return ApiClient(parse_api_url(settings.api.url), token, settings.api.timeout_s)


def history_reader(settings: Settings) -> Callable[[bytes], ApiPage]:
    """Understands the remote API's history. Its naive times are those of the profile's zone."""
    from harit_desktop.wire.api_json import read_history

    return functools.partial(read_history, zone=settings.broker.timezone)


def build_source(
    settings: Settings,
    token: str | None,
    deliver: Callable[[RawMessage], bool],
    link_status: Callable[[], LinkStatus],
    newest_us: Callable[[], int | None],
) -> ApiSourcePart | None:
    """Reads the remote API while the broker is away; None where that is not wanted."""
    mode = settings.api.mode
    if mode == "mqtt_only":
        return None
    client = build_client(settings, token)
    if client is None and mode == "api_only":
        raise KnownError("api.not_set")
    if client is None:
        return None
    from harit_desktop.transport.api_source import ApiSource

    return ApiSource(
        client,
        history_reader(settings),
        deliver,
        link_status,
        now_us,
        mode=mode,
        poll_s=settings.api.poll_s,
        keepalive_s=settings.broker.keepalive_s,
        newest_us=newest_us,
        address=client.address.shown,
    )


def build_forwarder(
    settings: Settings, token: str | None, database: Path, server: ServerAddress | None
) -> ApiForwardPart | None:
    """Posts stored readings to the remote API; None where that is off. Raises
    KnownError(api.forward_own_api) where the API is our own."""
    client = build_client(settings, token) if settings.api.forward else None
    if client is None:
        return None
    local, address = settings.local_api, client.address
    if local.enabled and address.port == local.port and address.is_this_computer:
        raise KnownError("api.forward_own_api", address=address.shown)
    from harit_desktop.storage.forward_queue import ForwardQueue
    from harit_desktop.storage.mysql.same_database import same_database
    from harit_desktop.transport.api_forwarder import ApiForwarder
    from harit_desktop.wire.api_json import encode_post
    from harit_desktop.wire.timestamps import format_utc

    def encode(item: AnalysedReading) -> bytes:
        reading = item.reading
        return encode_post(
            reading.publisher_id,
            format_utc(reading.timestamp_us),
            reading.values,
            simulated=False,
            message_id=reading.message_id,
            relayed=True,
        )

    def own_database(page: ApiPage) -> str | None:
        return None if server is None else same_database(server, page)

    return ApiForwarder(
        client,
        ForwardQueue(database, address.shown),
        encode,
        address.shown,
        now_us,
        read_history=history_reader(settings),
        own_database=own_database,
    )


def test_api(settings: Settings, token: str | None) -> ApiTest:
    """Asks for the newest readings once, and says what came of it in numbers."""
    from harit_desktop.wire.api_json import read_total

    began = time.monotonic()
    try:
        client = build_client(settings, token)
        if client is None:
            raise KnownError("api.not_set")
        try:
            page = history_reader(settings)(client.history(1))
            milliseconds = round((time.monotonic() - began) * 1000)
            readings = read_total(client.stats())
        finally:
            client.close()
    except KnownError as error:
        return ApiTest(False, problem=error.problem)
    newest_us = page.rows[0].timestamp_us if page.rows else None
    return ApiTest(True, milliseconds, readings, newest_us)


def build_local_api(
    settings: Settings,
    token: str | None,
    deliver: Callable[[RawMessage], bool],
    answers: Answers,
    history: Callable[[], HistoryPart],
) -> LocalApiPart | None:
    """Our own API; None where it is off."""
    chosen = settings.local_api
    if not chosen.enabled:
        return None
    from harit_desktop.app.api_service import StoreService
    from harit_desktop.transport.local_api import LocalApi
    from harit_desktop.transport.local_api_guard import LocalApiConfig

    config = LocalApiConfig(
        host=chosen.host,
        port=chosen.port,
        origins=chosen.origins,
        token=token,
        allow_network=chosen.allow_network,
    )
    mode = "MySQL" if settings.storage.uses_server else "SQLite"
    zone = settings.broker.timezone
    return LocalApi(config, StoreService(deliver, answers, history, mode=mode, zone=zone))
