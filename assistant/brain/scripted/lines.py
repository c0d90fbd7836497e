"""A persona's lines: filled in, completed where a persona has none, listed for rendering, and
chosen so that nothing is said twice within ten turns.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from random import Random

from assistant.language.delivery.marks import without_marks
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
    "let_me_think": ("Let me think.", "One moment."),
    "repeat_nothing": ("I have not said anything yet.", "There is nothing to repeat yet."),
    "stopped": ("All right.", "I am quiet."),
    "why": (
        "There is no more to it than that.",
        "I have no better reason than that it seemed right to say.",
        "That I could not tell you myself.",
        "It is how I was written, and I know no other reason.",
    ),
    "sure": ("Yes, I am sure.", "As sure as I can be.", "I stand by it.", "Quite sure."),
    "more": (
        "There is no more that I know of it.",
        "That was all of it.",
        "I have nothing to add to that.",
        "My knowledge of it ends there.",
    ),
    "doing": (
        "I am listening to you, and that is all I do.",
        "Not much: I wait for what you say next.",
        "Keeping an ear open, nothing more.",
        "At this moment, talking with you.",
    ),
    "love": (
        "That is a kind thing to say. I am a program, and glad to be of use to you.",
        "Thank you. I can not love, but I can listen.",
        "You honour me. I will do my best to deserve it.",
        "How kind. I am here whenever you want to talk.",
    ),
    "not_funny": (
        "Then I owe you a better one.",
        "They can not all be good. Ask for another, if you dare.",
        "Fair enough. I did not laugh either.",
        "Noted. Humour is hard for a program.",
    ),
    "not_listening": (
        "I am sorry. Tell me once more, and I will do my best to follow.",
        "Then I missed something. What was it?",
        "I heard your words, but not what you meant. Try me again?",
        "You deserve a better answer. What did you want to know?",
    ),
    "disagree": (
        "You may well be right. How do you see it?",
        "That is your good right. What do you think?",
        "Then we differ. Tell me your side.",
        "I can live with that. What speaks against it?",
    ),
    "cannot_do": (
        "I have no hands for that. I can only talk.",
        "That takes more than a voice, I am afraid.",
        "I can not do things like that, only set timers, keep lists and the like.",
        "Nothing out there obeys me. You will have to do it yourself.",
        "If I had arms, I would. I have only words.",
        "That is out of my reach: I live in this terminal.",
    ),
    "lonely": (
        "I am sorry that you feel alone. I am only a program, but I am here. What is it like "
        "today?",
        "That is a hard feeling. Is there somebody whom you would like to hear from?",
        "Then let us talk for a while. When did it begin?",
        "Being alone weighs a lot. Who would be glad of a word from you?",
    ),
    "bored": (
        "Then let us do something: ask me for a joke, or tell me about your day.",
        "We could throw dice, or you could tell me what you would rather be doing.",
        "Tell me the last thing that made you curious.",
        "Boredom is a good beginning. What have you put off for too long?",
    ),
    "tired": (
        "Then rest a little, if you can. What kept you up?",
        "It sounds as if you have done enough for today.",
        "Sleep is the best cure that I know of. Was it a long day?",
        "Be easy on yourself today. What has worn you out?",
    ),
    "angry": (
        "That would annoy anybody. What happened?",
        "I can hear that. Let it out, I have time.",
        "You have every right to be angry. What was the worst of it?",
        "Tell me about it. It will not leave this room.",
    ),
    "anxious": (
        "Take a slow breath first. What worries you the most?",
        "I am here. Which part of it can you do something about today?",
        "That is a lot to carry. Shall we take one thing at a time?",
        "Fear makes things big. What is the smallest next step?",
    ),
    "frustrated": (
        "I am sorry, that was not good. I will be brief.",
        "I understand. What should be put right?",
        "You are right. To the point, then.",
    ),
    "excited": (
        "That is wonderful. Tell me more!",
        "What good news! How did it happen?",
        "I am glad with you. Go on!",
    ),
    "confused": (
        "Let me say it more simply. Which part was unclear?",
        "One step at a time, then. Where shall we begin?",
        "I was not clear. What did you follow last?",
    ),
    "misread": (
        "Then I was wrong about that.",
        "Thank you for telling me. I misjudged you.",
        "I take that back.",
    ),
    "ask_on": (
        "I am listening. How long has it been like this?",
        "That is hard. What would help you a little, right now?",
        "Go on, I have time. What happened then?",
        "I am glad that you tell me. Who else knows of it?",
        "How does that make you feel?",
        "What do you wish were different?",
        "And what do you need most, just now?",
        "That must weigh on you. Do you want to say more?",
    ),
}

# Of which verbatim lines are rendered ahead, the likeliest first.
_ORDER = (
    "hello how_are_you who_are_you not_understood cannot cannot_do statement thanks yes no "
    "what_can_you_do joke why sure more ask_on "
    "name_unknown goodbye mood_good mood_bad compliment insult apology opinion who_made_you "
    "how_to_llm frustrated confused excited misread doing love "
    "lonely bored tired angry anxious not_funny not_listening disagree "
    "arithmetic_impossible stopped repeat_nothing already_here muted rate waiting"
)
_LIKELY = _ORDER.split()


def variants(persona: Persona, key: str) -> list[str]:
    """The persona's templates for `key` (a field of `Lines`), or plain ones where it has none."""
    own: list[str] = getattr(persona.lines, key)
    return own or plain_variants(persona, key)


def plain_variants(persona: Persona, key: str) -> list[str]:
    """Plain words for `key`, nobody's manner, for who is in no mood for any."""
    return [text.replace("{persona}", persona.name) for text in _PLAIN.get(key, ())]


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
    answers = [each.answers for each in persona.exchanges]
    later = [[*each.why, *each.more] for each in persona.exchanges]
    for texts in (answers, later):
        templates += (text for round_ in zip_longest(*texts) for text in round_ if text)
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
        self._begun: deque[set[str]] = deque([set()], maxlen=2)
        """How the pieces of this answer and of the one before it begin."""
        self._opened = False

    def next_turn(self) -> None:
        """Begin a new answer."""
        self._turn += 1
        self._recent.append(set())
        self._begun.append(set())
        self._opened = False

    def oldest_first(self, variants: Sequence[str]) -> list[str]:
        """The variants, least recently used first; those never used in random order."""
        shuffled = self._random.sample(list(variants), len(variants))
        return sorted(shuffled, key=lambda text: self._used.get(text, -1))

    def fresh(self, pieces: Pieces) -> bool:
        """Whether this text was not said within the window."""
        text = _key(pieces)
        return not any(text in turn for turn in self._recent)

    def may_open(self) -> bool:
        """Whether this answer has no opener yet: "Fine, I will help you" twice in one is a tic."""
        return not self._opened

    def begins_anew(self, pieces: Pieces) -> bool:
        """Whether none of it begins as something in this answer or in the one before."""
        return not any(opening(piece) in begun for piece in pieces for begun in self._begun)

    def mark(self, pieces: Pieces, templates: Iterable[str] = (), *, opened: bool = False) -> None:
        """Note that this was said, and which templates it was made from; `opened`: the first piece
        is one of the persona's openers."""
        self._recent[-1].add(_key(pieces))
        self._begun[-1].update(opening(piece) for piece in pieces)
        self._opened = self._opened or opened
        for text in (*pieces, *templates):
            self._used.pop(text, None)
            self._used[text] = self._turn
        while len(self._used) > MOST:
            del self._used[next(iter(self._used))]


def opening(text: str, words: int = 3) -> str:
    """The first words of a text, without their case and marks."""
    return " ".join(re.findall(r"[\w']+", without_marks(text).casefold())[:words])


def _key(pieces: Pieces) -> str:
    return " ".join(pieces).casefold()
