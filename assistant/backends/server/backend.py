"""`moshi-server`: a Moshi that runs somewhere else, as a backend of this machine.

Frames go out as Ogg/Opus, sound and words come back (`protocol`). What a foreign server cannot do,
this backend cannot either: it has no `say`, and becomes another persona only by beginning anew,
with the persona in the address, which PersonaPlex servers read and others leave alone. Our own
server (`assistant serve-moshi`) takes the persona, texts to say, contexts and interruptions.

The connection is made again whenever it is lost. Between the two, frames are dropped and counted;
the utterance that was cut off is ended, and the server begins a new conversation with the persona
of the old one.

Virtual clock: a server cannot be made to work faster than it does. `push` sends the frame and waits
(two seconds at most) until the server has answered all but the last four; one that does not answer
frame for frame is not waited for again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit
from assistant.backends.moshi.listening.listener import Deaf, Listener, load_listener
from assistant.backends.moshi.monologue import rms
from assistant.backends.server import protocol
from assistant.backends.server.opus import require_packages
from assistant.backends.server.renewal import Renewal
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    AgentText,
    AudioOut,
    Capabilities,
    Failed,
    Lag,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Status,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL

if TYPE_CHECKING:
    from assistant.backends.server.client import ServerLink
    from assistant.backends.server.exchange import Peer
    from assistant.backends.server.marked import MarkedSpeech


DEFAULT_VOICE = "NATF2.pt"
"""A PersonaPlex server hangs up where no voice of its own is asked for."""
_A_CONNECTION = 1 << 20
"""Utterances that one connection may number."""


USER_QUIET = 10 ** (-45 / 20)
"""RMS of the microphone below which the user counts as silent."""


class _Speech(Protocol):
    @property
    def open(self) -> bool: ...

    def sound(self, pcm: Float32) -> None: ...
    def text(self, piece: str) -> None: ...
    def interrupt(self) -> None: ...
    def close(self) -> None: ...


class MoshiServerBackend:
    """Backend of section "server": see the module."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.capabilities = Capabilities(full_duplex=True, answers_by_itself=True)
        self.note = ""
        self._lock = threading.RLock()
        """Between the connection's thread and the worker's."""
        self._link: ServerLink | None = None
        self._speech: _Speech | None = None
        self._marked: MarkedSpeech | None = None
        """The same as `_speech`, where the server is our own."""
        self._ears: Listener = Deaf()
        """Write down what is said here: the protocol carries only the assistant's words."""
        self._next = FIRST_OWN_UTTERANCE
        self._told_of_recording = False
        self._renewal: Renewal | None = None
        """Where the server is not our own, and how far its model reaches back was set."""
        self._slug = ""

    # -- contract ----------------------------------------------------------------------------

    def load(self, command: Load) -> str:
        require_packages()
        from assistant.backends.server.client import ServerLink
        from assistant.backends.server.failures import address_from

        address = address_from(command.options)
        self._own_query = protocol.query_of(address.url)
        self._emit(Status(f"calling {address.place}"))
        self._link = ServerLink(address, self, waits=command.virtual_clock)
        peer = self._link.open(self._query_for(None))
        self._load_ears(command)
        seconds = command.options.get("context_seconds")
        if seconds is not None and not peer.own:
            self._renewal = Renewal(float(seconds), self._emit, self._play, self._become)
        hello = peer.hello or protocol.ServerHello(engine="Moshi")
        self.capabilities = Capabilities(
            full_duplex=hello.full_duplex,
            answers_by_itself=True,
            text_prompt=hello.text_prompt,
            voice_prompt=hello.voice_prompt,
            say=hello.say,
            prosody=hello.prosody,
            user_text=not isinstance(self._ears, Deaf),
        )
        if not peer.own:
            self.note = (
                "this server cannot be told what to say; only a PersonaPlex server becomes the "
                "persona, and begins anew for it"
            )
        self._emit(Status("ready", 1.0))
        return f"{hello.engine} at {address.place} · {self._ears.label}"

    def set_names(self, names: list[SpokenNames]) -> None:
        self._ears.set_names(names)

    def change_persona(self, prompt: PersonaPrompt) -> None:
        self._slug = prompt.slug
        if self._renewal is not None:
            self._renewal.began(prompt.slug)
        self._become(prompt)

    def _become(self, prompt: PersonaPrompt) -> None:
        if self._link is None:
            return
        voice = protocol.plain_voice(prompt.voice_prompt)
        if prompt.voice_prompt and voice is None and not self._told_of_recording:
            self._told_of_recording = True
            self._emit(
                Failed(
                    message=f"{prompt.name}'s voice is a recording, and recordings are not sent",
                    remedy="name one of the server's voices as moshi.voice_prompt",
                )
            )
        request = protocol.PersonaRequest(
            slug=prompt.slug[:200],
            name=prompt.name[:200],
            text=prompt.text[: protocol.MAX_TEXT],
            voice_prompt=voice or protocol.plain_voice(self._own_query.get("voice_prompt")),
            temperature=prompt.temperature,
            text_temperature=prompt.text_temperature,
        )
        self._link.change_persona(request, self._query_for(prompt))

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        if self._link is not None:
            # Its own voice would be answered like the user's; who writes down words may hear it.
            self._link.push(np.zeros_like(frame) if speaking and not clean else frame)
        if self._renewal is not None:
            self._renewal.passed(speaking=self._is_speaking or voice or rms(frame) >= USER_QUIET)
        self._ears.take(number, frame, None, speaking=speaking)

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        with self._lock:
            if self._link is not None and self._marked is not None:
                self._marked.asked(utterance, text)
                for start in range(0, max(1, len(text)), protocol.MAX_TEXT):
                    piece = text[start : start + protocol.MAX_TEXT]
                    last = final and start + protocol.MAX_TEXT >= len(text)
                    say = protocol.SayRequest(utterance, piece, last, rate, prosody)
                    self._link.request(protocol.Request(say=say))
                return
        # Nobody speaks it: the text alone has to do.
        if text:
            self._emit(AgentText(utterance, text, 0, 0))
        if final:
            self._emit(UtteranceEnded(utterance, 0))

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """The voice is the server's."""

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """The voice is the server's."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """The server prepares personas for itself, or cannot."""

    def begin_anew(self, prompt: PersonaPrompt, line: str) -> None:
        """See `base.BeginsAnew`."""
        if self._renewal is not None and prompt.slug == self._slug:
            self._renewal.prepare(prompt, line)

    def inject(self, context: str) -> None:
        if self._link is not None:
            self._link.request(protocol.Request(inject=context[: protocol.MAX_TEXT]))

    def interrupt(self) -> None:
        with self._lock:
            if self._speech is not None:
                self._speech.interrupt()
        if self._link is not None:
            self._link.request(protocol.Request(interrupt=True))

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._ears.close()

    # -- handler of the connection, on its thread ----------------------------------------------

    def up(self, peer: Peer) -> None:
        from assistant.backends.server.marked import HeardSpeech, MarkedSpeech

        with self._lock:
            first, self._next = self._next, self._next + _A_CONNECTION
            if peer.own:
                self._speech = self._marked = MarkedSpeech(self._emit, first)
            else:
                self._speech, self._marked = HeardSpeech(self._emit, first), None
        if first != FIRST_OWN_UTTERANCE:
            self._emit(Status("connected to the server again", 1.0))

    def down(self) -> None:
        with self._lock:
            speech, self._speech, self._marked = self._speech, None, None
            if speech is not None:
                speech.close()

    def trouble(self, error: BackendError) -> None:
        self._emit(Failed(message=error.message, remedy=error.remedy))

    def status(self, text: str) -> None:
        self._emit(Status(text))

    def sound(self, pcm: Float32) -> None:
        with self._lock:
            if self._speech is not None:
                self._speech.sound(pcm)

    def text(self, piece: str) -> None:
        with self._lock:
            if self._speech is not None:
                self._speech.text(piece)

    def report(self, report: protocol.ServerReport) -> None:
        with self._lock:
            if self._marked is not None:
                self._marked.report(report)
        if report.lag is not None:
            self._emit(Lag(report.lag.seconds, report.lag.dropped))
        if report.notice:
            self._emit(Failed(message=f"the server: {report.notice}"))

    def lag(self, seconds: float, dropped: int) -> None:
        self._emit(Lag(seconds, dropped))

    # -- beginning anew ------------------------------------------------------------------------

    @property
    def _is_speaking(self) -> bool:
        with self._lock:
            return self._speech is not None and self._speech.open

    def _play(self, text: str, sound: Float32) -> None:
        """An utterance of its own, between those of two connections."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        self._emit(AudioOut(number, encode_pcm(sound)))
        self._emit(AgentText(number, text, 0, len(sound)))
        self._emit(UtteranceEnded(number, len(sound)))

    # -- inside ------------------------------------------------------------------------------

    def _load_ears(self, command: Load) -> None:
        whisper = str(command.options.get("whisper") or "none")
        wanted = "none" if whisper == "none" else "whisper"
        self._ears = load_listener(
            {"listener": wanted, "whisper": whisper},
            None,
            command.names,
            self._emit,
            inline=command.virtual_clock,
            progress=lambda text, fraction: self._emit(Status(text, fraction)),
        )

    def _query_for(self, prompt: PersonaPrompt | None) -> dict[str, str]:
        """The persona as a PersonaPlex server reads it; what the config's address says counts
        where the persona says nothing."""
        from assistant.backends.server.failures import shortened

        voice = protocol.plain_voice(prompt.voice_prompt) if prompt is not None else None
        voice = voice or self._own_query.get("voice_prompt") or DEFAULT_VOICE
        text = (prompt.text if prompt is not None else "") or self._own_query.get("text_prompt", "")
        return {
            "text_prompt": shortened(text),
            "voice_prompt": voice if "." in voice else f"{voice}.pt",
        }
