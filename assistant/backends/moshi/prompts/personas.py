"""Personas as states of the model: prepared in the background, kept, put back in a moment.

A prompt takes a recording's codes and a text's tokens through the model once; what is left of it is
a snapshot, and becoming that persona is a copy of memory. Snapshots are told apart by what the
prompt says, not by whose it is, so that an edited persona is prepared anew.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assistant.backends.base import BackendError, Emit
from assistant.backends.moshi.contract import (
    Codes,
    KnownStep,
    LanguageModel,
    PromptPrefill,
    TextTokenizer,
)
from assistant.backends.moshi.prompts.notes import text_with_notes
from assistant.backends.moshi.prompts.prompting import (
    EmbeddedVoice,
    PromptPlan,
    persona_prompt,
    system_text,
)
from assistant.backends.moshi.prompts.snapshots import Kept, Key, Snapshots, columns_after, key_of
from assistant.backends.moshi.prompts.tail import CatchingUp, RecentSteps
from assistant.frames import Failed, PersonaPrompt, Prefilled

log = logging.getLogger(__name__)

CHUNK = 32
"""Positions of a prompt in one pass: a step reads all weights for one position, so that a chunk of
this size takes little longer than a step and fits between two of them."""
MOST_TASKS = 64
"""Prompts that may wait to be prepared; the oldest goes."""
PROMPT_SHARE = 0.5
"""Of the context, at most, for a prompt's text: the conversation needs room, too."""
NOTES_SHARE = 0.25
"""The same for a text with notes, which the last seconds follow into the state."""

LoadVoice = Callable[[str], "list[Codes] | EmbeddedVoice"]


@dataclass(slots=True)
class _PrefillTask:
    """A prompt on its way."""

    prompt: PersonaPrompt
    key: Key
    swap: bool
    began: float
    spent: float = 0.0
    """Seconds in the model."""
    plan: PromptPlan | None = None
    """None while its voice is being loaded."""
    plain: bool = False
    """Its voice cannot be used."""
    prefill: PromptPrefill | None = None


@dataclass(slots=True)
class _Swap:
    """A prompt that went through the model, and to which the conversation shall go over."""

    task: _PrefillTask
    kept: Kept
    catching_up: CatchingUp | None = None
    """None: the conversation begins anew."""

    @property
    def is_ready(self) -> bool:
        return self.catching_up is None or not self.catching_up.behind


class Personas:
    """Prompts to states. All methods belong to the model's thread; voices are loaded on another
    one, unless `inline`."""

    def __init__(
        self,
        lm: LanguageModel,
        tokenizer: TextTokenizer,
        load_voice: LoadVoice,
        emit: Emit,
        limit: int,
        *,
        inline: bool,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._lm = lm
        self._tokenizer = tokenizer
        self._load_voice = load_voice
        self._emit = emit
        self._inline = inline
        self._now = now
        self._snapshots = Snapshots(limit)
        self._background: deque[_PrefillTask] = deque()
        self._urgent: _PrefillTask | None = None
        self._swap: _Swap | None = None
        """To be put in place at the next pause."""
        self._recent = RecentSteps(lm.shape.context)
        self.current: PersonaPrompt | None = None
        """The prompt that the state began with."""
        self._voices: queue.SimpleQueue[_PrefillTask | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._following: tuple[Codes, ...] = ()
        self._told_of_names = False
        """That a voice of the checkpoint's own is not there: it is true of all of them, or few."""
        self.positions = 0
        """Of the state that was put in place."""
        self.chunk_seconds = 0.0
        """How long the last chunk took."""
        self.frames_ready = 0
        """Frames for which a swap has waited for its pause."""

    # -- what is asked ---------------------------------------------------------------------------

    def change_persona(self, prompt: PersonaPrompt) -> None:
        """Be this persona as soon as it can be: `arrive` says when."""
        self._cancel_swap()
        self._urgent = self._task(prompt, swap=True)
        if self._urgent.key not in self._snapshots:
            self._adopt(self._urgent)
            self._plan(self._urgent)

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """Prepare this persona beside the conversation; with `swap`, become it at a pause. Notes
        are of a conversation with one persona: those for another come too late."""
        task = self._task(prompt, swap)
        if swap:
            if prompt.notes and not self._goes_on_as(prompt):
                return
            self._cancel_swap()
            self._background.appendleft(task)
        elif task.key in self._snapshots or any(t.key == task.key for t in self._background):
            return
        else:
            self._background.append(task)
        if len(self._background) > MOST_TASKS:
            self._background.pop()
        if task.key not in self._snapshots:
            self._plan(task)

    # -- becoming another persona at once --------------------------------------------------------

    @property
    def becoming(self) -> bool:
        """The old persona is gone, the new one is not there yet."""
        return self._urgent is not None

    @property
    def can_hurry(self) -> bool:
        """`hurry` would get somewhere."""
        task = self._urgent
        return task is not None and (task.plan is not None or task.key in self._snapshots)

    def hurry(self) -> PersonaPrompt | None:
        """Run the next chunk of the persona that is awaited; the persona, once it is in place."""
        task = self._urgent
        if task is None:
            return None
        kept = self._snapshots.get(task.key)
        if kept is None:
            kept = self._advance(task)
        if kept is None:
            return None
        self._urgent = None
        self._put_in_place(task, kept)
        return task.prompt

    # -- preparing beside the conversation -------------------------------------------------------

    @property
    def busy(self) -> bool:
        """`work` would get somewhere."""
        return self._lags_behind or any(self._can_go_on(task) for task in self._background)

    @property
    def swap_is_coming(self) -> bool:
        return self._swap is not None or any(task.swap for task in self._background)

    def record(self, step: KnownStep) -> None:
        """The conversation has taken this step."""
        self._recent.add(step)
        if self._swap is not None and self._swap.catching_up is not None:
            self._swap.catching_up.take(step)

    def work(self) -> None:
        """Run one chunk of what is to be prepared."""
        swap = self._swap
        if swap is not None and swap.catching_up is not None and swap.catching_up.behind:
            before = self._now()
            swap.catching_up.advance()
            self.chunk_seconds = self._now() - before
            return
        task = next((t for t in self._background if self._can_go_on(t)), None)
        if task is None:
            return
        kept = self._snapshots.get(task.key) or self._advance(task)
        if kept is None:
            return
        self._background.remove(task)
        if not task.swap:
            self._tell(task.prompt, task.spent)
            return
        self._swap, self.frames_ready = _Swap(task, kept), 0
        if self._goes_on_as(task.prompt):
            self._swap.catching_up = CatchingUp(self._lm, kept.snapshot, self._recent, CHUNK)

    @property
    def wants_swap(self) -> bool:
        """There is something to go over to, and no more than a chunk is missing in it."""
        return self._swap is not None and self._swap.is_ready

    @property
    def has_swap(self) -> bool:
        """The same, however much is missing."""
        return self._swap is not None

    def swap(self) -> tuple[PersonaPrompt, int | None]:
        """Go over to what `prefill` was asked to go over to. Only where `has_swap`. Returns the
        prompt and, where the same conversation goes on, the positions of its state."""
        swap, self._swap = self._swap, None
        assert swap is not None
        if swap.catching_up is None:
            self._put_in_place(swap.task, swap.kept)
            return swap.task.prompt, None
        before = self._now()
        snapshot = swap.catching_up.arrive()
        self._lm.put_back(snapshot)
        self.current = swap.task.prompt
        self._snapshots.pin(key_of(msgspec.structs.replace(self.current, notes="")))
        seconds = self._now() - before
        self._tell(self.current, seconds, swapped=True, tail=swap.catching_up.length)
        return self.current, snapshot.positions

    def take_following(self) -> tuple[Codes, ...]:
        """The agent's next columns, once a state was put in place."""
        following, self._following = self._following, ()
        return following

    def close(self) -> None:
        self._voices.put(None)
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _lags_behind(self) -> bool:
        return self._swap is not None and not self._swap.is_ready

    def _goes_on_as(self, prompt: PersonaPrompt) -> bool:
        """The conversation is with this persona already."""
        return (
            self._urgent is None and self.current is not None and self.current.slug == prompt.slug
        )

    def _cancel_swap(self) -> None:
        self._swap = None
        self._background = deque(task for task in self._background if not task.swap)

    def _task(self, prompt: PersonaPrompt, swap: bool) -> _PrefillTask:
        return _PrefillTask(prompt, key_of(prompt), swap, self._now())

    def _adopt(self, task: _PrefillTask) -> None:
        """Go on where the background has begun with the same prompt."""
        for other in self._background:
            if other.key == task.key and not other.swap:
                self._background.remove(other)
                task.plan, task.prefill, task.plain = other.plan, other.prefill, other.plain
                return

    def _can_go_on(self, task: _PrefillTask) -> bool:
        return task.plan is not None or task.key in self._snapshots

    def _advance(self, task: _PrefillTask) -> Kept | None:
        """One chunk; what is to be kept, when it was the last."""
        if task.plan is None:
            return None
        before = self._now()
        try:
            if task.prefill is None:
                task.prefill = self._lm.prefill(task.plan, CHUNK)
            task.prefill.advance()
            done = task.prefill.done
            snapshot = task.prefill.snapshot() if done else None
        except ValueError as error:
            self._without_voice(task, error)
            return None
        self.chunk_seconds = self._now() - before
        task.spent += self.chunk_seconds
        if snapshot is None:
            return None
        kept = Kept(task.key, snapshot, self._columns_after(task.plan))
        if not task.prompt.notes:  # nobody comes back to those
            self._snapshots.put(kept)
        task.prefill = task.plan = None
        return kept

    def _without_voice(self, task: _PrefillTask, error: ValueError) -> None:
        """A voice that is no voice of this model."""
        if task.plain:
            raise error
        self._emit(Failed(f"The voice of {task.prompt.name} cannot be used: {error}.", _NO_VOICE))
        task.plain, task.prefill = True, None
        task.plan = self._plan_of(task)

    def _columns_after(self, plan: PromptPlan) -> tuple[Codes, ...]:
        shape = self._lm.shape
        return columns_after(plan, shape.delays[1 : 1 + shape.agent_codebooks])

    def _put_in_place(self, task: _PrefillTask, kept: Kept) -> None:
        before = self._now()
        self._lm.put_back(kept.snapshot)
        after = self._now()
        self._following = kept.following
        self._snapshots.pin(kept.key)
        self.current, self.positions = task.prompt, kept.snapshot.positions
        self._recent.clear()
        self._tell(task.prompt, after - (before if task.spent == 0 else task.began), swapped=True)

    def _tell(
        self, prompt: PersonaPrompt, seconds: float, *, swapped: bool = False, tail: int = 0
    ) -> None:
        self._emit(
            Prefilled(
                prompt.slug,
                1000 * seconds,
                swapped=swapped,
                snapshots=len(self._snapshots),
                snapshot_bytes=self._snapshots.nbytes,
                tail=tail,
            )
        )

    # -- prompts ---------------------------------------------------------------------------------

    def _plan(self, task: _PrefillTask) -> None:
        """Make its plan now or, where a voice has to be loaded, on the other thread."""
        if task.plan is not None:
            return
        if self._inline or not task.prompt.voice_prompt:
            task.plan = self._plan_of(task)
            return
        self._voices.put(task)
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="moshi-voices", daemon=True)
            self._thread.start()

    def _load(self) -> None:
        while (task := self._voices.get()) is not None:
            task.plan = self._plan_of(task)

    def _plan_of(self, task: _PrefillTask) -> PromptPlan:
        prompt = task.prompt
        most = int((NOTES_SHARE if prompt.notes else PROMPT_SHARE) * self._lm.shape.context)
        text = text_with_notes(prompt, most, self._count)
        ids = self._tokenizer.encode(system_text(text)) if text else []
        if len(ids) > most:
            log.warning("the prompt of %s is cut from %d to %d tokens", prompt.slug, len(ids), most)
            ids = ids[:most]
        return persona_prompt(self._voice(task), ids, self._lm.shape.padding)

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(system_text(text)))

    def _voice(self, task: _PrefillTask) -> list[Codes] | EmbeddedVoice:
        name = task.prompt.voice_prompt
        if not name or task.plain:
            return []
        try:
            return self._load_voice(name)
        except BackendError as error:
            named = Path(name).name == name and not Path(name).suffix
            if named and self._told_of_names:
                log.warning("%s", error.message)
            else:
                self._emit(Failed(error.message, error.remedy))
            self._told_of_names = self._told_of_names or named
        except Exception as error:
            log.exception("while loading the voice %s", name)
            self._emit(Failed(f"The voice {name} cannot be used: {error}.", _NO_VOICE))
        task.plain = True
        return []


_NO_VOICE = "The persona speaks with a voice of the model's own; look at its `voice_prompt`."
