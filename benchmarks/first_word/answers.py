"""Answers as a language model invents them: plain prose of two or three sentences, no two alike."""

from __future__ import annotations

import random
from collections.abc import Iterator

_WHO = (
    """
an old sailor|my neighbour|the village baker|a patient teacher|a curious child|the night watchman
a retired engineer|the gardener next door|a young violinist|every good cook|the lighthouse keeper
a clever fox|the last ferryman|a travelling painter|the woman at the market|a careful reader
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
_DOES = (
    """
keeps a small notebook of|looks patiently after|likes to talk about|knows a great deal about
has never quite understood|tells long stories about|would give everything for|dreams quietly of
worries far too much about|has built a whole life on|once wrote a letter about|smiles at
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
_WHAT = (
    """
the changing tides|wild honey|paper boats|the first snow of winter|copper kettles|forgotten songs
ripe tomatoes|the sound of distant trains|wooden bridges|blue glass bottles|migrating geese
old railway clocks|the smell of fresh bread|tall green ferns|hand drawn maps|quiet afternoons
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
_WHY = (
    """
because the work teaches patience|although nobody has ever asked|and that is harder than it sounds
since the days are short in November|which surprises most visitors|while the kettle comes to a boil
but only when the weather turns|so the house is never really empty|as people did long before radio
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
_OPENING = (
    """
People often say that |There is a simple reason: |In most small towns |Strangely enough, |
In the north of the country |Many books tell us that |Not far from the coast |After a long winter |
Most of the time |On a clear evening |For many generations |Near the old harbour |||||
""".replace("\n", "")
    .strip()
    .split("|")
)


def invented(seed: int) -> Iterator[str]:
    """Answers without end, other ones for each seed; no sentence comes twice in a run."""
    rng = random.Random(seed)
    said: set[str] = set()
    while True:
        sentences: list[str] = []
        while len(sentences) < rng.choice((2, 2, 3)):
            sentence = _sentence(rng)
            if sentence not in said:
                said.add(sentence)
                sentences.append(sentence)
        yield " ".join(sentences)


def _sentence(rng: random.Random) -> str:
    words = (
        f"{rng.choice(_OPENING)}{rng.choice(_WHO)} {rng.choice(_DOES)} {rng.choice(_WHAT)}"
        f"{rng.choice((', ', ' '))}{rng.choice(_WHY)}"
        if rng.random() < 0.6
        else f"{rng.choice(_OPENING)}{rng.choice(_WHO)} {rng.choice(_DOES)} {rng.choice(_WHAT)}"
    )
    return f"{words[0].upper()}{words[1:]}."
