"""`/v1/realtime`: who may talk, one at a time."""

from __future__ import annotations

from starlette.websockets import WebSocket

from assistant.config.schema import Config
from assistant.personas.loading import LoadedPersonas
from assistant.serving.api.engine import SpeechService
from assistant.serving.conversations import Prepare
from assistant.serving.realtime.connection import RealtimeConnection
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.responses import Items, Send
from assistant.serving.realtime.settings import SessionSettings

_CLIENTS_BUSINESS = ("mute", "set_volume", "set_speech_rate")
"""Tools that have no effect on what the client hears, or would leave it deaf."""


class RealtimeEndpoint:
    """One conversation at a time, as each has models of its own; who only has something said beside
    one needs none."""

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
        self._talking: RealtimeConnection | None = None

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        connection = self._connection(socket)
        try:
            await connection.run()
        finally:
            if self._talking is connection:
                self._talking = None

    def _connection(self, socket: WebSocket) -> RealtimeConnection:
        settings = SessionSettings(voice=self._config.session.persona)
        if socket.query_params.get("intent") == "transcription":
            settings = SessionSettings(settings.voice, kind="transcription")
        return RealtimeConnection(
            socket, self._service, self._personas, settings, self._make, self._begins
        )

    def _begins(self, connection: RealtimeConnection) -> bool:
        """Whether this one may have a conversation: nobody else has one."""
        if self._talking is None:
            self._talking = connection
        return self._talking is connection

    def _make(self, settings: SessionSettings, send: Send, items: Items) -> VoiceConversation:
        return VoiceConversation(
            session_config(self._config, settings, remember=self._remember),
            self._personas,
            settings,
            send,
            items,
            remember=self._remember,
            prepare=self._prepare,
        )


def session_config(config: Config, settings: SessionSettings, *, remember: bool) -> Config:
    """Of a session whose microphone and speaker are a client's."""
    config = config.model_copy(deep=True)
    if config.backend.name == "auto" or config.backend.name.startswith("moshi-"):
        config.backend.name = "cascade"
    config.backend.cascade.end_silence_ms = (
        settings.turns.silence_ms if settings.turns else config.backend.cascade.end_silence_ms
    )
    config.session.persona = settings.voice
    config.session.greeting = False
    config.session.notifications = False
    config.session.permissions = config.session.permissions | dict.fromkeys(
        _CLIENTS_BUSINESS, "never"
    )
    config.adapters = {}
    config.audio.mode = "open"
    config.audio.headset, config.audio.echo_guard = True, False
    config.audio.barge_in = False  # the client is told of the user's voice, and falls silent
    if not remember:
        config.session.save = False
    return config
