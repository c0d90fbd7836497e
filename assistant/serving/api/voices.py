"""Every persona is a voice: by its slug or its name, and by the names of OpenAI's voices, which
many programs have built in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.backends.cascade.synthesis.clauses import split_clauses
from assistant.frames import Prosody, VoiceSpec
from assistant.language.delivery.named import find_delivery
from assistant.language.delivery.prosody import NEUTRAL, limited
from assistant.personas.loading import LoadedPersonas, Persona
from assistant.serving.api.errors import ApiError
from assistant.session.turns.prosody import SentenceProsody, base_prosody
from assistant.terminal.sanitize import clean_text

OPENAI_VOICES = {
    "alloy": "plain", "ash": "tars", "ballad": "marvin", "cedar": "jarvis", "coral": "wren",
    "echo": "kitt", "fable": "c3po", "marin": "samantha", "nova": "samantha", "onyx": "hal",
    "sage": "wren", "shimmer": "glados", "verse": "tars",
}  # fmt: skip
"""Name of a voice of OpenAI's → slug of the persona that speaks in its place."""
SPEEDS = (0.25, 4.0)
"""What a client may ask for, and…"""
HEARD_SPEEDS = (0.5, 2.0)
"""…what voices can do: what lies outside is spoken at the nearest of these."""
_FIRST_CHARACTERS = 12
_PIECE_CHARACTERS = 240
"""Characters after which the next sentence is a piece of its own: about 15 s of speech."""
_WORD = re.compile(r"[\w'’]+")
_NEGATIONS = frozenset(["not", "no", "never", "don't", "dont", "without", "avoid", "nor"])
_REACH = 3
"""Words that a negation reaches."""
_MEANS_ITSELF = frozenset(["normal", "none", "soft", "dry"])
"""Words that instructions use for other things: "normal speed", "dry cough"."""


def find_persona(personas: LoadedPersonas, wanted: str) -> Persona:
    """The persona of this slug, name, or voice of OpenAI's. Raises `ApiError`, which names them."""
    wanted = wanted.strip()
    slug = personas.called(wanted) or OPENAI_VOICES.get(wanted.casefold())
    if slug is not None and slug not in personas.loaded:
        slug = next(iter(personas.loaded), None)
    if slug is None:
        shown = clean_text(wanted)[:60]
        raise ApiError(
            400,
            f"there is no voice called “{shown}”",
            f"There are {', '.join(personas.loaded)}",
            param="voice",
        )
    return personas.loaded[slug]


def delivery_in(instructions: str) -> str:
    """The named delivery that instructions ask for ("Speak in a cheerful tone"); "" for none."""
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(instructions)]
    for at, word in enumerate(words):
        denied = _NEGATIONS & set(words[max(0, at - _REACH) : at])
        found = None if word in _MEANS_ITSELF or denied else find_delivery(word)
        if found:
            return found
    return ""


@dataclass(frozen=True, slots=True)
class SpeechPiece:
    """A sentence or a few: what is rendered in one go."""

    text: str
    prosody: Prosody


@dataclass(frozen=True, slots=True)
class Speech:
    """A text as somebody is to say it."""

    pieces: list[SpeechPiece]
    voice: VoiceSpec
    rate: float = 1.0
    """Times the voice's own."""


def speech_of(
    persona: Persona,
    text: str,
    *,
    speed: float = 1.0,
    delivery: str = "",
    expressive: bool = True,
) -> Speech:
    """How this persona says it: in the delivery of this name, in those that the text itself marks,
    or else in its own. Not `expressive`: as the voice says everything, unless one is asked for."""
    asked = find_delivery(delivery) if delivery else None

    def prosody_of(name: str) -> Prosody:
        if not expressive and asked is None:
            return NEUTRAL
        return limited(base_prosody(name))

    sentences = SentenceProsody(prosody_of, asked or persona.delivery)
    parts = sentences.feed(clean_text(text), final=True)
    pieces = [SpeechPiece(piece, how) for part, how in parts for piece in _pieces(part)]
    low, high = HEARD_SPEEDS
    return Speech(pieces, persona.voice.spec(), min(max(speed, low), high))


def _pieces(text: str) -> Iterator[str]:
    """Whole sentences, the first by itself: its sound is waited for."""
    piece, longest = "", _FIRST_CHARACTERS
    for line in text.splitlines():
        joint = "\n"
        for clause in split_clauses(line):
            piece = f"{piece}{joint}{clause}" if piece else clause
            joint = " "
            over = ends_sentence(clause) or len(piece) >= 2 * _PIECE_CHARACTERS
            if over and len(piece) >= longest:
                yield piece
                piece, longest = "", _PIECE_CHARACTERS
    if piece:
        yield piece


def ends_sentence(text: str) -> bool:
    return text.rstrip("\"'”’)]*_ ")[-1:] in (".", "!", "?", "…")
