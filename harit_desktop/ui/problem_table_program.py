"""Words for what goes wrong with store, files, settings and the program itself."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_WAITING_READINGS = QT_TRANSLATE_NOOP(
    "Problems", "New readings wait with the broker and in memory; none is confirmed unstored."
)

_STORE: dict[str, Entry] = {
    "store.full": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The disk is full."),
        QT_TRANSLATE_NOOP(
            "Problems", "New readings wait with the broker; recording resumes by itself."
        ),
        QT_TRANSLATE_NOOP("Problems", "Free 200 MB on the disk of the data folder."),
        ("storage_settings",),
    ),
    "store.locked": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Another program holds the database."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Close the program that has harit.db open."),
        ("storage_settings",),
    ),
    "store.read_only": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database cannot be written to."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("storage_settings",),
    ),
    "store.failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database reported an error."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Copy the details and keep the data folder as it is."),
        ("storage_settings",),
    ),
    "store.damaged": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database was damaged."),
        QT_TRANSLATE_NOOP(
            "Problems", "It is kept as {kept_as}; recording goes on in a new database."
        ),
        QT_TRANSLATE_NOOP("Problems", "Copy that file to a safe place; much of it can be saved."),
        ("dismiss",),
    ),
    "store.was_empty": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The database was gone or empty at the start."),
        QT_TRANSLATE_NOOP("Problems", "A new one was begun; what was left of the old one is kept."),
        QT_TRANSLATE_NOOP("Problems", "Look for harit.db in your backups if readings are missing."),
        ("dismiss",),
    ),
    "store.replaced": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The database was deleted or replaced while in use."),
        QT_TRANSLATE_NOOP("Problems", "Recording goes on in the file that is there now."),
        QT_TRANSLATE_NOOP("Problems", "Leave harit.db alone while the program runs."),
        ("dismiss",),
    ),
    "store.foreign": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The file harit.db belongs to another program."),
        QT_TRANSLATE_NOOP("Problems", "It is left as it is, and nothing is recorded."),
        QT_TRANSLATE_NOOP("Problems", "Move it away from the data folder."),
        ("storage_settings",),
    ),
    "store.newer_version": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "A newer Harit Desktop made this database."),
        QT_TRANSLATE_NOOP("Problems", "It is left as it is, and nothing is recorded."),
        QT_TRANSLATE_NOOP("Problems", "Install the newer program again."),
    ),
    "store.no_wal": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The data folder is on a drive that slows the database."),
        QT_TRANSLATE_NOOP("Problems", "Everything is recorded, but reading and writing wait."),
        QT_TRANSLATE_NOOP("Problems", "Use a folder on a disk of this computer."),
        ("dismiss",),
    ),
    "csv_mirror.not_written": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The CSV file could not be written: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The database has every reading; only the CSV file lags."),
        QT_TRANSLATE_NOOP("Problems", "Close the file in other programs."),
        ("storage_settings",),
    ),
    "store.delete_failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The simulated data could not be deleted."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was changed."),
        QT_TRANSLATE_NOOP("Problems", "Try it again."),
        ("dismiss",),
    ),
}

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
        QT_TRANSLATE_NOOP("Problems", "They are in Messages, not in the charts."),
        QT_TRANSLATE_NOOP("Problems", "Check the device's firmware and the topics."),
        ("show_messages", "dismiss"),
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

PROGRAM_ENTRIES: dict[str, Entry] = {**_STORE, **_EXPORT, **_PROGRAM}
