"""The context as a row of windows: when the prompt of a state has to be renewed.

A state begins with a prompt. Once as many positions as attention reaches back have been run, the
oldest are overwritten, and they are the persona's voice and its text. So a window ends before: at
`ASK` of the context notes are asked for, which come back as part of a new prompt; the prompt and
the last seconds are run beside the conversation; the conversation goes over to that state when
nobody speaks, from `HURRY` on between two words, and at `LAST` wherever it is.

All of it counts positions, never the clock.
"""

from __future__ import annotations

from assistant.frames import FRAME_SECONDS, NotesWanted

ASK = 0.6
"""Of the context: notes are asked for."""
NOTES = 0.75
"""No notes have come: the last ones have to do."""
HURRY = 0.8
"""It need not be quiet any more, a pause between two words is enough; what is still to be run is
run in every frame."""
LAST = 0.9
"""No prompt gets older than this."""
LEAST = 0.05
"""Of the context, between the beginning of a window and asking for notes."""
LARGEST_PROMPT = 0.6
"""Of the context: a state that begins with more than that has no room for windows."""


class Windows:
    """Where the conversation is in its window. `positions` of the model's state are counted here:
    frames, and what it was told."""

    def __init__(self, context: int, *, prompted: bool) -> None:
        """`prompted`: the state begins with a prompt; else (plain Moshi) only notes are asked for,
        every `ASK` of the context, to be told like any other context."""
        self._context = context
        self._prompted = prompted
        self._slug = ""
        self.positions = 0
        self._next: float = ASK * context
        self._asked = False
        self._possible = not prompted

    def begin(self, slug: str, positions: int) -> None:
        """A state begins with so many positions, as this persona."""
        self._slug = slug
        self.positions = positions
        self._asked = False
        self._possible = positions <= (LARGEST_PROMPT + LEAST) * self._context
        self._next = max(ASK * self._context, positions + LEAST * self._context)

    def went_over(self, slug: str, positions: int) -> None:
        """The same conversation goes on in another state: what follows its prompt counts, too."""
        possible = self._possible
        self.begin(slug, positions)
        self._possible = possible

    def passed(self, count: int = 1) -> None:
        self.positions += count

    def notes_wanted(self) -> NotesWanted | None:
        """Once a window: the question for notes, when it is time."""
        if self._asked or not self._possible or self.positions < self._next:
            return None
        if not self._prompted:
            self._next = self.positions + ASK * self._context
            seconds = (NOTES - ASK) * self._context * FRAME_SECONDS
            return NotesWanted(self._slug, seconds, as_prompt=False)
        self._asked = True
        left = max(NOTES * self._context, self._next) - self.positions
        return NotesWanted(self._slug, max(0.0, left * FRAME_SECONDS))

    @property
    def goes_without_notes(self) -> bool:
        """It is too late for notes."""
        late = max(NOTES * self._context, self._next)
        return self._asked and self._prompted and self.positions >= late

    @property
    def hurries(self) -> bool:
        return self._asked and self._prompted and self.positions >= HURRY * self._context

    @property
    def is_over(self) -> bool:
        """A frame more, and the prompt would be older than it may be."""
        return self._asked and self._prompted and self.positions >= int(LAST * self._context)
