"""Short sounds that come while the assistant speaks: a word, a hum, a cough, or what is left of its
own voice.

The sound is read as it stands out of what lies under it (`isolated`). A guess is then read once
more as a name, as a sign of listening and as a wish for silence, and is nothing where none of these
is better.
"""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.cascade.recognition.decode import (
    Decode,
    EncodedSpeech,
    Redecodes,
    bare,
    spoken,
)
from assistant.backends.cascade.recognition.log_mel import HOP
from assistant.backends.cascade.recognition.names import NameHints
from assistant.language.spoken_names import words

BRIEF_SECONDS = 1.6
"""Longest sound, silence around it included, that may be a hum."""

# Downward expansion (a noise gate with a hold time): the echo of the assistant's voice lies 10 to
# 25 dB under the user's, and its words would be read in the silences around the user's word.

_UNDER_DB = 10.0
"""Under the loudest twentieth from which a sound belongs to the background …"""
_HOLD = 12
"""… unless it lies so many blocks of 10 ms from one that does not: consonants are soft."""
_GAIN = 10 ** (-30 / 20)
_FADE = 5
"""Blocks over which the gain changes."""

_SIGNS = "Mm-hmm. Uh-huh. Yeah. Right. Okay. Hmm."
"""Said just before, as far as the decoder knows: it writes hums as hums then."""
_SIGN = re.compile(
    r"(?:(?:m+[ -]?h*m*|mhm+|u+h[ -]?h?u+h|h+m+|u+[hm]+|ye+ah?|yep|yes|right|okay|ok|oh|ah)"
    r"[ ,.-]*)+"
)
_BELIEVED = -0.6
"""Mean log probability from which a sign of listening is believed."""
_LETTERS = re.compile(r"(?:\b[a-z]\b\W*){2,}", re.IGNORECASE)
"""Of a word that is spelled no sign of listening is made."""

_STOPS = "Stop. Be quiet. Wait."
"""The same for whoever wants silence: over an echo as loud as the voice "stop" becomes "one"."""
_WISHES = (
    (re.compile(r"(?:please )?stop(?: it| talking)?"), -1.5),
    (re.compile(r"(?:be )?quiet|shut up"), -1.0),
)
"""…and the mean log probability from which each is believed. Noise is never read as "stop"; who is
wrong for once has only made the assistant fall silent."""
_HARDLY_SPEECH = 0.9
"""Whisper's probability that nobody spoke from which no wish is believed: doors and keyboards."""

_NAME_LIKE = 0.5
"""Likeness of the guess to a name from which the sound is compared with it, …"""
_NAMES = 3
"""… for so many names …"""
_AGREES = -1.4
"""… and mean log probability of the name's tokens from which it was said."""
_NO_NAME = 0.7
"""Whisper's probability that nobody spoke from which no name is believed."""


class ReadsBriefly(Redecodes, Protocol):
    """A recogniser; see `stt.Recognizer`."""

    def encode(self, audio: Float32, *, full: bool = False) -> EncodedSpeech: ...

    def decode(self, encoded: EncodedSpeech) -> Decode: ...


def read_brief(
    recognizer: ReadsBriefly, audio: Float32, names: NameHints | None
) -> tuple[Decode, EncodedSpeech]:
    """The likeliest reading of float32 [n] at 16 kHz, n up to `BRIEF_SECONDS`, and what it was
    read from; where none is believed, the plain one (see `decode.spoken`)."""
    encoded = recognizer.encode(isolated(audio))
    heard = recognizer.decode(encoded)
    if spoken(heard):
        return heard, encoded
    if names is not None and (named := _name(recognizer, encoded, heard, names)) is not None:
        return named, encoded
    whole = recognizer.encode(audio)
    if not (_LETTERS.fullmatch(heard.text) and len(set(words(heard.text))) > 1):
        aside = recognizer.hypotheses(whole, _SIGNS, 1)[0]
        if aside.avg_logprob >= _BELIEVED and _SIGN.fullmatch(bare(aside.text)):
            return aside, whole
    if heard.no_speech < _HARDLY_SPEECH and (wish := _wish(recognizer, whole)) is not None:
        return wish, whole
    return heard, encoded


def isolated(audio: Float32) -> Float32:
    """float32 [n] at 16 kHz with what lies far under its loudest part 30 dB softer."""
    blocks = audio.size // HOP
    if blocks < _FADE:
        return audio
    level = np.sqrt(np.mean(audio[: blocks * HOP].reshape(blocks, HOP) ** 2, axis=1))
    level = np.convolve(level, np.ones(3) / 3, "same")
    loudest = np.sort(level)[-max(1, blocks // 20)]
    foreground = level > loudest * 10 ** (-_UNDER_DB / 20)
    held = np.convolve(foreground.astype(np.float64), np.ones(2 * _HOLD + 1), "same") > 0.5
    gain = np.pad(np.where(held, 1.0, _GAIN), _FADE // 2, mode="edge")
    gain = np.repeat(np.convolve(gain, np.ones(_FADE) / _FADE, "valid"), HOP)
    gain = np.pad(gain, (0, audio.size - gain.size), mode="edge")
    softened: Float32 = (audio * gain).astype(np.float32)
    return softened


def _name(
    recognizer: Redecodes, encoded: EncodedSpeech, heard: Decode, names: NameHints
) -> Decode | None:
    """A persona's name, said alone, that the guess is like and the sound agrees with."""
    tokens = words(heard.text)
    if not tokens or heard.no_speech >= _NO_NAME:
        return None
    likely = [match for match in names.index.ranked(tokens)[:_NAMES] if match.score >= _NAME_LIKE]
    best: Decode | None = None
    for match in likely:
        agreed = max(
            recognizer.agreement(encoded, f"{form}.", form) for form in _forms(names, match.slug)
        )
        if agreed >= _AGREES and (best is None or agreed > best.avg_logprob):
            best = Decode(f"{match.name}.", heard.no_speech, agreed)
    return best


def _forms(names: NameHints, slug: str) -> list[str]:
    """What this persona is called: her name, and her aliases."""
    entry = next(entry for entry in names.index.names if entry.slug == slug)
    return [entry.name, *entry.aliases]


def _wish(recognizer: Redecodes, encoded: EncodedSpeech) -> Decode | None:
    """A wish for silence, if the sound may be one."""
    read = recognizer.hypotheses(encoded, _STOPS, 3)[0]
    for wish, least in _WISHES:
        if wish.fullmatch(bare(read.text)) and read.avg_logprob >= least:
            return read
    return None
