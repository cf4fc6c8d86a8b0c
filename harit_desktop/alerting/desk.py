"""What people do about alerts: acknowledge, mute, note, see."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from harit_desktop.alerting.book import AlertBook
from harit_desktop.alerting.teller import Teller
from harit_desktop.domain.alert import Alert, AlertChange, AlertState


class Desk:
    """Changes alerts as people say; ids that nobody knows change nothing."""

    def __init__(self, book: AlertBook, teller: Teller) -> None:
        self._book, self._teller = book, teller

    def missing(self, ids: Iterable[int]) -> list[int]:
        """Those of them that are in the store alone; `take_back` knows them again."""
        return [one for one in ids if self._book.get(one) is None]

    def take_back(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            self._book.take_back(alert)

    def let_go(self, ids: Iterable[int]) -> None:
        """Those of them that are over need not be known any more."""
        for alert in self._named(ids):
            self._book.let_go(alert)

    def acknowledge(self, ids: Iterable[int], person: str, now_us: int, note: str = "") -> None:
        """Somebody has seen them: no banner, sound or message any more, the colour stays.
        With a flood all that it stands for is acknowledged."""
        wanted = set(ids)
        members = {one.id for one in self._book.active() if one.flood_id in wanted}
        for alert in self._named(sorted(wanted | members)):
            if alert.acknowledged_us is None:
                kept = note or alert.note
                changed = replace(alert, acknowledged_us=now_us, acknowledged_by=person, note=kept)
                self._book.put(changed, AlertChange.ACKNOWLEDGED, now_us, person, note)

    def mute(self, alert_id: int, until_us: int, person: str, now_us: int) -> None:
        """No banner, sound or message for its rule and device until then, also not for the
        next alert of both; a time that is past ends that."""
        chosen = self._book.get(alert_id)
        if chosen is None:
            return
        self._teller.mute(chosen, until_us)
        pair = (chosen.rule_id, chosen.publisher_id)
        for alert in list(self._book):
            if (alert.rule_id, alert.publisher_id) == pair:
                changed = replace(alert, muted_until_us=until_us)
                if alert.id == alert_id:
                    self._book.put(changed, AlertChange.MUTED, now_us, person)
                else:
                    self._book.mark(changed)

    def add_note(self, alert_id: int, note: str, person: str, now_us: int) -> None:
        for alert in self._named([alert_id]):
            self._book.put(replace(alert, note=note), AlertChange.NOTED, now_us, person, note)

    def see(self, ids: Iterable[int], person: str, now_us: int) -> None:
        """Somebody has seen that they are over."""
        for alert in self._named(ids):
            if alert.state is AlertState.ENDED_NEW:
                self._book.put(replace(alert, seen_us=now_us), AlertChange.SEEN, now_us, person)

    def _named(self, ids: Iterable[int]) -> list[Alert]:
        found = (self._book.get(one) for one in ids)
        return [alert for alert in found if alert is not None]
