"""What tools may do to a session, without being able to pull the rug from under themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.frames import SpokenNames

if TYPE_CHECKING:
    from assistant.session.session import Session


class Controls:
    """`SessionControls` over a session. `interrupt` ends the sound but not the running tool."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def spoken_names(self) -> list[SpokenNames]:
        return [p.spoken_names() for p in self._session.personas()]

    async def change_persona(self, slug: str) -> None:
        self._session.change_persona_within_answer(slug)

    def current_persona(self) -> str:
        return self._session.persona.slug

    def set_volume(self, volume: float) -> float:
        return self._session.set_volume(volume)

    def volume(self) -> float:
        return self._session.sound.volume

    def set_speech_rate(self, rate: float) -> float:
        return self._session.set_speech_rate(rate)

    def speech_rate(self) -> float:
        return self._session.speech.rate

    def last_answer(self) -> str:
        return self._session.last_answer

    def interrupt(self) -> None:
        self._session.speech.interrupt()

    def set_muted(self, muted: bool) -> None:
        self._session.set_muted(muted)
