"""Audio controls: microphone, volume, rate; and what a person is told of the sound."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from assistant.audio.base import AudioIO
from assistant.audio.levels import heard_cue, rising_chime
from assistant.frames import SpokenNames
from assistant.session.event_bus import EventBus
from assistant.session.events import AudioChanged, Dropped, Notice, Severity
from assistant.session.persona_switch import PersonaRoster, PersonaSwitch
from assistant.session.turns.playback_tracker import PlaybackTracker
from assistant.session.turns.record import ConversationRecord
from assistant.session.turns.user_turn import MicrophoneGate


class AudioControls:
    """Every change is told as an `AudioChanged`."""

    def __init__(
        self,
        bus: EventBus,
        audio: AudioIO,
        gate: MicrophoneGate,
        playback: PlaybackTracker,
        volume: float,
    ) -> None:
        self._bus = bus
        self._audio = audio
        self._gate = gate
        self._playback = playback
        self.volume = volume
        self._told: tuple[str | None, ...] = ()
        # Below all utterances, which count from 1: a test sound is nobody's turn.
        self._test_sounds = itertools.count(-1, -1)

    def begin(self) -> None:
        """The devices are about to be opened: the volume holds from the first sample."""
        self._audio.playback.gain = self.volume

    def set_muted(self, muted: bool) -> None:
        self._gate.muted = muted
        self.changed()

    def set_push_to_talk(self, on: bool) -> None:
        self._gate.push_to_talk = on
        self.changed()

    def talk_key(self, down: bool) -> None:
        self._gate.key_down = down
        self.changed()

    def set_volume(self, volume: float) -> float:
        self.volume = min(1.0, max(0.0, volume))
        self._audio.playback.gain = self.volume
        self.changed()
        return self.volume

    def set_rate(self, rate: float) -> float:
        self._playback.rate = min(2.0, max(0.5, rate))
        self.changed()
        return self._playback.rate

    def play_test_sound(self) -> None:
        """A short rising chime through the speaker. Where something is being said already, that is
        what is heard, and nothing is added to it."""
        playback = self._audio.playback
        if self._playback.active or playback.is_sounding:
            return
        number = next(self._test_sounds)
        playback.write(number, rising_chime())
        playback.end(number)

    def play_heard_cue(self) -> None:
        """A short note: the user's words were taken. Nothing while something is being said."""
        if not self._playback.active:
            number = next(self._test_sounds)
            self._audio.playback.write(number, heard_cue())
            self._audio.playback.end(number)

    def problem(self, text: str, remedy: str) -> None:
        """A device was lost or came back; only what is wrong has a remedy."""
        severity: Severity = "warning" if remedy else "information"
        self._bus.publish(Notice(text=text, remedy=remedy, severity=severity))
        self.changed()

    def changed(self) -> None:
        self._told = self._news()
        self._bus.publish(
            AudioChanged(
                microphone=self._audio.microphone,
                speaker=self._audio.speaker,
                muted=self._gate.muted,
                push_to_talk=self._gate.push_to_talk,
                talk_key=self._gate.key_down,
                volume=self.volume,
                rate=self._playback.rate,
                echo=self._audio.front.describe(),
            )
        )

    def _news(self) -> tuple[str | None, ...]:
        return self._audio.microphone, self._audio.speaker, self._audio.front.describe()

    async def watch_drops(self, backend: Callable[[], int]) -> None:
        """Tell once a second what was dropped on the way; `backend()` counts the frames that never
        reached the backend. And which devices there are, where they come and go too often to be
        told of each time, and what is done about the echo. Never returns."""
        last: dict[str, int] = {}
        while True:
            await asyncio.sleep(1.0)
            counts = {**self._audio.drops(), "backend": backend()}
            if counts != last and any(counts.values()):
                self._bus.publish(Dropped(counts=counts))
            last = counts
            if self._news() != self._told:
                self.changed()


# What tools may do to a session, without being able to pull the rug from under themselves.


class Controls:
    """`tools.base.SessionControls` over a session. `interrupt` ends the sound but not the running
    tool, and a change of persona does not end the answer of which it is a part."""

    def __init__(
        self,
        roster: PersonaRoster,
        persona_switch: PersonaSwitch,
        sound: AudioControls,
        playback: PlaybackTracker,
        record: ConversationRecord,
    ) -> None:
        self._roster = roster
        self._persona_switch = persona_switch
        self._sound = sound
        self._playback = playback
        self._record = record

    def spoken_names(self) -> list[SpokenNames]:
        return [p.spoken_names() for p in self._roster.everyone()]

    async def change_persona(self, slug: str) -> None:
        self._persona_switch.change_persona(slug)

    def current_persona(self) -> str:
        return self._roster.current.slug

    def set_volume(self, volume: float) -> float:
        return self._sound.set_volume(volume)

    def volume(self) -> float:
        return self._sound.volume

    def set_speech_rate(self, rate: float) -> float:
        return self._sound.set_rate(rate)

    def speech_rate(self) -> float:
        return self._playback.rate

    def last_answer(self) -> str:
        return self._record.last_answer

    def interrupt(self) -> None:
        self._playback.interrupt()

    def set_muted(self, muted: bool) -> None:
        self._sound.set_muted(muted)
