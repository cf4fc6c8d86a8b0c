"""Words for what goes wrong with broker profiles, their files and certificates."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_KEPT = QT_TRANSLATE_NOOP("Problems", "Nothing was changed.")
_CHOOSE_FILE = QT_TRANSLATE_NOOP("Problems", "Choose another file, or ask the broker's owner.")
_CA, _CERT, _KEY = "broker.ca_file", "broker.cert_file", "broker.key_file"


def _warns(headline: str, advice: str) -> Entry:
    return Entry("warn", headline, _KEPT, advice, ("dismiss",))


PROFILE_ENTRIES: dict[str, Entry] = {
    "broker_profile.not_found": _warns(
        QT_TRANSLATE_NOOP("Problems", 'The broker profile "{name}" is not there any more.'),
        QT_TRANSLATE_NOOP("Problems", "Choose another one."),
    ),
    "broker_profile.unreadable": _warns(
        QT_TRANSLATE_NOOP("Problems", "{file} is no usable broker profile: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "Choose a file that Export made."),
    ),
    "broker_profile.bad_name": _warns(
        QT_TRANSLATE_NOOP("Problems", "This name cannot be used."),
        QT_TRANSLATE_NOOP("Problems", "Enter 1 to 60 visible characters."),
    ),
    "broker_profile.name_taken": _warns(
        QT_TRANSLATE_NOOP("Problems", 'There is a profile "{name}" already.'),
        QT_TRANSLATE_NOOP("Problems", "Enter another name."),
    ),
    "broker_profile.in_use": _warns(
        QT_TRANSLATE_NOOP("Problems", "The profile in use cannot be deleted."),
        QT_TRANSLATE_NOOP("Problems", "Connect to another broker first."),
    ),
    f"broker_profile.bad_file:{_CA}": _warns(
        QT_TRANSLATE_NOOP("Problems", "{file} cannot be used as CA certificate: {reason}."),
        _CHOOSE_FILE,
    ),
    f"broker_profile.bad_file:{_CERT}": _warns(
        QT_TRANSLATE_NOOP("Problems", "{file} cannot be used as client certificate: {reason}."),
        _CHOOSE_FILE,
    ),
    f"broker_profile.bad_file:{_KEY}": _warns(
        QT_TRANSLATE_NOOP("Problems", "{file} cannot be used as private key: {reason}."),
        _CHOOSE_FILE,
    ),
    "broker_profile.bad_file": _warns(
        QT_TRANSLATE_NOOP("Problems", "{file} cannot be used: {reason}."), _CHOOSE_FILE
    ),
    "broker_profile.not_saved": _warns(
        QT_TRANSLATE_NOOP("Problems", "The broker profile could not be saved: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "Check the disk and your rights to {path}."),
    ),
}
