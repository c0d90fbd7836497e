"""Deliveries in a text: nothing raises, no cutting changes what is said or how, no word is lost."""

from __future__ import annotations

import re

from assistant.language.delivery.marks import DeliveryMarks
from assistant.language.delivery.text import TextProsody
from assistant.session.event_bus import EventBus
from assistant.session.turns.prosody import AnswerDelivery

NAME = "delivery"
SEEDS = [
    text.encode()
    for text in (
        "\x03[delivery: dry] Good day. [/delivery] And you?",
        '\x01[ Delivery = "sad" ]Hm… (not that it matters). [delivery: exc',
        "\x07The train — so they say — is late! [delivery address] [[delivery: x]]",
        "\x0f[delivery: [delivery: warm] Well... A—B—C (a (b) c) ?!",
    )
]


def one(data: bytes) -> None:
    """The first byte says where the rest is cut. Raises only on a fault."""
    step = data[0] % 16 + 1 if data else 1
    text = data[1:].decode("utf-8", "replace")
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert _said(pieces) == _said([text])
    marks = DeliveryMarks()
    words = "".join(i for i in [*marks.feed(text), *marks.finish()] if isinstance(i, str))
    spoken = " ".join(part for part, _ in TextProsody().parts(words))
    assert re.findall(r"\w+", spoken) == re.findall(r"\w+", words)


def _said(pieces: list[str]) -> list[tuple[str, object]]:
    """Every character that is said, with its prosody; blanks belong to nobody."""
    sentences = AnswerDelivery(EventBus(lambda: 0.0)).begin("jarvis")
    parts = [part for piece in pieces for part in sentences.feed(piece)]
    parts += sentences.feed("", final=True)
    return [(char, how) for text, how in parts for char in text if not char.isspace()]
