"""`/v1/realtime`: who may talk, one at a time."""

from __future__ import annotations

import json

from starlette.websockets import WebSocket

from assistant.config.schema import Config
from assistant.personas.loading import LoadedPersonas
from assistant.serving.api.engine import SpeechService
from assistant.serving.connection_limits import WaitingLine
from assistant.serving.conversations import Prepare
from assistant.serving.realtime.connection import RealtimeConnection
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.protocol import EventError, new_id
from assistant.serving.realtime.responses import Items, Send
from assistant.serving.realtime.settings import SessionSettings


class RealtimeEndpoint:
    """One conversation at a time: each has models of its own."""

    def __init__(
        self,
        service: SpeechService,
        personas: LoadedPersonas,
        config: Config,
        *,
        remember: bool = False,
        prepare: Prepare = lambda dependencies: None,
    ) -> None:
        self._service = service
        self._personas = personas
        self._config = config
        self._remember = remember
        self._prepare = prepare
        self._line = WaitingLine(0)

    async def serve(self, socket: WebSocket) -> None:
        place = self._line.join()
        await socket.accept()
        if place is None:
            busy = EventError(
                "another conversation is under way; try again when it is over",
                code="rate_limit_exceeded",
                kind="rate_limit_error",
            )
            await socket.send_text(json.dumps(busy.event(None) | {"event_id": new_id("event")}))
            await socket.close(1013, "another conversation is under way")
            return
        try:
            await self._connection(socket).run()
        finally:
            self._line.leave(place)

    def _connection(self, socket: WebSocket) -> RealtimeConnection:
        settings = SessionSettings(voice=self._config.session.persona)
        if socket.query_params.get("intent") == "transcription":
            settings = SessionSettings(settings.voice, kind="transcription")
        return RealtimeConnection(socket, self._service, self._personas, settings, self._make)

    def _make(self, settings: SessionSettings, send: Send, items: Items) -> VoiceConversation:
        return VoiceConversation(
            self._config,
            self._personas,
            settings,
            send,
            items,
            remember=self._remember,
            prepare=self._prepare,
        )
