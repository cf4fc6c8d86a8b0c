"""The words of the mapping dialog for what the core says in codes."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.ui.messages.rejection_texts import family_name
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.words import channel_name, channel_value, number
from harit_desktop.wire.proposal_identity import DeviceChoice, TimeChoice
from harit_desktop.wire.proposals import Confidence, Row, Why
from harit_desktop.wire.template_spec import TemplateFault, TimeKind

_SHOWN = 48


def short(text: str, most: int = _SHOWN) -> str:
    """Text from outside for a narrow place."""
    line = printable(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def tail(text: str, most: int) -> str:
    """The end of a path, which says more than its beginning."""
    line = printable(text)
    return line if len(line) <= most else f"…{line[1 - most :]}"


def tool_tip(text: str) -> str:
    """Text from outside as a tool tip, which else guesses whether it is rich text."""
    return f"<qt>{escape(printable(text))}</qt>"


def target_name(key: str) -> str:
    """The name of a channel or extra."""
    tr = QCoreApplication.translate
    names = {
        "EC": tr("Mapping", "Conductivity"),
        "Salinity": tr("Mapping", "Salinity"),
        "Light": tr("Mapping", "Light"),
        "Temperature2": tr("Mapping", "Second temperature"),
        "AirTemperature": tr("Mapping", "Air temperature"),
        "AirHumidity": tr("Mapping", "Air humidity"),
        "MoistureRaw": tr("Mapping", "Moisture, raw"),
        "Battery": tr("Mapping", "Battery"),
        "BatteryVoltage": tr("Mapping", "Battery voltage"),
        "RSSI": tr("Mapping", "Signal strength"),
        "SNR": tr("Mapping", "Signal to noise"),
        "LinkQuality": tr("Mapping", "Link quality"),
        "Temperature": tr("Mapping", "Soil temperature"),
        "Moisture": tr("Mapping", "Soil moisture"),
        "pH": tr("Mapping", "Soil pH"),
    }
    return names.get(key) or channel_name(key)


def target_value(key: str, value: float) -> str:
    """A value of a channel or extra with its unit."""
    if key in CHANNEL_INDEX:
        return channel_value(key, value)
    extra = EXTRA_BY_KEY[key]
    shown = number(value, extra.precision)
    if not extra.unit:
        return shown
    return QCoreApplication.translate("Words", "{value} {unit}").format(
        value=shown, unit=extra.unit
    )


def out_of_range(key: str, value: float) -> bool:
    """Whether no probe can report this value of a channel."""
    index = CHANNEL_INDEX.get(key)
    if index is None:
        return False
    channel = CHANNELS[index]
    return not channel.sensor_min <= value <= channel.sensor_max


def family_text(family: str) -> str:
    """What kind of message it is, as a sentence."""
    tr = QCoreApplication.translate
    texts = {
        "json": tr("Mapping", "JSON of no format that this program knows."),
        "scalar": tr("Mapping", "A bare number: only the topic says what it is."),
        "text": tr("Mapping", "A bare word, no number: there is nothing to map."),
        "unreadable": tr("Mapping", "This message cannot be read."),
        "plain_json": tr("Mapping", "JSON with plain names."),
    }
    known = tr("Mapping", "It looks like {family}.").format(family=family_name(family))
    return texts.get(family) or known


def why_text(row: Row) -> str:
    """Why a value was proposed to be what it is, as a sentence; "" where there is nothing."""
    tr = QCoreApplication.translate
    texts = {
        Why.NAME: tr("Mapping", "Proposed because of its name."),
        Why.KNOWN_ID: tr("Mapping", "Proposed because the maker gives it this number."),
        Why.ABBREVIATION: tr("Mapping", "Its name can mean this; please check."),
        Why.SOIL: tr("Mapping", "Proposed because it stands among values of the soil."),
        Why.NO_OTHER: tr(
            "Mapping", "It does not say of what; there is no other temperature. Please check."
        ),
        Why.WITH_AIR: tr("Mapping", "It stands beside the humidity of the air. Please check."),
        Why.RANGE: tr("Mapping", "Unit or factor were guessed from the number. Please check."),
        Why.OUT_OF_RANGE: tr("Mapping", "The number lies outside what a probe can report."),
        Why.SENTINEL: tr(
            "Mapping", "This number says that no probe is attached; it will be ignored."
        ),
        Why.AIR_OR_SOIL: tr("Mapping", "Humidity of air or of soil? Only you can know."),
        Why.TAKEN: tr("Mapping", "Another value is more likely to be this."),
    }
    return texts.get(row.why, "")


def confidence_text(confidence: Confidence) -> str:
    """How sure a proposal is, as a word beside its sign."""
    tr = QCoreApplication.translate
    texts = {
        Confidence.HIGH: tr("Mapping", "sure"),
        Confidence.MEDIUM: tr("Mapping", "likely"),
        Confidence.LOW: tr("Mapping", "check"),
    }
    return texts.get(confidence, "")


def device_text(choice: DeviceChoice) -> str:
    """A choice of the device list, with what it gives here."""
    tr = QCoreApplication.translate
    example = short(choice.example, 32)
    if choice.pattern.startswith("{topic:"):
        level = choice.pattern[len("{topic:") : -1]
        text = tr("Mapping", "Topic, level {level}: {example}")
        return text.format(level=level, example=example)
    if choice.pattern.startswith("{payload:"):
        path = short(choice.pattern[len("{payload:") : -1], 32)
        return tr("Mapping", "{path}: {example}").format(path=path, example=example)
    return tr("Mapping", "Always the same text")


def time_text(choice: TimeChoice | None) -> str:
    """A choice of the time list."""
    tr = QCoreApplication.translate
    if choice is None:
        return tr("Mapping", "The time of arrival")
    kinds = {
        TimeKind.ISO: tr("Mapping", "{path}: {example}"),
        TimeKind.EPOCH_S: tr("Mapping", "{path}: {example} (seconds since 1970)"),
        TimeKind.EPOCH_MS: tr("Mapping", "{path}: {example} (milliseconds since 1970)"),
    }
    return kinds[choice.kind].format(path=short(choice.path, 32), example=short(choice.example, 32))


def fault_text(fault: TemplateFault) -> str:
    """What is missing or wrong in what the fields say."""
    tr = QCoreApplication.translate
    texts = {
        "bad_name": tr("Mapping", "▲ Give the template a name."),
        "bad_topic": tr("Mapping", "▲ This is not an MQTT topic or filter."),
        "bad_device": tr("Mapping", "▲ This cannot be the id of a device."),
        "no_channel": tr("Mapping", "▲ Say of at least one value what it is."),
        "twice": tr("Mapping", "▲ {name} is chosen more than once."),
        "sample_nothing": tr(
            "Mapping", "▲ With these choices this message gives no reading: check topic and device."
        ),
        "sample_unreadable": tr("Mapping", "▲ This message cannot be read."),
        "bad_path": tr("Mapping", "▲ A value here has a name that cannot be used."),
    }
    text = texts.get(fault.why) or tr("Mapping", "▲ These choices do not fit together.")
    return text.format(name=target_name(fault.value) if fault.why == "twice" else "")
