"""What is wrong with a value, in words that say what to enter instead.

The settings tree decides about types and ranges; the rules here are those that a type
cannot express. Texts are translated when they are asked for.
"""

import ipaddress
import re
import urllib.parse
import zoneinfo
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.alerting.webhook_sink import parse_webhook_url
from harit_desktop.broker.login import LEAST_PASSWORD_LENGTH, usable_username
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.settings.model import FIELD_SPECS, FieldSpec
from harit_desktop.settings.store import build_settings, parse_value
from harit_desktop.transport.api_address import parse_api_url
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.words import number

_MAX_TOPIC_BYTES = 65_535
_MAX_DATABASE_CHARS = 64
LEAST_BULK_DENSITY, MOST_BULK_DENSITY = 0.2, 2.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("SettingsValidation", text)


def parse_text(key: str, text: str) -> tuple[Any, str | None]:
    """The value of what was typed for a setting, and what is wrong with it.

    The value is None where the text cannot be read at all.
    """
    spec = FIELD_SPECS[key]
    try:
        value = parse_value(spec, text.strip())
    except KnownError:
        return None, expectation(spec)
    return value, check_value(key, value)


def check_value(key: str, value: Any) -> str | None:
    """What is wrong with one value on its own; None if nothing is."""
    rule = _RULES.get(key)
    # The rule of the field knows better words than the bounds of its type.
    problem = rule(value) if rule else None
    if problem is not None:
        return problem
    try:
        build_settings({key: value})
    except KnownError:
        return expectation(FIELD_SPECS[key])
    return None


def check_together(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong between settings, by the key of the field to mend."""
    problems = {}
    if values.get("broker.tls"):
        if values["broker.cert_file"] and not values["broker.key_file"]:
            problems["broker.key_file"] = _tr("The client certificate needs its private key.")
        if values["broker.key_file"] and not values["broker.cert_file"]:
            problems["broker.cert_file"] = _tr("The private key needs its client certificate.")
    if values.get("storage.backend") == "mysql":
        needed = {
            "storage.mysql_host": _tr("Enter the name or address of the server."),
            "storage.mysql_database": _tr("Enter the name of the database."),
            "storage.mysql_user": _tr("The server needs a user name."),
        }
        problems |= {key: text for key, text in needed.items() if not values.get(key)}
    problems |= _check_routing(values) | _check_apis(values) | _check_alerts(values)
    return problems | _check_builtin_broker(values)


def _check_routing(values: Mapping[str, Any]) -> dict[str, str]:
    """To take only what nothing names is to lose every reading."""
    if values.get("routing.mode") != "allow":
        return {}
    if any(values.get(f"routing.{kind}") for kind in ("devices", "topics", "zones")):
        return {}
    return {
        "routing.devices": _tr(
            "Name at least one device, topic or zone: with nothing named, "
            "every reading would be left out."
        )
    }


def _check_builtin_broker(values: Mapping[str, Any]) -> dict[str, str]:
    host = values.get("builtin_broker.host")
    if host is None or not is_beyond_loopback(host):
        return {}
    problems = {}
    if not values["builtin_broker.allow_network"]:
        if values.get("broker.mode") == "builtin":
            problems["builtin_broker.allow_network"] = _tr("Other devices need your consent.")
        return problems
    try:
        ipaddress.ip_address(host.strip())
    except ValueError:
        problems["builtin_broker.host"] = _tr("Enter an address of this computer, or 0.0.0.0.")
    if not usable_username(str(values["builtin_broker.username"] or "")):
        problems["builtin_broker.username"] = _tr("Enter one word without a colon.")
    if 0 < len(values["builtin_broker.password"]) < LEAST_PASSWORD_LENGTH:
        least = _tr("Enter at least {least} characters.")
        problems["builtin_broker.password"] = least.format(least=LEAST_PASSWORD_LENGTH)
    return problems


def _check_alerts(values: Mapping[str, Any]) -> dict[str, str]:
    problems = {}
    if bool(values.get("alerts.quiet_from")) is not bool(values.get("alerts.quiet_to")):
        missing = "to" if values.get("alerts.quiet_from") else "from"
        problems[f"alerts.quiet_{missing}"] = _tr("Quiet hours need a beginning and an end.")
    if values.get("alerts.email_to") and not values.get("alerts.smtp_host"):
        problems["alerts.smtp_host"] = _tr("Enter the server that takes the e-mails.")
    return problems


def _check_apis(values: Mapping[str, Any]) -> dict[str, str]:
    problems = {}
    if "api.url" in values and not values["api.url"]:
        if values["api.forward"]:
            problems["api.url"] = _tr("Enter the address that readings are sent to.")
        if values["api.mode"] == "api_only":
            problems["api.url"] = _tr("Without an address no reading would come in.")
    far = is_beyond_loopback(values.get("local_api.host"))
    if values.get("local_api.enabled") and far and not values["local_api.allow_network"]:
        problems["local_api.allow_network"] = _tr("Other computers need your consent.")
    return problems


def is_beyond_loopback(host: object) -> bool:
    """Whether other computers could connect to this address of ours."""
    # Around what is typed, spaces are not kept.
    return not is_loopback(str(host or "").strip())


def expectation(spec: FieldSpec) -> str:
    """What a setting accepts, as an instruction."""
    if spec.kind in ("int", "float"):
        return _number_expectation(spec)
    if spec.minimum and spec.maximum:
        return _tr("Enter {least} to {most} characters.").format(
            least=int(spec.minimum), most=int(spec.maximum)
        )
    if spec.maximum:
        return _tr("Enter at most {most} characters.").format(most=int(spec.maximum))
    return _tr("This must not be empty.")


def _number_expectation(spec: FieldSpec) -> str:
    whole = spec.kind == "int"
    if whole and spec.minimum is not None and spec.maximum is None:
        return _tr("Enter a whole number from {least} on.").format(least=int(spec.minimum))
    if spec.minimum is None or spec.maximum is None:
        return _tr("Enter a whole number.") if whole else _tr("Enter a number.")
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    text = (
        _tr("Enter a whole number from {least} to {most}.")
        if whole
        else _tr("Enter a number from {least} to {most}.")
    )
    return text.format(
        least=locale.toString(float(spec.minimum), "g", 6),
        most=locale.toString(float(spec.maximum), "g", 6),
    )


def check_host(value: str) -> str | None:
    """A name or an address alone: no scheme, no port, no path."""
    if "://" in value:
        return _tr("Enter only the name or address, without mqtt:// or the like.")
    if any(char.isspace() or char in "/?#@" for char in value):
        return _tr("A host name has no spaces and no path.")
    if value.count(":") == 1:
        return _tr("Enter the port in its own field.")
    return None


def check_topic_filters(value: tuple[str, ...]) -> str | None:
    """MQTT 5, section 4.7.1: wildcards stand alone in their level, # only at the end."""
    for topic in value:
        levels = topic.split("/")
        if _unfit_topic(topic):
            return _tr('"{topic}" is too long or has an unusable character.').format(
                topic=topic[:60]
            )
        if any("#" in level and level != "#" for level in levels) or "#" in levels[:-1]:
            return _tr('"{topic}": # must stand alone at the end.').format(topic=topic[:60])
        if any("+" in level and level != "+" for level in levels):
            return _tr('"{topic}": + must stand alone between two slashes.').format(
                topic=topic[:60]
            )
    return None


def check_topic_name(value: str) -> str | None:
    """A topic to publish to names one place, so it has no wildcard."""
    if "+" in value or "#" in value:
        return _tr("A topic to publish to has no + and no #.")
    return _tr("This is no usable topic.") if _unfit_topic(value) else None


def check_device_id(value: str) -> str | None:
    """An id that nothing disguises: every Harit refuses others."""
    if value and not (value.isprintable() and value.strip()):
        return _tr("The id has an invisible or control character.")
    return None


def check_time_zone(value: str) -> str | None:
    """The word "system" or a name of the IANA database."""
    if value == "system":
        return None
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return _tr('No such time zone. Enter "system" or a name such as Asia/Kolkata.')
    return None


def check_path(value: str) -> str | None:
    """The path of a WebSocket address."""
    return None if value.startswith("/") else _tr("The path begins with a slash.")


def check_server_host(value: str) -> str | None:
    """As `check_host`; an empty one is only wrong where the server is in use."""
    return check_host(value) if value else None


def check_api_url(value: str) -> str | None:
    """An address that the API's client takes; empty for no API."""
    if not value:
        return None
    try:
        parse_api_url(value)
    except KnownError as error:
        if error.code == "api.not_private":
            return _tr("http is only for the local network; use https for {host}.").format(
                host=str(error.params.get("host", ""))[:60]
            )
        return _url_mistake(str(error.params.get("why", "")))
    return None


def _url_mistake(why: str) -> str:
    texts = {
        "scheme": _tr("The address begins with https:// or http://."),
        "host": _tr("The address lacks a usable name of a computer."),
        "credentials": _tr("No user name or password in the address; a key has its own field."),
        "query": _tr("The address must not have a question mark or # in it."),
        "port": _tr("The port is a number from 1 to 65535."),
    }
    return texts.get(why, _tr("Enter an address such as https://farm.example:5000."))


def check_origins(value: tuple[str, ...]) -> str | None:
    """Web origins (scheme, host, port), as a browser names the page that asks."""
    for origin in value:
        try:
            parts = urllib.parse.urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            fits = parts.scheme in ("http", "https") and parts.hostname and "@" not in origin
            usable = bool(fits) and parts.port != 0 and whole.lower() == origin.lower()
        except ValueError:
            usable = False
        if not usable:
            return _tr('"{origin}" is no web origin such as http://localhost:8080.').format(
                origin=origin[:60]
            )
    return None


def check_database(value: str) -> str | None:
    """A name that MySQL takes: at most 64 characters, no path and nothing invisible."""
    if len(value) > _MAX_DATABASE_CHARS or any(char in "/\\." for char in value):
        return _tr("A database name has at most 64 characters, no slash and no dot.")
    return None if value.isprintable() else _tr("The name has an unusable character.")


def check_folder(value: str) -> str | None:
    """A folder by its whole path: what a relative one means changes with every start."""
    if value and not Path(value).expanduser().is_absolute():
        return _tr("Enter the whole path of the folder.")
    return None


def check_bulk_density(value: float) -> str | None:
    """0 for the usual one, or what a soil can have: peat has 0.2 and packed sand 1.9 g/cm³."""
    if value == 0 or LEAST_BULK_DENSITY <= value <= MOST_BULK_DENSITY:
        return None
    return _tr("Enter 0, or a density from {least} to {most} g/cm³.").format(
        least=number(LEAST_BULK_DENSITY, 1), most=number(MOST_BULK_DENSITY, 1)
    )


def check_clock(value: str) -> str | None:
    """A time of day by the local clock, or nothing."""
    if re.fullmatch(r"|([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return None
    return _tr("Enter hours and minutes, such as 22:00.")


def check_webhook(value: str) -> str | None:
    """An address that alerts may be sent to."""
    if not value.strip():
        return None
    try:
        parse_webhook_url(value)
    except KnownError as error:
        return problem_text(error.problem).headline
    return None


def check_recipients(value: str) -> str | None:
    """E-mail addresses with commas between them."""
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if all(re.fullmatch(r"[^@\s]+@[^@\s]+", part) for part in parts):
        return None
    return _tr("Enter an e-mail address; several with commas.")


def _unfit_topic(topic: str) -> bool:
    return "\0" in topic or len(topic.encode("utf-8", "replace")) > _MAX_TOPIC_BYTES


_RULES: dict[str, Callable[[Any], str | None]] = {
    "alerts.quiet_from": check_clock,
    "alerts.quiet_to": check_clock,
    "alerts.email_to": check_recipients,
    "alerts.email_from": check_recipients,
    "alerts.webhook_url": check_webhook,
    "analysis.bulk_density": check_bulk_density,
    "api.url": check_api_url,
    "broker.host": check_host,
    "broker.topics": check_topic_filters,
    "broker.timezone": check_time_zone,
    "broker.ws_path": check_path,
    "local_api.host": check_host,
    "local_api.origins": check_origins,
    "publisher.topic": check_topic_name,
    "routing.topics": check_topic_filters,
    "storage.mysql_host": check_server_host,
    "storage.mysql_database": check_database,
    "storage.backup_dir": check_folder,
    "publisher.publisher_id": check_device_id,
}
