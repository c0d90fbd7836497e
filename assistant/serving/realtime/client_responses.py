"""Responses that the client asks for, and takes back."""

from __future__ import annotations

from collections.abc import Callable

from assistant.personas.loading import Persona
from assistant.serving.conversations import MOST_CHARACTERS
from assistant.serving.realtime.client_items import ClientItems
from assistant.serving.realtime.committed import CommittedSound
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.out_of_band import OutOfBandResponses
from assistant.serving.realtime.protocol import EventError, Json, event_id_of
from assistant.serving.realtime.response_requests import ResponseRequest, response_request
from assistant.serving.realtime.responses import Items, Send
from assistant.serving.realtime.settings import SessionSettings


class ClientResponses:
    """All public methods take an event of the client's, and raise `EventError` for what cannot
    be."""

    def __init__(
        self,
        items: Items,
        client_items: ClientItems,
        committed: CommittedSound,
        out_of_band: OutOfBandResponses,
        send: Send,
        *,
        talk: Callable[[], VoiceConversation],
        settings: Callable[[], SessionSettings],
        voice: Callable[[], Persona],
    ) -> None:
        """`talk` gives the conversation, begun where it was not; `voice` who speaks, in it or
        without it."""
        self._items = items
        self._client_items = client_items
        self._committed = committed
        self._out_of_band = out_of_band
        self._send = send
        self._talk = talk
        self._settings = settings
        self._voice = voice

    def create(self, event: Json) -> None:
        if self._settings().kind == "transcription":
            raise EventError("a transcription session answers nothing", code="no_responses")
        request = response_request(event)
        if request.out_of_band:
            self._create_out_of_band(request, event_id_of(event))
            return
        talk = self._talk()
        if talk.responses.active is not None:
            raise EventError(
                "an answer is being made already",
                code="conversation_already_has_active_response",
            )
        if talk.calls.has_outputs:
            talk.hold_once(request.tools, request.instructions)
            talk.responses.metadata = request.metadata
            talk.calls.answer()
        else:
            self._committed.when_written(lambda: self._answer(talk, request))

    def cancel(self, event: Json) -> None:
        named = event.get("response_id")
        if isinstance(named, str) and self._out_of_band.cancel(named):
            return
        talk = self._talk()
        if talk.responses.active is None and not talk.calls.waiting:
            raise EventError("no answer is being made", code="response_cancel_not_active")
        talk.interrupt("client_cancelled")

    def clear_output(self, event: Json) -> None:
        self._talk().interrupt("client_cancelled")
        self._send({"type": "output_audio_buffer.cleared"})

    def _answer(self, talk: VoiceConversation, request: ResponseRequest) -> None:
        said, instructions = self._client_items.take_unanswered(), request.instructions
        if not said.strip():
            said, instructions = instructions or "", None  # they are all that there is
        try:
            if not said.strip():
                raise EventError("there is nothing to answer", code="nothing_to_answer")
            talk.hold_once(request.tools, instructions)
        except EventError as error:
            self._send(error.event(None))
            return
        talk.responses.metadata = request.metadata
        talk.answer(said[:MOST_CHARACTERS])

    def _create_out_of_band(self, request: ResponseRequest, event_id: str | None) -> None:
        if self._out_of_band.say(request, self._settings(), self._voice()):
            return
        talk = self._talk()

        def answer() -> None:
            settings, brain = self._settings(), talk.session.brain
            try:
                self._out_of_band.answer(request, self._items, settings, self._voice(), brain)
            except EventError as error:
                self._send(error.event(event_id))

        talk.when_started(answer)
