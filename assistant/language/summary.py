"""Summary: the sentences of a text that say most of it, and those that are about something.

Extractive: every sentence stands in the text as it is told here. Scored by the words of matter that
the text keeps coming back to (after SumBasic: Nenkova and Vanderwende, "The impact of frequency on
summarization", 2005), so that no model is needed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.language.tokens import content

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKS = re.compile(
    r"<!--.*?-->|</?[a-zA-Z][^<>\n]{0,200}>|!\[[^\]\n]*\]\([^)\n]*\)|\[(?P<linked>[^\]\n]*)\]"
    r"\([^)\n]*\)|(?<!\w)(?P<mark>\*\*|__|\*|_)(?P<marked>\S(?:[^\n]{0,300}?\S)?)(?P=mark)(?!\w)"
)
_HEADING = re.compile(r"#{1,6}\s+(?P<words>.*?)\s*#*")
_ITEM = re.compile(r"(?:[-*+•–]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_RULE = re.compile(r"[-=*_|:+\s]+")
_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W_])|(?<=[。！？])")
_NO_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|prof|sr|jr|no|fig|vs|etc|e\.g|i\.e|cf|ca|approx|dept|inc|ltd|co)"
    r"|\b[A-Za-z]|\b[ap]\.m)\.$",
    re.IGNORECASE,
)
_LONGEST = 60
"""Words of a sentence that is told whole; what is longer is a list or no sentence."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence of a text, or one item of a list in it."""

    text: str
    words: frozenset[str]
    """Of matter; see `tokens.content`."""
    heading: frozenset[str] = frozenset()
    """The words of matter of the heading above it."""
    first: bool = False
    """It begins a paragraph or a section."""
    title: bool = False
    """It is a heading itself."""


def passages(text: str) -> list[Passage]:
    """A text's sentences in order; code, tables' rules and marks of Markdown and HTML left out."""
    found: list[Passage] = []
    heading: frozenset[str] = frozenset()
    for block, is_heading in _blocks(text):
        if is_heading:
            heading = content(block)
            found.append(Passage(block, heading, heading, True, True))
            continue
        for at, sentence in enumerate(_sentences(block)):
            found.append(Passage(sentence, content(sentence), heading, at == 0))
    return found


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Paragraphs, items of lists and headings (True), each on one line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _FENCE.sub("\n", _FRONT_MATTER.sub("", text))
    text = _CODE.sub(lambda m: m[1].replace("_", "\0"), text)
    for _ in range(2):  # one within another
        text = _MARKS.sub(lambda m: m["linked"] or m["marked"] or " ", text)
    text = text.replace("\0", "_")
    gathered: list[str] = []
    for raw in [*text.split("\n"), ""]:
        line = raw.strip().lstrip("> ")
        row = line.startswith("|")
        line = line.strip("|").strip()
        heading = _HEADING.fullmatch(line)
        underlined = bool(gathered) and len(gathered) == 1 and re.fullmatch(r"={3,}|-{3,}", line)
        item = _ITEM.match(line)
        if not line or heading or underlined or item or row or _RULE.fullmatch(line):
            if gathered:
                yield " ".join(gathered), bool(underlined)
            gathered = []
        if heading:
            if heading["words"]:
                yield heading["words"], True
        elif line and not _RULE.fullmatch(line):
            gathered.append(line[item.end() :] if item else line)


def _sentences(block: str) -> Iterator[str]:
    start = 0
    for end in _ENDS.finditer(block):
        whole = block[start : end.start()]
        if whole and not _NO_END.search(whole):
            yield block[start : end.end()].strip()
            start = end.end()
    if rest := block[start:].strip():
        yield rest


def summary(text: str, most: int = 4) -> list[str]:
    """At most so many sentences, in the order in which they stand; all of a text that has no
    more."""
    told = [each for each in passages(text) if not each.title] or passages(text)
    if len(told) <= most:
        return [each.text for each in told]
    counts = Counter(word for each in told for word in each.words)
    common = len(told) / 2 if len(told) >= 10 else len(told) + 1
    weight = {word: count for word, count in counts.items() if count <= common}
    total = sum(weight.values()) or 1
    share = {word: count / total for word, count in weight.items()}
    chosen: list[int] = []
    while len(chosen) < most:
        left = [at for at in range(len(told)) if at not in chosen]
        best = max(left, key=lambda at: _worth(told[at], share, at))
        chosen.append(best)
        for word in told[best].words & share.keys():
            share[word] *= share[word]
    return [told[at].text for at in sorted(chosen)]


def _worth(passage: Passage, share: dict[str, float], at: int) -> float:
    length = len(passage.text.split())
    known = [share[word] for word in passage.words if word in share]
    if not known:
        return 0.0
    worth = sum(known) / math.pow(
        len(known) + 4, 0.8
    )  # a few words of matter make no good sentence
    worth *= 1.5 if at == 0 else 1.15 if passage.first else 1.0
    worth *= 1.2 if passage.words & passage.heading else 1.0
    finished = passage.text.rstrip("\"'”’)]").endswith((".", "!", "…", "。"))
    return worth * (1.0 if finished else 0.6) * (0.3 if length < 4 or length > _LONGEST else 1.0)


def about(text: str, wanted: frozenset[str], most: int = 3) -> list[str]:
    """At most so many sentences on these words of matter, in the order in which they stand; none
    where it says nothing of them."""
    told = passages(text)
    rarity = _rarity(told)
    near = {word: _relatives(word, rarity) for word in wanted}
    scores = [_closeness(each, near, rarity) for each in told]
    top = max(scores, default=0.0)
    if top <= 0:
        return []
    order = sorted(range(len(told)), key=lambda at: (-scores[at], at))
    good = [at for at in order if scores[at] >= 0.6 * top][:most]
    return [told[at].text for at in sorted({_below(told, at) for at in good})]


def _below(told: Sequence[Passage], at: int) -> int:
    """What is meant by a heading: what stands below it, where anything does."""
    behind = [each for each in range(at, len(told)) if not told[each].title]
    return behind[0] if told[at].title and behind else at


def _relatives(word: str, known: dict[str, float]) -> frozenset[str]:
    """Words of the text with the same beginning: "install" and "installation"."""
    if len(word) < 5:
        return frozenset({word} & known.keys())
    return frozenset(
        each for each in known
        if each == word or (len(each) >= 5 and (each.startswith(word) or word.startswith(each)))
    )  # fmt: skip


def _rarity(told: Sequence[Passage]) -> dict[str, float]:
    counts = Counter(word for each in told for word in each.words | each.heading)
    return {word: math.log(1 + len(told) / count) for word, count in counts.items()}


def _closeness(
    passage: Passage, near: dict[str, frozenset[str]], rarity: dict[str, float]
) -> float:
    score = 0.0
    for word, relatives in near.items():
        for words, share in ((passage.words, 1.0), (passage.heading, 0.5)):
            hits = words & relatives
            if hits:
                exact = 1.0 if word in hits else 0.8
                score += share * exact * max(rarity[each] for each in hits)
                break
    return score * (0.7 if passage.title else 1.0)
