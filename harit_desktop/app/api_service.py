"""What our own API answers, out of the store and through the pipeline."""

from __future__ import annotations

from collections.abc import Callable

from harit_desktop.app.clock import now_us
from harit_desktop.domain.api import POLLED_TOPIC, POSTED_TOPIC, Answer, ApiReading
from harit_desktop.domain.message import Origin, Outcome, RawMessage
from harit_desktop.pipeline.answers import Answers
from harit_desktop.runtime.store_parts import HistoryPart
from harit_desktop.transport.local_api_answers import ApiAnswer, later, refusal
from harit_desktop.wire.api_json import (
    ApiFault,
    PostedReading,
    encode_analysis,
    encode_history,
    encode_stats,
    read_post,
)

COMMIT_WITHIN_S = 5.0


class StoreService:
    """`transport.local_api_app.ApiService`, from any thread.

    `mode` is the word for the store in the answers; times are in `zone`.
    """

    def __init__(
        self,
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
        history: Callable[[], HistoryPart],
        *,
        mode: str,
        zone: str,
    ) -> None:
        self._deliver = deliver
        self._answers = answers
        self._history = history
        self._mode = mode
        self._zone = zone

    def post(self, body: bytes) -> ApiAnswer:
        """Through the inbox and the pipeline like every message; answered after the commit."""
        try:
            posted = read_post(body)
        except ApiFault as fault:
            return refusal(fault.status, fault.error, fault.extra)
        ticket = self._answers.expect()
        message = RawMessage(
            # What another Harit sends on is like a row of its history: it may be here already
            # by another way, and is not sent on again.
            topic=POLLED_TOPIC if posted.relayed else POSTED_TOPIC,
            payload=posted.payload,
            received_us=now_us(),
            origin=Origin.API,
            ticket=ticket,
        )
        if not self._deliver(message):
            self._answers.forget(ticket)
            return later("Too many readings wait, this one was not taken")
        answer = self._answers.wait(ticket, COMMIT_WITHIN_S)
        if answer is None:
            return later("Not stored yet; the reading may be stored all the same")
        return self._settled(posted, answer)

    def give_up(self) -> None:
        """Those who wait hear at once that their reading may be stored all the same."""
        self._answers.give_up()

    def _settled(self, posted: PostedReading, answer: Answer) -> ApiAnswer:
        if answer.analysis is None or answer.outcome is Outcome.REJECTED:
            reason = answer.problem.code if answer.problem is not None else answer.outcome.value
            return refusal(400, f"Invalid data type: {reason}")
        reading = ApiReading(
            posted.publisher_id or "", answer.timestamp_us, posted.values, answer.analysis
        )
        stored = answer.outcome is Outcome.STORED
        return ApiAnswer(200, encode_analysis(reading, self._zone), stored=stored)

    def latest(self) -> bytes | None:
        reading = self._history().api_latest()
        return None if reading is None else encode_analysis(reading, self._zone, self._mode)

    def history(self, limit: int) -> bytes:
        return encode_history(self._history().api_history(limit), self._mode, self._zone)

    def stats(self) -> bytes:
        return encode_stats(self._history().api_stats(), self._mode)
