"""Words for what goes wrong with exports, settings and the program itself."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_NOTHING_CHANGED = QT_TRANSLATE_NOOP("Problems", "Nothing was changed.")

_EXPORT: dict[str, Entry] = {
    "export.no_folder": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "There is no such folder: {path}."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Choose another folder."),
    ),
    "export.not_a_file": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "{path} cannot be replaced by an export."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Choose another name."),
    ),
    "export.permission": Entry(
        "crit",
        QT_TRANSLATE_NOOP(
            "Problems", "{path} may not be written to, or another program has it open."
        ),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Close it there, or choose another name."),
    ),
    "export.disk_full": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The disk is full."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Free some space, or choose another disk."),
    ),
    "export.own_file": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "This file belongs to the program itself: {path}."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Choose another name."),
    ),
    "export.failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The file could not be written: {reason}."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Try again, or choose another name."),
    ),
}

_PROGRAM: dict[str, Entry] = {
    "payload.bad": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Messages that could not be read: {count}."),
        QT_TRANSLATE_NOOP("Problems", "Each is kept with its reason; none is in the charts."),
        QT_TRANSLATE_NOOP("Problems", "Check the device's firmware and the topics."),
        ("show_messages", "dismiss"),
    ),
    "payload.unmapped": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "Messages that are not mapped yet: {count}."),
        QT_TRANSLATE_NOOP("Problems", "They are sound and kept; nobody has said what they mean."),
        QT_TRANSLATE_NOOP("Problems", "Say it once, and those that wait become readings too."),
        ("map", "show_messages", "dismiss"),
    ),
    "publisher.failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The publisher stopped because of a program fault."),
        QT_TRANSLATE_NOOP("Problems", "Receiving and recording go on."),
        QT_TRANSLATE_NOOP("Problems", "Start it again; if it stays so, send us the log file."),
        ("dismiss",),
    ),
    "profile.not_found": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", 'There is no crop profile "{profile}".'),
        QT_TRANSLATE_NOOP("Problems", "The profile before stays in force."),
        QT_TRANSLATE_NOOP("Problems", "Choose another one."),
        ("dismiss",),
    ),
    "devices.unusable": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "What was entered about the devices could not be used."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "Readings are stored, and judged without names, zones and calibrations.",
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "Restore a backup; readings judged meanwhile can be judged again."
        ),
        ("restore", "dismiss"),
    ),
    "settings.no_settings": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{path} is no file of settings."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was changed."),
        QT_TRANSLATE_NOOP("Problems", "Choose one that Export settings made."),
        ("dismiss",),
    ),
    "settings.damaged": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The settings file could not be read."),
        QT_TRANSLATE_NOOP("Problems", "The defaults are in use; the file is kept as {kept_as}."),
        "",
        ("dismiss",),
    ),
    "settings.unreadable": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The settings file cannot be opened: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The defaults are in use; the file is left as it is."),
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("dismiss",),
    ),
    "inbox.full": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "More messages came than could be stored in time."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "{count} were left out: the broker sends those of QoS 1 again, others are lost.",
        ),
        QT_TRANSLATE_NOOP("Problems", "Let the sensors publish at QoS 1."),
        ("dismiss",),
    ),
    "follower.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "A part of the window missed some readings."),
        QT_TRANSLATE_NOOP("Problems", "All of them are stored."),
        QT_TRANSLATE_NOOP("Problems", "Start the program again to see them."),
        ("dismiss",),
    ),
    "settings.bad_value": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", 'The setting {key} has an unusable value: "{value}".'),
        QT_TRANSLATE_NOOP("Problems", "Its default is in use."),
        "",
        ("dismiss",),
    ),
    "settings.unknown_key": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "The settings file has an unknown entry: {key}."),
        QT_TRANSLATE_NOOP("Problems", "It is kept, and has no effect."),
        "",
        ("dismiss",),
    ),
    "settings.not_saved": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The settings could not be saved: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The old settings stay in force."),
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("dismiss",),
    ),
    "secrets.session_only": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "This computer has no keyring for the password."),
        QT_TRANSLATE_NOOP("Problems", "It is kept in memory until the program ends."),
        "",
        ("dismiss",),
    ),
    "secrets.keyring": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The system keyring did not give the password."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Unlock it, or enter the password again."),
        ("broker_settings",),
    ),
    "worker.crashed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "A part of the program failed and was started again."),
        QT_TRANSLATE_NOOP("Problems", "Nothing confirmed is lost."),
        QT_TRANSLATE_NOOP("Problems", "If it happens again, send us the log file."),
        ("dismiss",),
    ),
    "worker.down": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "A part of the program failed again and again."),
        QT_TRANSLATE_NOOP("Problems", "It stays off; readings wait with the broker."),
        QT_TRANSLATE_NOOP("Problems", "Start the program anew, and send us the log file."),
        (),
    ),
    "command.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "What you asked for failed because of a program fault."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Try again; if it stays so, send us the log file."),
        ("dismiss",),
    ),
    "query.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Stored data could not be read."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Try again; if it stays so, send us the log file."),
        ("dismiss",),
    ),
    "timezone.unknown": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The sensor time zone is not known on this computer."),
        QT_TRANSLATE_NOOP("Problems", "The settings before stay in force."),
        QT_TRANSLATE_NOOP("Problems", "Choose another one."),
        ("broker_settings",),
    ),
} | dict.fromkeys(
    ("profile.not_toml", "profile.unknown_key", "profile.invalid"),
    Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The crop profile {file} cannot be used."),
        QT_TRANSLATE_NOOP("Problems", "The profile before stays in force."),
        QT_TRANSLATE_NOOP("Problems", "Details say what to mend in it."),
        ("dismiss",),
    ),
)

PROGRAM_ENTRIES: dict[str, Entry] = {**_EXPORT, **_PROGRAM}
