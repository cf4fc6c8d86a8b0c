"""The engine's parts, for what works on several of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from harit_desktop.domain.clock import NowUs
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.runtime.alerting_service import AlertingService
from harit_desktop.runtime.api_keeper import ApiKeeper
from harit_desktop.runtime.broker_profiles import BrokerProfiles
from harit_desktop.runtime.ingestion import Ingestion
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.known_devices import KnownDevices
from harit_desktop.runtime.links import Links
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.recorder import Recorder
from harit_desktop.runtime.store_keeper import StoreKeeper
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore


@dataclass(frozen=True)
class Workbench:
    """Built by the engine; each part says which threads may call it."""

    settings_store: SettingsStore
    secrets: SecretStore
    profiles: BrokerProfiles
    parts: Parts
    inbox: Inbox
    pipeline: Pipeline
    judging: Judging
    alerting: AlertingService
    links: Links
    keeper: StoreKeeper
    apis: ApiKeeper
    live: LiveModel
    devices: KnownDevices
    ingestion: Ingestion
    recorder: Recorder
    now_us: NowUs
    stopping: threading.Event
