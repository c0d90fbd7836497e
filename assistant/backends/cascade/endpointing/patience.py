"""Endpointing: how long a silence ends a turn, by what the words still owe, how likely a sentence
ends so, and how the voice sounds.

Three judges: rules on classes of words (see `endings`), which are sure where they speak; the
recogniser's own knowledge of language (see `stt.Recognizer.closure`), which knows that "the
president of" or "do you think I should" goes on, and that "my brother lives in Canada" need not;
and, where its weights are here, a model that hears the voice fall or stay up (see `smart_turn`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.language.endings import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnConfig:
    """Times in milliseconds."""

    end_silence_ms: int = 480
    """Silence that ends a turn whose words do not tell."""
    command_silence_ms: int = 240
    """… whose words are a whole command."""
    complete_silence_ms: int = 256
    """… a whole question, request or short answer, or a statement that needs nothing more: a reply
    is due."""
    sentence_silence_ms: int = 352
    """… a whole statement, to which its speaker may yet add."""
    doubtful_silence_ms: int = 1_500
    """… probably not all: a number, a list, a hum; never shorter than `end_silence_ms`."""
    cleared_silence_ms: int = 900
    """… the same, where the voice has come to its end: a list, a hum, no piece of a number."""
    narration_silence_ms: int = 1_400
    """… a statement of somebody who tells a story; see `pacing.Narration`."""
    unfinished_silence_ms: int = 2_000
    """… clearly not all; never shorter than `end_silence_ms`."""
    unread_silence_ms: int = 1_500
    """… not known yet, because the recogniser is busy; without them there is no answer anyway."""
    pause_ms: int = 128
    """Silence after which a transcript is asked for."""
    look_again_ms: int = 160
    """Silence from one judgement of the voice to the next: it is often taken for open at first."""
    looks: int = 3
    """Judgements in one pause at most."""
    min_speech_ms: int = 128
    """Speech without which nothing begins: a click is no turn."""
    pre_roll_ms: int = 320
    """Sound kept from before the speech was noticed."""
    interim_ms: int = 1_440
    """Speech from one partial transcript to the next; longer than most commands, so that a partial
    one is not being made just when the whole one is wanted."""
    hurried_pause_ms: int = 96
    """`pause_ms`, where the user speaks while the assistant does, which is held back meanwhile."""
    hurried_interim_ms: int = 400
    """`interim_ms`, there; the first one comes a little earlier."""
    hurried_seconds: float = 2.0
    """How long it is in such a hurry: by then it is clear whether there are words."""
    wordless_silence_ms: int = 224
    """Silence that ends, there, what holds no words: a cough, a hum."""
    max_turn_ms: int = 29_000
    """Longest turn; Whisper hears 30 s at most."""


_CLOSED = 0.5
"""Closure over which a statement is as good as a question: nothing more need come."""
_OPEN = 0.25
"""… under which the rules' judgement is doubted, the more …"""
_WIDE_OPEN = 0.12
"""… until it is not believed at all."""


_SOUNDS_OPEN = 0.5
"""Probability that the speaker is done, by the voice, under which nothing is over yet; …"""
_SOUNDS_CLOSED = 0.8
"""… from which it is hardly in the way; …"""
_SOUNDS_OVER = 0.93
"""… from which a word that is seldom the last one is no reason to wait long; …"""
_SURELY_OVER = 0.98
"""… and from which it is none at all."""
_ANSWER_OPEN = 0.3
"""The first, for a whole answer: of a word or two the model knows little."""


def patience(
    config: TurnConfig,
    ending: Ending | Literal["wordless"],
    closure: float | None,
    over: float | None = None,
) -> float:
    """Milliseconds of silence that end a turn.

    `ending`: what the rules say of its words. `closure`: the probability that a sentence ends with
    them. `over`: the probability that the speaker is done, by the sound of the voice. None of
    either where nobody knows.
    """
    usual = config.end_silence_ms
    doubtful = max(config.doubtful_silence_ms, usual)
    by_words = _by_words(config, ending, closure)
    if over is None or ending in ("command", "wordless", "dictated", "unfinished"):
        return by_words
    if ending == "answer":
        return by_words if over >= _ANSWER_OPEN else usual
    if ending == "doubtful":
        cleared = min(max(config.cleared_silence_ms, usual), doubtful)
        return float(np.interp(over, [_SOUNDS_CLOSED, _SOUNDS_OVER], [doubtful, cleared]))
    return float(
        np.interp(
            over,
            [_SOUNDS_OPEN, _SOUNDS_CLOSED, _SOUNDS_OVER, _SURELY_OVER],
            [
                doubtful,
                max(by_words, usual),
                min(by_words, usual),
                min(by_words, _by_words(config, ending, None)),
            ],
        )
    )


def _by_words(
    config: TurnConfig, ending: Ending | Literal["wordless"], closure: float | None
) -> float:
    usual = config.end_silence_ms
    doubtful = max(config.doubtful_silence_ms, usual)
    complete = min(config.complete_silence_ms, usual)
    match ending:
        case "wordless":
            return min(config.wordless_silence_ms, usual)
        case "command":
            return min(config.command_silence_ms, usual)
        case "doubtful" | "dictated":
            return doubtful
        case "unfinished":
            return max(config.unfinished_silence_ms, usual)
        case "answer":
            return complete
        case "complete":
            believed = complete
        case "sentence":
            believed = min(config.sentence_silence_ms, usual)
        case "unknown":
            believed = usual
    if closure is None:
        return believed
    if closure > _CLOSED:
        return complete
    return float(np.interp(closure, [_WIDE_OPEN, _OPEN], [doubtful, believed]))
