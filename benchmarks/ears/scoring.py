"""What became of every recording, and of every text that belongs to none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

from assistant.language.command_patterns import SpokenCommand
from benchmarks.ears.actions import is_expected
from benchmarks.ears.listening import FinalText
from benchmarks.ears.words import WordErrors, comparable, holds, word_errors

OVERLAP = 0.1
"""Seconds that a turn and a recording have in common before one belongs to the other."""
LATE = 1.0
"""Seconds that words come later than the cascade means to have waited."""
LONGEST_WAIT = 2.0
"""Seconds that it may wait for more words at most."""
EARLY = 0.15
"""Seconds before the end of a recording from which a turn's end has cut it off."""


@dataclass(frozen=True, slots=True)
class Said:
    """A recording as it lies in the long sound."""

    name: str
    begin: float
    """Seconds to its first voiced sample."""
    end: float
    """… and behind the last."""
    text: str = ""
    """What was said; empty: nobody knows."""
    bare: str = ""
    """What the weights alone write of the recording by itself."""
    bare_here: str = ""
    """… and of its place in the long sound, background included."""
    is_speech: bool = True
    slots: tuple[str, ...] = ()
    expected: str | SpokenCommand | None = None
    """The action that it is to start."""

    @property
    def reference(self) -> str:
        return self.text or self.bare

    @property
    def has_words(self) -> bool:
        return self.is_speech and bool(comparable(self.reference))


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording and the texts that belong to it. Recordings that one text spans are one."""

    said: tuple[Said, ...]
    texts: tuple[FinalText, ...]

    @property
    def words(self) -> str:
        return " ".join(each.text for each in self.texts)

    @property
    def wait(self) -> float | None:
        """Seconds from the last voiced sample to the words; None where they never came, or came
        too early to be all."""
        if not self.texts or self.texts[-1].at < self.said[-1].end - EARLY:
            return None
        return self.texts[-1].at - self.said[-1].end

    @property
    def is_late(self) -> bool:
        wait = self.wait
        return wait is not None and wait > LATE + min(self.texts[-1].waited, LONGEST_WAIT)


@dataclass(slots=True)
class Score:
    """Counts of one condition."""

    clips: int = 0
    speech: int = 0
    """Recordings with words in them."""
    against_reference: WordErrors = field(default_factory=WordErrors)
    """Words heard against what was said: the text, or what the bare weights write where there is
    none."""
    bare_against_reference: WordErrors = field(default_factory=WordErrors)
    """The bare weights on the same sound, cut where the recordings lie."""
    against_bare: WordErrors = field(default_factory=WordErrors)
    """Words heard against what the bare weights write of the recordings by themselves."""
    bare_against_bare: WordErrors = field(default_factory=WordErrors)
    """What the background alone costs the bare weights."""
    slots: int = 0
    slots_found: int = 0
    lost: int = 0
    split: int = 0
    merged: int = 0
    """Texts that span two recordings or more."""
    late: int = 0
    cut_off: int = 0
    """Recordings whose last turn was over before they were."""
    false_turns: int = 0
    """Texts in a gap."""
    false_actions: int = 0
    phantoms: int = 0
    """Texts of recordings in which nobody speaks, and their number."""
    wordless: int = 0
    actions: int = 0
    actions_found: int = 0
    waits: list[float] = field(default_factory=list)
    """Milliseconds."""

    def __add__(self, other: Score) -> Score:
        """Of several folders."""
        sums = {each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)}  # fmt: skip
        return Score(**sums)


Act = Callable[[FinalText], SpokenCommand | None]
"""What a session would do at a text."""


def group(said: Sequence[Said], texts: Sequence[FinalText]) -> tuple[list[Heard], list[FinalText]]:
    """Which texts belong to which recordings; and those that belong to none.

    Both in the order of time. Recordings that a text spans are one group.
    """
    groups: list[tuple[list[Said], list[FinalText]]] = []
    begun = 0
    for each in said:
        shared = begun and any(_belongs(text, each) for text in groups[-1][1])
        if not shared:
            groups.append(([], []))
            begun += 1
        clips, own = groups[-1]
        clips.append(each)
        own += [text for text in texts if _belongs(text, each) and text not in own]
    found = [Heard(tuple(clips), tuple(sorted(own, key=lambda t: t.at))) for clips, own in groups]
    taken = {id(text) for each in found for text in each.texts}
    return found, [text for text in texts if id(text) not in taken]


def score(said: Sequence[Said], texts: Sequence[FinalText], act: Act) -> Score:
    """Count. `said` and `texts` in the order of time."""
    groups, strays = group(said, texts)
    result = Score(false_turns=len(strays), false_actions=sum(act(t) is not None for t in strays))
    for heard in groups:
        _count_words(result, heard)
        _count_turns(result, heard)
        _count_actions(result, heard, act)
    return result


def _belongs(text: FinalText, said: Said) -> bool:
    """A turn belongs to a recording that it has some sound in common with; a very short one, most
    of it."""
    shared = min(text.speech_end, said.end) - max(text.began, said.begin)
    shorter = min(text.speech_end - text.began, said.end - said.begin)
    return shared >= min(OVERLAP, max(shorter, 0.0) / 2) and shared > 0


def _count_words(result: Score, heard: Heard) -> None:
    result.clips += len(heard.said)
    result.speech += sum(each.has_words for each in heard.said)
    if not all(each.is_speech for each in heard.said):
        return  # what is heard of a cough is counted as a phantom
    said, bare, here = (
        " ".join(getattr(each, what) for each in heard.said)
        for what in ("reference", "bare", "bare_here")
    )
    result.against_reference += word_errors(said, heard.words)
    result.bare_against_reference += word_errors(said, here)
    result.against_bare += word_errors(bare, heard.words)
    result.bare_against_bare += word_errors(bare, here)
    for slot in (slot for each in heard.said for slot in each.slots):
        result.slots += 1
        result.slots_found += holds(heard.words, slot)


def _count_turns(result: Score, heard: Heard) -> None:
    silent = [each for each in heard.said if not each.is_speech]
    result.wordless += len(silent)
    if len(silent) == len(heard.said):
        result.phantoms += len(heard.texts)
        return
    if not heard.texts:
        result.lost += sum(each.has_words for each in heard.said)
        return
    spans = [sum(_belongs(text, each) for each in heard.said) for text in heard.texts]
    result.merged += sum(count > 1 for count in spans)
    own = [sum(_belongs(text, each) for text in heard.texts) for each in heard.said]
    result.split += sum(count > 1 for count in own)
    result.late += heard.is_late
    wait = heard.wait
    if wait is None:
        result.cut_off += 1
    else:
        result.waits.append(1000 * wait)


def _count_actions(result: Score, heard: Heard, act: Act) -> None:
    wanted = [each.expected for each in heard.said if each.expected is not None]
    result.actions += len(wanted)
    done = [call for call in map(act, heard.texts) if call is not None]
    for call in done:
        met = next((each for each in wanted if is_expected(call, each)), None)
        if met is None:
            result.false_actions += 1
        else:
            wanted.remove(met)
            result.actions_found += 1
