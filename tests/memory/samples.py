"""Journals of every kind for the tests of memory."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from assistant.memory.base import CATEGORIES, Claim, Journal, Memory, Turn

ZONE = timezone(timedelta(hours=1))
BEGAN = datetime(2026, 11, 21, 19, 5, 3, tzinfo=ZONE)
ID = "2026-11-21T190503-jarvis"

awkward = st.sampled_from(
    [
        "---", "- a", "\n- b", "# c", "\n## What was said\n", "## Not understood", "\\", "\\\\n",
        "&#10;", "&amp;", "(personal; turn 1)", "\n(personal; no 2)", "1. **You** (19:05:03): x",
        "\n2. **You** (19:05:03): x", "C:\\Users", "`", "**", "|", ";", ",", '"', "'", "\r\n", "\n",
        "\n\n", " ", "\t", "\u2028", "\x85", "\x00", "\ufeff", "[", "]", ": ", "no 1", "<!--", "ß",
        "\xa0", "\u3000", "## ",
    ]
)  # fmt: skip
anything = st.text(st.characters(), max_size=12)
texts = st.lists(st.one_of(awkward, anything), max_size=5).map("".join)
words = texts.filter(bool)
times = st.integers(0, 200_000).map(lambda seconds: BEGAN + timedelta(seconds=seconds))
slugs = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,6}", fullmatch=True)


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    journal = Journal(
        id=ID,
        began=BEGAN,
        persona=draw(slugs),
        who=draw(texts),
        ended=draw(st.none() | times),
        topics=draw(st.lists(texts, max_size=3)),
        mood=draw(texts),
        commitments=draw(st.lists(texts, max_size=3)),
    )
    sides = st.sampled_from(["user", "agent"])
    names = st.one_of(st.just("You"), st.just(journal.who), texts)
    for number in draw(st.lists(st.integers(1, 999), max_size=4, unique=True)):
        journal.turns.append(
            Turn(number, draw(sides), draw(names), draw(texts), draw(times))
        )  # fmt: skip
    claims = st.none() | st.builds(Claim, texts, texts, texts)
    for number in range(1, draw(st.integers(0, 4)) + 1):
        id = draw(st.sampled_from([f"{ID}/{number}", f"elsewhere;/{number}"]))
        journal.memories.append(
            Memory(
                id=id,
                text=draw(texts),
                category=draw(st.sampled_from(CATEGORIES)),
                at=draw(times),
                persona=draw(slugs),
                turn=draw(st.integers(0, 20)),
                journal=ID,
                confidence=draw(st.floats(0, 1)),
                people=tuple(draw(st.lists(words, max_size=2))),
                topics=tuple(draw(st.lists(words, max_size=2))),
                claim=draw(claims),
                replaced_by=draw(st.sampled_from(["", f"{ID}/9", "2025-01-01T000000-x/3"])),
            )
        )
    return journal


def said(number: int, text: str, *, agent: str = "", seconds: int = 0) -> Turn:
    at = BEGAN + timedelta(seconds=seconds or 6 * number)
    return Turn(number, "agent" if agent else "user", agent or "You", text, at)


def kept(number: int, text: str, turn: int = 1, journal: str = ID, **more: object) -> Memory:
    values: dict[str, object] = {"category": "personal", "at": BEGAN, "persona": "jarvis"} | more
    return Memory(f"{journal}/{number}", text, turn=turn, journal=journal, **values)  # type: ignore[arg-type]


def parrot() -> Journal:
    """A conversation of four turns, of which two mattered."""
    return Journal(
        id=ID,
        began=BEGAN,
        persona="jarvis",
        who="Ada",
        ended=BEGAN + timedelta(minutes=2),
        topics=["parrots", "the talk"],
        mood="cheerful",
        commitments=["Ada gives a talk on Friday"],
        turns=[
            said(1, "My parrot is called Picasso."),
            said(2, "Picasso: a painter's name!", agent="Jarvis"),
            said(3, "On Friday I give a talk."),
            said(4, "I wish you luck.", agent="Jarvis"),
        ],
        memories=[
            kept(
                1,
                "Ada's parrot is called Picasso.",
                1,
                at=BEGAN + timedelta(seconds=6),
                confidence=0.9,
                topics=("pets",),
                claim=Claim("user", "parrot's name", "Picasso"),
            ),
            kept(
                2, "Ada gives a talk on Friday.", 3, at=BEGAN + timedelta(seconds=18),
                category="temporal",
            ),
        ],
    )  # fmt: skip
