"""The simulated sensors, put together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harit_desktop.app.api_parts import build_client, history_reader
from harit_desktop.app.clock import now_us
from harit_desktop.domain.channels import Values
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.outbox import OutboxItem
from harit_desktop.domain.topics import mark_of
from harit_desktop.settings.model import Settings

if TYPE_CHECKING:
    from harit_desktop.transport.api_client import ApiClient
    from harit_desktop.transport.endpoint import MqttEndpoint
    from harit_desktop.transport.mqtt_publisher import EncodeStatus
    from harit_desktop.transport.publisher_worker import PublisherWorker

log = logging.getLogger(__name__)


def build_publisher(
    settings: Settings,
    endpoint: MqttEndpoint,
    last_values: Callable[[str], Values | None],
    *,
    outbox: Path,
    api_token: str | None,
    count: int | None = None,
    deliver: Callable[[RawMessage], object] | None = None,
) -> PublisherWorker:
    """The sensors with their ways out; `count` readings in all, None for no end.

    An API address that cannot be used leaves the broker alone as a way. What goes to the API
    also goes to `deliver`: the existing backend forgets that it is simulated and whose it is,
    and in its history it would look like a real reading.
    """
    from harit_desktop.storage.outbox import Outbox
    from harit_desktop.transport.mqtt_publisher import MqttPublisher
    from harit_desktop.transport.publisher_worker import PublisherConfig, PublisherWorker
    from harit_desktop.wire.api_json import encode_post
    from harit_desktop.wire.encode import encode_reading
    from harit_desktop.wire.timestamps import format_utc

    chosen, mode = settings.publisher, settings.api.mode
    publisher = None
    if mode != "api_only":
        publisher = MqttPublisher(
            endpoint,
            now_us,
            publisher_id=chosen.publisher_id,
            encode_status=_status_encoder(mark_of(endpoint.client_id)) if chosen.status else None,
        )
    config = PublisherConfig(
        devices=chosen.devices,
        interval_s=chosen.interval_s,
        publisher_id=chosen.publisher_id,
        topic=chosen.topic,
        seed=chosen.seed,
        count=count,
        mqtt_retries=chosen.mqtt_retries,
    )

    def encode(publisher_id: str, timestamp_us: int, values: Values) -> bytes:
        return encode_reading(publisher_id, format_utc(timestamp_us), values, simulated=True)

    def encode_body(publisher_id: str, timestamp_us: int, values: Values) -> bytes:
        return encode_post(publisher_id, format_utc(timestamp_us), values, simulated=True)

    def keep(item: OutboxItem) -> None:
        if deliver is not None:
            deliver(RawMessage(item.topic, item.payload, now_us(), origin=Origin.LOCAL))

    return PublisherWorker(
        config,
        publisher,
        encode,
        encode_body,
        last_values,
        now_us,
        Outbox(outbox),
        None if mode == "mqtt_only" else _api(settings, api_token),
        mode,
        history_reader(settings),
        keep,
    )


def _api(settings: Settings, token: str | None) -> ApiClient | None:
    try:
        return build_client(settings, token)
    except KnownError as error:
        log.warning("readings cannot be sent to the API: %s", error)
        return None


def _status_encoder(own_mark: str) -> EncodeStatus:
    from harit_desktop.wire.encode import encode_status
    from harit_desktop.wire.timestamps import format_utc

    def encode(status: str, publisher_id: str, message: str, timestamp_us: int) -> bytes:
        return encode_status(status, publisher_id, message, format_utc(timestamp_us), own_mark)

    return encode
