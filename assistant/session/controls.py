"""What tools may do to a session, without being able to pull the rug from under themselves."""

from __future__ import annotations

from assistant.frames import SpokenNames
from assistant.session.audio_controls import AudioControls
from assistant.session.persona_roster import PersonaRoster
from assistant.session.persona_switch import PersonaSwitch
from assistant.session.turns.playback_tracker import PlaybackTracker
from assistant.session.turns.record import ConversationRecord


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
