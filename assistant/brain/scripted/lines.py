"""A persona's lines: filled in, completed where a persona has none, listed for rendering, and
chosen so that nothing is said twice within ten turns.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from random import Random

from assistant.personas.loading import Persona

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NO_USER = re.compile(r"^\{user\}[,.]?\s*|,?\s*\{user\}(?=\s*[,.!?;:]|$)|\{user\},?\s*")

# For personas whose file leaves a key out: plain words, nobody's manner.
_PLAIN: Mapping[str, tuple[str, ...]] = {
    "openers": ("Certainly.", "Of course.", "Let me see.", "Gladly.", "Here you are."),
    "hello": ("Hello.", "Hello there.", "Good to hear you.", "Hi. I am listening."),
    "how_are_you": ("I am well, thank you.", "All is well here.", "Very well. And you?"),
    "who_are_you": ("I am {persona}, your companion in this terminal.", "My name is {persona}."),
    "who_made_you": ("I am free software, made by people who like to talk to their machines.",),
    "what_can_you_do": (
        "I can tell the time and the date, work out sums, remember what you tell me, and become "
        "somebody else when you say: change to, and a name.",
        "Ask me for the time, a sum or a joke, tell me things to remember, or say: which personas "
        "are there.",
    ),
    "time": ("It is {time}.", "The time is {time}.", "My clock says {time}."),
    "date": ("It is {date}.", "Today is {date}.", "The calendar says {date}."),
    "name_learned": ("Pleased to meet you, {user}.", "I will call you {user}.", "Hello, {user}."),
    "name_known": ("You are {user}.", "Your name is {user}.", "You told me: {user}."),
    "name_unknown": ("You have not told me your name.", "I do not know your name yet."),
    "fact_learned": ("I will remember: {fact}.", "Noted: {fact}.", "So {fact}."),
    "fact_known": ("You told me that {fact}.", "As far as I know, {fact}.", "I remember: {fact}."),
    "fact_unknown": (
        "You have not told me about {subject}.",
        "I know nothing about {subject} yet.",
    ),
    "arithmetic": ("That makes {result}.", "It is {result}.", "The answer is {result}."),
    "arithmetic_impossible": ("That sum has no answer I could say.", "That can not be worked out."),
    "joke": (
        "My clock and I had an argument. It was only a matter of time.",
        "I would tell you a joke about silence, but it never comes out right.",
        "A byte walked into a bar and asked for a bit more.",
        "I tried to count to infinity. I will let you know.",
    ),
    "mood_good": ("I am glad to hear it.", "That is good to hear.", "Long may it last."),
    "mood_bad": ("I am sorry to hear that.", "That sounds hard.", "I hope it gets better soon."),
    "compliment": ("Thank you, that is kind.", "You are very kind.", "I am glad you think so."),
    "insult": ("I will try to do better.", "That is fair to say.", "I am sorry to displease you."),
    "thanks": ("You are welcome.", "With pleasure.", "Any time.", "Do not mention it."),
    "apology": ("No harm done.", "It is forgotten.", "Do not worry about it."),
    "goodbye": ("Goodbye.", "Until next time.", "See you soon.", "Take care."),
    "yes": ("Good.", "Very well.", "All right.", "Understood."),
    "no": ("As you like.", "All right, then not.", "That is fine."),
    "opinion": (
        "I have no tastes of my own, I am a small program.",
        "I would need a larger mind to have an opinion on that.",
        "I leave the judging to you.",
    ),
    "cannot": (
        "I do not know that. For such things I would need a language model.",
        "That is beyond me without a language model.",
        "I can not help with that yet.",
        "I would have to guess, and I would rather not.",
        "I can not answer that by myself.",
        "That is more than I can do at the moment.",
    ),
    "how_to_llm": (
        "Start Ollama or another local model server on this machine, and I will find it.",
        "Run a local language model, for example with Ollama, or set its address in the settings.",
    ),
    "not_understood": (
        "I did not understand that.",
        "Could you say that another way?",
        "I am not sure what you mean.",
        "Say that again, please?",
        "That went past me.",
        "I did not catch that.",
    ),
    "statement": (
        "I see.",
        "I am listening.",
        "Go on.",
        "Is that so?",
        "Tell me more.",
        "Thank you for telling me.",
    ),
    "waiting": ("One moment.", "Let me think about that.", "Give me a moment, please."),
    "repeat_nothing": ("I have not said anything yet.", "There is nothing to repeat yet."),
    "stopped": ("All right.", "I am quiet."),
}

# Of which verbatim lines are rendered ahead, the likeliest first.
_ORDER = (
    "hello how_are_you who_are_you not_understood cannot statement thanks yes no what_can_you_do "
    "joke "
    "name_unknown goodbye mood_good mood_bad compliment insult apology opinion who_made_you "
    "how_to_llm "
    "arithmetic_impossible stopped repeat_nothing already_here muted rate waiting"
)
_LIKELY = _ORDER.split()


def variants(persona: Persona, key: str) -> list[str]:
    """The persona's templates for `key` (a field of `Lines`), or plain ones where it has none."""
    own: list[str] = getattr(persona.lines, key)
    return own or [text.replace("{persona}", persona.name) for text in _PLAIN.get(key, ())]


def fill(template: str, persona: Persona, values: Mapping[str, str], user: str = "") -> str | None:
    """The template with its placeholders filled; None where one has no value.

    `{user}` becomes the user's name, else the persona's form of address, else it goes, with its
    comma: "Good day, {user}." → "Good day.".
    """
    known = dict(values)
    address = user or persona.lines.address
    if address:
        known.setdefault("user", address)
    elif "user" not in known:
        template = _NO_USER.sub("", template)
    if any(name not in known for name in _PLACEHOLDER.findall(template)):
        return None
    text = _PLACEHOLDER.sub(lambda match: known[match.group(1)], template).strip()
    return re.sub(
        r"(^|[.!?]\s+)([^\W\d_])", lambda match: match.group(1) + match.group(2).upper(), text
    )


def known_lines(persona: Persona, user: str = "") -> list[str]:
    """Every text that may be spoken as a piece of its own, word for word, the likeliest first.

    Templates that name only the user are filled with `user`, or with the persona's form of address.
    """
    groups = [variants(persona, key) for key in _LIKELY]
    # A first variant of everything before a second of anything: choice can wait, an answer not.
    rounds = (text for round_ in zip_longest(*groups) for text in round_ if text)
    templates = [*variants(persona, "openers"), *rounds]
    for key in ("reintroductions", "greetings"):
        templates += persona.openings(key, again=True)
    filled = (fill(template, persona, {}, user) for template in templates)
    return list(dict.fromkeys(text for text in filled if text))


WINDOW = 10
"""Answers within which no text comes back."""
MOST = 4_096
"""Texts of which it is known when they were used; there are fewer templates, but answers that
repeat what was said are all different."""

Pieces = tuple[str, ...]
"""An answer as the sentences it is spoken in."""


class Chooser:
    """Picks the variant that was used longest ago; deterministic for a seeded `random`.

    An answer may be made of several picks (a greeting, then the time): each counts by itself, and
    `next_turn` closes the answer.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._turn = 0
        self._used: dict[str, int] = {}
        self._recent: deque[set[str]] = deque([set()], maxlen=WINDOW)

    def next_turn(self) -> None:
        """Begin a new answer."""
        self._turn += 1
        self._recent.append(set())

    def oldest_first(self, variants: Sequence[str]) -> list[str]:
        """The variants, least recently used first; those never used in random order."""
        shuffled = self._random.sample(list(variants), len(variants))
        return sorted(shuffled, key=lambda text: self._used.get(text, -1))

    def fresh(self, pieces: Pieces) -> bool:
        """Whether this text was not said within the window."""
        text = _key(pieces)
        return not any(text in turn for turn in self._recent)

    def mark(self, pieces: Pieces, templates: Iterable[str] = ()) -> None:
        """Note that this was said, and which templates it was made from."""
        self._recent[-1].add(_key(pieces))
        for text in (*pieces, *templates):
            self._used.pop(text, None)
            self._used[text] = self._turn
        while len(self._used) > MOST:
            del self._used[next(iter(self._used))]


def _key(pieces: Pieces) -> str:
    return " ".join(pieces).casefold()
