"""What the commands begin with."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from harit_desktop.app.addresses import broker_endpoint
from harit_desktop.app.clock import now_us
from harit_desktop.app.parts import ProductParts
from harit_desktop.app.publishing import build_publisher
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.link_parts import BrokerAddress
from harit_desktop.runtime.secrets import wanted_secrets
from harit_desktop.runtime.store_parts import BackupPart, HistoryPart
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

if TYPE_CHECKING:
    from harit_desktop.transport.publisher_worker import PublisherWorker


def build_engine(paths: DataPaths, settings_store: SettingsStore, redactor: Redactor) -> Engine:
    """The engine of a data folder, built and not yet started."""
    secrets = SecretStore(
        paths.instance_name(),
        redactor.add,
        profile=lambda: settings_store.current.broker.profile,
    )
    parts = ProductParts(paths, lambda: secrets.get("broker.key_passphrase"))
    return Engine(paths, settings_store, secrets, parts, now_us)


def build_lone_publisher(
    paths: DataPaths, settings: Settings, count: int | None, redactor: Redactor
) -> PublisherWorker:
    """The simulated sensors without an engine; `count` readings in all, None for no end.

    Connects under an id of its own, so that it can run beside the program.
    """
    kept = _secret_store(paths, settings, redactor)
    secrets = wanted_secrets(settings, kept)
    broker = settings.broker
    if broker.mode == "builtin":
        builtin = settings.builtin_broker
        address = BrokerAddress(builtin.host, builtin.port, "auto")
    else:
        address = BrokerAddress(broker.host, broker.port, broker.protocol)
    endpoint = broker_endpoint(
        settings,
        address,
        secrets.broker_password,
        lambda: kept.get("broker.key_passphrase"),
    )
    endpoint = dataclasses.replace(endpoint, client_id=f"harit-publish-{uuid.uuid4().hex[:12]}")
    history = ProductParts(paths).history(settings, secrets.store_password)
    return build_publisher(
        settings,
        endpoint,
        history.last_values,
        outbox=paths.lone_outbox,
        api_token=secrets.api_token,
        count=count,
    )


def open_history(paths: DataPaths, settings: Settings, redactor: Redactor) -> HistoryPart:
    """Reads of the folder's store for a command without an engine."""
    secrets = wanted_secrets(settings, _secret_store(paths, settings, redactor))
    return ProductParts(paths).history(settings, secrets.store_password)


def open_backups(paths: DataPaths, settings: Settings, redactor: Redactor) -> BackupPart:
    """Backups of the folder's store for a command without an engine."""
    secrets = wanted_secrets(settings, _secret_store(paths, settings, redactor))
    return ProductParts(paths).backups(settings, secrets.store_password)


def _secret_store(paths: DataPaths, settings: Settings, redactor: Redactor) -> SecretStore:
    return SecretStore(paths.instance_name(), redactor.add, profile=lambda: settings.broker.profile)
