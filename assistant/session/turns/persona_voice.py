"""Persona voice: what the persona in charge says in lines of its own."""

from __future__ import annotations

from assistant.session.line_chooser import LineChooser
from assistant.session.persona_roster import PersonaRoster
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.messages import AgentUtterance


class PersonaVoice:
    """Each line a turn of its own, but for a filler within an answer."""

    def __init__(self, agent_turn: AgentTurn, roster: PersonaRoster, lines: LineChooser) -> None:
        self._agent_turn = agent_turn
        self._roster = roster
        self._lines = lines

    def line(self, key: str, **fields: str) -> str:
        """One of the persona's scripted lines; "" where it has none."""
        return self._lines.line(self._roster.current, key, **fields)

    def say_line(self, key: str, **fields: str) -> None:
        if line := self.line(key, **fields):
            self.say(line)

    def say(self, text: str) -> None:
        self._agent_turn.say(text)

    def fill(self, utterance: AgentUtterance) -> bool:
        """Say that the answer is on its way, in place of it. In writing the wait is seen."""
        line = self.line("waiting") if self._agent_turn.speech.has_voice() else ""
        if line:
            self._agent_turn.say_aside(utterance, line)
        return bool(line)
