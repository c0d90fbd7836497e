"""The model's side of a frame: what it hears, what it is made to say, and when it may learn.

Everything here belongs to one thread, the model's. A step makes the text of one position and the
sound of an earlier one (`contract.Step`); here the two are brought together again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from assistant.backends.moshi.contract import (
    Codes,
    KnownStep,
    LanguageModel,
    Sampling,
    TextTokenizer,
)
from assistant.backends.moshi.prompts.personas import Personas
from assistant.backends.moshi.prompts.prompting import SILENCE, SINE, context_plan, system_text
from assistant.backends.moshi.prompts.snapshots import columns_after
from assistant.backends.moshi.saying import Saying
from assistant.backends.moshi.utterances import Moment, Utterances
from assistant.backends.moshi.windows import Windows
from assistant.frames import NotesWanted, PersonaPrompt

log = logging.getLogger(__name__)

SILENCED = 6
"""Frames (0.5 s) for which the model is made silent by an interruption, so that it gives up what
it was going to say."""
SILENCED_BEFORE_SAYING = 2
"""The same where other words follow, which displace the model's own."""
USER_QUIET = 5
"""Frames without a sound of the user's that count as a pause."""
OWN_QUIET = 3
"""Frames of padding that count as a pause of the model's."""
INJECT_WAIT = 50
"""Frames (4 s) that a tool result waits for a pause."""
SWAP_WAIT = 375
"""Frames (30 s) that a prepared persona waits for a pause."""
CONTEXT_SHARE = 0.25
"""Of the model's context, at most, for one thing it is told."""
MOST_INJECTED = 16
"""Things to be told that may wait; the oldest goes."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One frame of the user's, as the model hears it."""

    codes: Codes
    """[user codebooks]"""
    quiet: bool


@dataclass(frozen=True, slots=True)
class _Written:
    """What is known of a position's text until its sound is complete."""

    text: int
    say: int | None = None
    finished: bool = False
    mute: bool = False


class Stepper:
    """Takes a frame's codes, gives a moment of the model's output."""

    def __init__(
        self,
        lm: LanguageModel,
        tokenizer: TextTokenizer,
        personas: Personas,
        utterances: Utterances,
        sampling: Callable[[PersonaPrompt], Sampling],
        *,
        wrapped: bool,
        ask_notes: Callable[[NotesWanted], None] = lambda wanted: None,
    ) -> None:
        """`wrapped`: context is told as the system prompts are that the model knows.
        `ask_notes`: the context fills, see `Windows`."""
        self._lm = lm
        self._tokenizer = tokenizer
        self._personas = personas
        self._utterances = utterances
        self._sampling = sampling
        self._wrapped = wrapped
        self._saying = Saying(tokenizer, lm.shape)
        self._windows = Windows(lm.shape.context, prompted=wrapped)
        self._ask_notes = ask_notes
        self._written: deque[_Written] = deque()
        self._following: deque[Codes] = deque()
        """The agent's next columns, as far as they are known."""
        self._contexts: deque[str] = deque(maxlen=MOST_INJECTED)
        self._context_waits = 0
        self._silenced = 0
        self._user_quiet = 0
        self._own_quiet = 0
        self._epoch = 0
        self._fresh = True
        self._begin_anew()

    # -- what is asked ---------------------------------------------------------------------------

    def say(self, number: int, text: str, *, final: bool) -> None:
        self._saying.say(number, text, final=final)
        self._tell_empty()

    def said(self, number: int) -> None:
        """Its sound is over."""
        self._saying.over(number)
        self._tell_empty()

    def interrupt(self, epoch: int) -> None:
        self._epoch = epoch
        for number in self._saying.forget():
            self._utterances.nothing(number)
        self._silenced = SILENCED
        # Positions that were written before, but whose sound is still to come.
        silent = _Written(self._lm.shape.padding, mute=True)
        self._written = deque([silent] * len(self._written))

    def inject(self, context: str) -> None:
        self._contexts.append(context)

    def change_persona(self, prompt: PersonaPrompt, epoch: int) -> None:
        """Another persona: what the old one was saying is over."""
        self.interrupt(epoch)
        self._silenced = 0
        self._contexts.clear()
        self._personas.change_persona(prompt)

    # -- frame by frame --------------------------------------------------------------------------

    @property
    def becoming(self) -> bool:
        return self._personas.becoming

    @property
    def at_rest(self) -> bool:
        """Nobody speaks."""
        own = self._own_quiet >= OWN_QUIET and not self._utterances.open
        return own and not self._saying.active and self._user_quiet >= USER_QUIET

    @property
    def is_pressed(self) -> bool:
        """What is prepared is needed soon, even if frames get late for it."""
        return self._windows.hurries and self._personas.swap_is_coming

    def hurry(self) -> None:
        """Get on with becoming another persona."""
        prompt = self._personas.hurry()
        if prompt is not None:
            self._arrive(prompt)

    def take(self, heard: EncodedFrame) -> Moment | None:
        """One step; None while the persona that shall speak is not there yet."""
        self._user_quiet = self._user_quiet + 1 if heard.quiet else 0
        if self._personas.becoming:
            return None
        self._between_steps()
        column = self._following.popleft() if self._following else None
        choose = self._saying.choose if self._saying.active else None
        if self._saying.active:
            self._silenced = min(self._silenced, SILENCED_BEFORE_SAYING)
        silenced = self._silenced > 0
        if silenced:
            self._silenced -= 1
            column, choose = SILENCE, self._say_nothing
        step = self._lm.step(heard.codes, choose, column)
        self._record(heard.codes, step.text, step.column)
        padding = step.text == self._lm.shape.padding
        self._own_quiet = self._own_quiet + 1 if padding else 0
        self._written.append(
            _Written(step.text, self._saying.number, self._saying.finished, silenced)
        )
        return self._moment(self._written.popleft(), step.audio)

    # -- inside ----------------------------------------------------------------------------------

    def _moment(self, written: _Written, audio: Codes | None) -> Moment:
        fresh, self._fresh = self._fresh, False
        return Moment(
            text=written.text,
            audio=audio,
            epoch=self._epoch,
            say=written.say,
            finished=written.finished,
            mute=written.mute,
            fresh=fresh,
        )

    def _say_nothing(self, token: int) -> int:
        return self._lm.shape.padding

    def _between_steps(self) -> None:
        """What may only happen in a pause, or, if none comes, between two words."""
        between_words = self._own_quiet > 0
        self._keep_window()
        if self._personas.wants_swap:
            self._personas.frames_ready += 1
            waited = self._personas.frames_ready > SWAP_WAIT or self._windows.hurries
            if self.at_rest or (waited and between_words) or self._windows.is_over:
                self._swap()
        elif self._personas.has_swap and self._windows.is_over:
            self._swap()
        if self._contexts and not self._silenced:
            self._context_waits += 1
            if self.at_rest or (self._context_waits > INJECT_WAIT and between_words):
                self._learn(self._contexts.popleft())
                self._context_waits = 0

    def _keep_window(self) -> None:
        """Ask for notes in time, and go on without them where none come."""
        wanted = self._windows.notes_wanted()
        if wanted is not None:
            self._ask_notes(wanted)
        current = self._personas.current
        if (
            current is not None
            and self._windows.goes_without_notes
            and not self._personas.swap_is_coming
        ):
            self._personas.prefill(current, swap=True)

    def _swap(self) -> None:
        """Go over to the state that was prepared. Where the same conversation goes on, the texts
        whose sound is still to come are the same, and so are the agent's next columns."""
        prompt, positions = self._personas.swap()
        if positions is None:
            self._arrive(prompt)
        else:
            self._windows.went_over(prompt.slug, positions)

    def _record(self, user: Codes, text: int, column: Codes | None) -> None:
        self._windows.passed()
        if self._wrapped and column is not None:
            self._personas.record(KnownStep(user, text, column))

    def _arrive(self, prompt: PersonaPrompt) -> None:
        self._windows.begin(prompt.slug, self._personas.positions)
        self._lm.set_sampling(self._sampling(prompt))
        self._following = deque(self._personas.take_following())
        self._begin_anew()

    def _learn(self, context: str) -> None:
        shape = self._lm.shape
        ids = self._tokenizer.encode(
            system_text(context) if self._wrapped else " ".join(context.split())
        )
        most = max(1, int(CONTEXT_SHARE * shape.context))
        if len(ids) > most:
            log.warning("%d of %d tokens of a context are left out", len(ids) - most, len(ids))
            ids = ids[:most]
        plan = context_plan(ids, SINE if self._wrapped else SILENCE, shape.padding)
        columns = self._lm.extend(plan)
        for frame, column in zip(plan.frames, columns, strict=True):
            self._record(frame.user, frame.text, column)
        self._following = deque(columns_after(plan, shape.delays[1 : 1 + shape.agent_codebooks]))
        self._begin_anew(fresh=False)

    def _begin_anew(self, *, fresh: bool = True) -> None:
        """The model's state is another one: texts of positions before it have no sound to wait
        for."""
        shape = self._lm.shape
        quiet = _Written(shape.padding)
        self._written = deque([quiet] * (shape.max_delay - shape.delays[0]))
        self._own_quiet = 0
        self._fresh = self._fresh or fresh

    def _tell_empty(self) -> None:
        for number in self._saying.take_empty():
            self._utterances.nothing(number)
