"""A foreign server's conversation, begun anew before its model forgets who it is.

Such a server takes a prompt only when a conversation begins, and its state is its own. So where it
is known how far its model reaches back, notes are asked for in time, and in a pause the connection
is made again with persona and notes in its address. The second or two until it speaks are filled
by a line in the persona's voice, "let me think", which is rendered here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec
import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.prompts.notes import text_with_notes
from assistant.backends.moshi.prompts.personas import NOTES_SHARE
from assistant.backends.moshi.windows import HURRY, LAST, Windows
from assistant.frames import FRAME_SECONDS, SAMPLE_RATE, NotesWanted, PersonaPrompt, VoiceSpec

LONGEST_LINE = 2.0
"""Seconds of the line; one that would take longer is left out."""
QUICKEST = 1.3
"""Times as fast as usual that it may be said to fit into them."""
REST = 6
"""Frames (0.5 s) in which nobody speaks, before it begins anew."""
_LETTERS_A_TOKEN = 3
"""At most, in English: a server's vocabulary is not here."""
log = logging.getLogger(__name__)

RenderLine = Callable[[str, VoiceSpec], Float32]


def rendered_line(text: str, voice: VoiceSpec) -> Float32:
    """The line by the cascade's voice: float32 [n], 24 kHz; empty where it takes too long. Raises
    `BackendError` where there is no voice."""
    from assistant.backends.cascade.synthesis.tts import load_engine, render

    engine = load_engine("kokoro", threads=1)
    sound = render(engine, text, voice)
    seconds = len(sound) / SAMPLE_RATE
    if seconds > LONGEST_LINE:
        sound = render(engine, text, voice, min(QUICKEST, 1.05 * seconds / LONGEST_LINE))
    most = int(LONGEST_LINE * SAMPLE_RATE)
    return sound if len(sound) <= most else np.zeros(0, np.float32)


class Renewal:
    """One conversation's. `passed` once a frame; all on the worker's thread, but for rendering."""

    def __init__(
        self,
        context_seconds: float,
        ask_notes: Callable[[NotesWanted], None],
        play: Callable[[str, Float32], None],
        begin: Callable[[PersonaPrompt], None],
        render: RenderLine | None = None,
    ) -> None:
        """`play(text, sound)` lets the line be heard; `begin(prompt)` connects again."""
        self._context = round(context_seconds / FRAME_SECONDS)
        self._windows = Windows(self._context, prompted=True)
        self._prompt = int(NOTES_SHARE * self._context)
        """Positions that the prompt takes over there, at most."""
        self._ask_notes = ask_notes
        self._play = play
        self._begin = begin
        self._render = render or rendered_line
        self._next: PersonaPrompt | None = None
        self._line = ""
        self._sound: Float32 | None = None
        """None: not rendered yet."""
        self._quiet = 0

    def began(self, slug: str) -> None:
        """The server has begun a conversation as this persona."""
        self._next = None
        self._windows.begin(slug, self._prompt)

    def prepare(self, prompt: PersonaPrompt, line: str) -> None:
        """Begin anew with this at the next pause."""
        most = int(NOTES_SHARE * self._context)
        text = text_with_notes(prompt, most, lambda text: -(-len(text) // _LETTERS_A_TOKEN))
        self._next = msgspec.structs.replace(prompt, text=text, notes="")
        self._line, self._sound = line, None
        threading.Thread(target=self._make_line, name="line", daemon=True).start()

    def passed(self, *, speaking: bool) -> None:
        """A frame has passed; `speaking`: somebody was heard in it."""
        self._windows.passed()
        wanted = self._windows.notes_wanted()
        if wanted is not None:
            self._ask_notes(wanted)
        self._quiet = 0 if speaking else self._quiet + 1
        age = self._windows.positions / self._context
        due = self._quiet >= (1 if age >= HURRY else REST) or age >= LAST
        if self._next is None or not due or (self._sound is None and age < LAST):
            return
        prompt, self._next = self._next, None
        if self._sound is not None and len(self._sound):
            self._play(self._line, self._sound)
        self._windows.begin(prompt.slug, self._prompt)
        self._begin(prompt)

    def _make_line(self) -> None:
        line, prompt = self._line, self._next
        sound: Float32 = np.zeros(0, np.float32)
        try:
            if line and prompt is not None:
                sound = self._render(line, prompt.voice)
        except BackendError as error:
            log.info("no line while it begins anew: %s", error.message)
        except Exception:
            log.exception("while the line was rendered")
        self._sound = sound
