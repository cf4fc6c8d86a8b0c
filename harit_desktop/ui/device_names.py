"""How a device is called: by the name its owner gave it, else by its id."""

from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.ui.problem_texts import printable


def record_of(book: DeviceBook, publisher_id: str) -> DeviceRecord:
    """What was entered for a device; an empty record where nothing was."""
    return book.records.get(publisher_id) or DeviceRecord(publisher_id)


def device_label(book: DeviceBook, publisher_id: str) -> str:
    """Name or id, as plain text of bounded length."""
    return printable(record_of(book, publisher_id).name or publisher_id)
