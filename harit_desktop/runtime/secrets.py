"""The secrets that the parts need under the present settings."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.hosts import is_loopback
from harit_desktop.settings.model import Settings
from harit_desktop.settings.secrets import SecretStore


class Secrets(msgspec.Struct, frozen=True):
    """Never shown; None where there is none, or where the settings need none."""

    broker_password: str | None = None
    store_password: str | None = None
    api_token: str | None = None
    local_api_token: str | None = None

    def __repr__(self) -> str:
        return "Secrets(...)"


def wanted_secrets(settings: Settings, kept: SecretStore) -> Secrets:
    """Asks for no secret that the settings do not need: a keyring may ask a person."""
    broker = settings.broker
    if broker.mode == "builtin":
        with_login, key = not is_loopback(settings.builtin_broker.host), "builtin_broker.password"
    else:
        with_login, key = bool(broker.username), "broker.password"
    return Secrets(
        broker_password=kept.get(key) if with_login else None,
        store_password=kept.get("storage.mysql_password") if settings.storage.uses_server else None,
        api_token=kept.get("api.token") if settings.api.url else None,
        local_api_token=kept.get("local_api.token") if settings.local_api.enabled else None,
    )
