"""Words for what goes wrong with the templates of unknown devices."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_NOT_USED = QT_TRANSLATE_NOOP(
    "Problems", "It is not used; messages that need it stay unknown and are kept."
)
_CORRECT_IT = QT_TRANSLATE_NOOP("Problems", "Correct the file, or map the device again.")


def _invalid(headline: str) -> Entry:
    return Entry("warn", headline, _NOT_USED, _CORRECT_IT, ("dismiss",))


TEMPLATE_ENTRIES: dict[str, Entry] = {
    "template.invalid": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} is not valid (line {line}).")
    ),
    "template.invalid:not_toml": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} is no TOML (line {line}).")
    ),
    "template.invalid:unknown_key": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'The template {file} has an unknown key "{key}" in line {line}.',
        )
    ),
    "template.invalid:wrong_kind": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, "{key}" in line {line} is of the wrong kind.',
        )
    ),
    "template.invalid:too_large": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} is far too large.")
    ),
    "template.invalid:bad_name": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} has no usable name (line {line}).")
    ),
    "template.invalid:bad_topic": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: "{value}" is no topic filter.',
        )
    ),
    "template.invalid:bad_device": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: "{value}" names no device.',
        )
    ),
    "template.invalid:bad_path": _invalid(
        QT_TRANSLATE_NOOP("Problems", 'In the template {file}, line {line}: "{value}" is no path.')
    ),
    "template.invalid:bad_target": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: there is no channel "{value}".',
        )
    ),
    "template.invalid:bad_unit": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: "{value}" is no unit of this channel.',
        )
    ),
    "template.invalid:bad_number": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: "{key}" is no usable number.',
        )
    ),
    "template.invalid:twice": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'The template {file} gives "{value}" more than once (line {line}).',
        )
    ),
    "template.invalid:no_channel": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} gives no channel, or far too many.")
    ),
    "template.invalid:too_many": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'In the template {file}, line {line}: "{key}" has too many entries.',
        )
    ),
    "template.invalid:no_sample": _invalid(
        QT_TRANSLATE_NOOP("Problems", "The template {file} has no sample to be tested with.")
    ),
    "template.invalid:sample_unreadable": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            "The sample of the template {file} cannot be read (line {line}).",
        )
    ),
    "template.invalid:sample_nothing": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            "The template {file} makes nothing of its own sample (line {line}).",
        )
    ),
    "template.invalid:sample_differs": _invalid(
        QT_TRANSLATE_NOOP(
            "Problems",
            'The sample of the template {file} gives "{value}" for "{key}", not '
            "what line {line} expects.",
        )
    ),
    "template.unreadable": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The template {file} could not be read: {reason}."),
        _NOT_USED,
        QT_TRANSLATE_NOOP("Problems", "Look at the file, or map the device again."),
        ("dismiss",),
    ),
    "template.not_saved": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The template {file} could not be saved: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was changed; the messages are kept."),
        QT_TRANSLATE_NOOP("Problems", "Free some space, or check the data folder."),
        ("dismiss",),
    ),
    "template.not_removed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The template {file} could not be removed: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "It stays in use."),
        QT_TRANSLATE_NOOP("Problems", "Remove the file from the data folder by hand."),
        ("dismiss",),
    ),
}
