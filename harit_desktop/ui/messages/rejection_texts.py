"""Why a message is not a reading, as the short clause behind "Rejected:"."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.errors import Problem
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import size_text

_CONTEXT = "Rejections"

# By the reason code, then `code:why` for those that say more.
TEXTS: dict[str, str] = {
    "too_large": QT_TRANSLATE_NOOP("Rejections", "larger than {limit_bytes}"),
    "not_utf8": QT_TRANSLATE_NOOP("Rejections", "not UTF-8 text (byte {byte})"),
    "not_json": QT_TRANSLATE_NOOP("Rejections", "not JSON (byte {byte})"),
    "not_json:token": QT_TRANSLATE_NOOP("Rejections", "not JSON: {token} is no JSON value"),
    "not_object": QT_TRANSLATE_NOOP("Rejections", "not a JSON object but {kind}"),
    "too_deep": QT_TRANSLATE_NOOP("Rejections", "nested deeper than {limit} levels"),
    "duplicate_keys": QT_TRANSLATE_NOOP("Rejections", 'the key "{key}" stands twice'),
    "not_mapped": QT_TRANSLATE_NOOP("Rejections", "no known channel; use Listen and map"),
    "not_mapped:no_object": QT_TRANSLATE_NOOP(
        "Rejections", "no format knows it; use Listen and map"
    ),
    "not_mapped:no_channel": QT_TRANSLATE_NOOP(
        "Rejections", "no known channel; use Listen and map"
    ),
    "not_mapped:all_null": QT_TRANSLATE_NOOP("Rejections", "every channel is empty"),
    "not_mapped:undecoded_uplink": QT_TRANSLATE_NOOP(
        "Rejections",
        "the network server does not decode this uplink; "
        "add a codec to the device profile ({family})",
    ),
    "not_mapped:no_measurement": QT_TRANSLATE_NOOP(
        "Rejections", "a message of {family} without a measurement"
    ),
    "not_mapped:ambiguous": QT_TRANSLATE_NOOP(
        "Rejections", "one quantity twice, with different values ({family})"
    ),
    "not_mapped:too_many": QT_TRANSLATE_NOOP(
        "Rejections", "too many devices in one message ({family})"
    ),
    "bad_value": QT_TRANSLATE_NOOP("Rejections", '{channel} has an unusable value "{value}"'),
    "bad_value:nan": QT_TRANSLATE_NOOP("Rejections", "{channel} is not a number (NaN)"),
    "bad_value:infinity": QT_TRANSLATE_NOOP("Rejections", "{channel} is infinite"),
    "bad_value:boolean": QT_TRANSLATE_NOOP("Rejections", "{channel} is {value}, not a number"),
    "bad_value:text": QT_TRANSLATE_NOOP("Rejections", '{channel} is the text "{value}"'),
    "bad_value:array": QT_TRANSLATE_NOOP("Rejections", "{channel} is a list, not a number"),
    "bad_value:object": QT_TRANSLATE_NOOP("Rejections", "{channel} is an object, not a number"),
    "bad_value:too_big": QT_TRANSLATE_NOOP("Rejections", "{channel} is {value}, far too big"),
    "bad_publisher_id": QT_TRANSLATE_NOOP("Rejections", "unusable publisher_id"),
    "bad_publisher_id:not_text": QT_TRANSLATE_NOOP("Rejections", "publisher_id is not a text"),
    "bad_publisher_id:empty": QT_TRANSLATE_NOOP("Rejections", "publisher_id is empty"),
    "bad_publisher_id:too_long": QT_TRANSLATE_NOOP(
        "Rejections", "publisher_id is longer than 64 characters"
    ),
    "bad_publisher_id:character": QT_TRANSLATE_NOOP(
        "Rejections", "publisher_id has an unusable character ({character})"
    ),
    "bad_message_id": QT_TRANSLATE_NOOP("Rejections", "unusable message_id"),
    "message_id_reused": QT_TRANSLATE_NOOP(
        "Rejections", 'the message_id "{message_id}" was used before, for another reading'
    ),
    "server.row_refused": QT_TRANSLATE_NOOP(
        "Rejections", "stored here, but the database server refused it ({reason})"
    ),
    "store.not_storable": QT_TRANSLATE_NOOP("Rejections", "the database cannot hold it"),
    "routing.left_out": QT_TRANSLATE_NOOP("Rejections", "left out by the rules of the settings"),
    "bad_timestamp": QT_TRANSLATE_NOOP("Rejections", 'unreadable timestamp "{value}"'),
    "bad_timestamp:not_text": QT_TRANSLATE_NOOP("Rejections", "timestamp is not a text"),
    "bad_timestamp:too_long": QT_TRANSLATE_NOOP("Rejections", "timestamp is too long"),
}


def rejection_text(problem: Problem) -> str:
    """The clause for a rejection; the code itself where this program does not know it."""
    why = str(problem.params.get("why", "token" if "token" in problem.params else ""))
    text = TEXTS.get(f"{problem.code}:{why}") or TEXTS.get(problem.code)
    if text is None:
        return printable(problem.code)
    params = {name: _shown(name, value) for name, value in problem.params.items()}
    translated = QCoreApplication.translate(_CONTEXT, text)
    try:
        return printable(translated.format(**params))
    except KeyError:
        # A line of an older version may lack a parameter.
        return printable(problem.code)


_FAMILIES = {
    "things_stack": "The Things Stack",
    "chirpstack": "ChirpStack",
    "sensecap": "SenseCAP",
    "zigbee2mqtt": "Zigbee2MQTT",
    "tasmota": "Tasmota",
    "theengs": "Theengs / OpenMQTTGateway",
    "miflora": "miflora-mqtt-daemon",
    "rtl433": "rtl_433",
    "ecowitt": "Ecowitt",
    "esphome": "ESPHome",
    "milesight": "Milesight",
    "dragino": "Dragino",
}


def family_name(family: str) -> str:
    """A family by the name that its maker gives it; the code itself where it has none."""
    return _FAMILIES.get(family, family)


def _shown(name: str, value: object) -> str:
    if name == "limit_bytes" and isinstance(value, int):
        return size_text(value)
    if name == "family":
        return printable(family_name(str(value)))
    return printable(str(value))
