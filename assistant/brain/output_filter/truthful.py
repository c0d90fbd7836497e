"""The last look at a language model's answer, sentence by sentence: what is not the persona's to
say is left out, and what is not true is replaced by an honest sentence of the persona's own.

What comes out depends on the text alone, never on where it was cut into pieces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from assistant.brain.base import BrainError, Piece, Question, TakenBack, Waiting
from assistant.brain.output_filter.deeds import asks_for_deed, claims_deed, is_assent
from assistant.brain.output_filter.facts import (
    asks_date,
    asks_time,
    false_date,
    false_time,
    greeted_in_time,
    is_no_day,
)
from assistant.brain.output_filter.manners import is_regret, mannerly, others_turn, own_label
from assistant.brain.output_filter.own_words import OwnWords, Untruth
from assistant.brain.output_filter.personas import asks_personas, false_persona
from assistant.brain.prompt import examples, pending
from assistant.calls.parser import Malformed, ToolCall
from assistant.language.delivery.marks import leading_marks, without_marks
from assistant.language.lexicon import DAY, MONTH, PHRASE_OPENERS, either
from assistant.terminal.sanitize import PieceCleaner

_LONGEST = 600
"""Characters after which a sentence is looked at though it has no end."""
_LONGEST_QUESTION = 2_000
"""Characters of the user's words that are looked at: whoever pastes more asks at its beginning."""
_END = re.compile(r"[.!?…][.!?…\"”’'*)\]]*(?=\s)|\n")
_CLAUSE = re.compile(r"[,;:](?=\s)")
_SHORTEST_CLAUSE = 12
_FIRST_PHRASE = re.compile(
    rf"\s*(?:[\w'’-]+[ \t]+){{5,16}}?{either(PHRASE_OPENERS)}[ \t]+[\w'’-]+(?=[ \t])", re.IGNORECASE
)
"""Five words, and two that show whoever cuts speech into clauses that a phrase ends before them."""
_TELLS_NOTHING_YET = re.compile(
    r"\b(?:I|I['’]\w+|my|me|we|as|being|it|it['’]s|this|time|now|today|tomorrow|clock|done|sorry|no"
    r"|apologies|unfortunately|hello|hi|hey|greetings|welcome|yes|sure|certainly|good|your"
    r"|personas?|\w*switch\w*|please|if|how|what|let|feel|here)\b|\d"
    rf"|\b(?:{DAY}|{MONTH})\b",
    re.IGNORECASE,
)
"""Where a clause has one of these, the rest of its sentence is waited for."""
_CALL = re.compile(r"TOOL_CALL|[<{`]|\[(?!\s*/?\s*delivery\b)", re.IGNORECASE)
"""What a call that is spelled out begins with: from there on nothing is ours to judge."""
_SAME_THING = 6
"""Messages of the history in which a thing was spoken of that may be spoken of again."""

_TOO_OFTEN = 2
_NEW_QUESTION = 3
"""Blanks in words that are more than "are you sure?", so that the last answer is none to them."""
_LAST = 20
"""Messages of the history that are looked through for sentences which come again and again."""
_AGAIN = re.compile(r"\b(?:again|repeat|once more|pardon|what did you say)\b", re.IGNORECASE)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.replace("’", "'").casefold()))


def _sentences(text: str) -> list[str]:
    return [_words(each) for each in re.split(r"(?<=[.!?…])\s+|\n", text[:4_000])]


def _uttered(question: Question, asked: str) -> Counter[str]:
    """Sentences in words alone, and how often each was said: the user's own and the examples' as
    often as is too often."""
    said: Counter[str] = Counter()
    if _AGAIN.search(asked):
        return said
    shown = [answer for told, answer in examples(question.persona) if _words(told) != _words(asked)]
    for text in (*shown, asked):
        said.update(dict.fromkeys(_sentences(text), _TOO_OFTEN))
    answers = [m.text for m in question.history[-_LAST:] if m.role == "assistant"]
    for answer in answers:
        said.update(_sentences(answer))
    if answers and asked.count(" ") >= _NEW_QUESTION:
        said.update(_sentences(answers[-1]))
    return said


class AnswerCheck:
    """Feed it the words of one answer; make a new one for each. Never raises."""

    def __init__(self, question: Question, words: OwnWords, *, by_phrases: bool = True) -> None:
        """`by_phrases`: the first words of an answer may be said before their sentence is whole."""
        self.over = False
        """What follows is no part of the answer."""
        self._question = question
        self._words = words
        self._asked = pending(question)[:_LONGEST_QUESTION]
        self._orders = asks_for_deed(self._asked)
        self._label = own_label(question.persona)
        self._called = bool(question.history) and question.history[-1].role == "tool"
        """A tool was run for this turn, so that something was done."""
        self._buffer = ""
        self._held: list[str] = []
        """Sentences that are said only where another follows or a call: promises, regrets, …"""
        self._claim: Untruth | None = None
        """What they claim, where it was no call that followed."""
        self._uttered = _uttered(question, self._asked)
        self._said = False
        self._begun = ""
        """What was said already of the sentence that is judged."""
        self._gap = ""
        """Blanks before what is said next."""
        self._delivery = ""
        """Marks before it; see `language.delivery`."""
        self._wordless = True
        self._raw = False
        asks = asks_time(self._asked) or asks_date(self._asked) or asks_personas(self._asked)
        self._by_clauses = not (self._orders or asks)
        self._by_phrases = by_phrases

    def feed(self, piece: str) -> list[str]:
        """What may be said now: whole sentences."""
        if self.over:
            return []
        self._buffer += piece
        self._wordless = self._wordless and not piece.strip()
        return self._go_on(final=False)

    def called(self) -> list[str]:
        """The model calls a tool: what it claims to do is done."""
        texts = self._go_on(final=True) if self._buffer else []
        self._called = True
        return [*texts, *self._release()]

    def end(self, *, broken: bool = False) -> list[str]:
        """The rest. Where nothing would have been said, the persona says something, unless the
        answer was `broken` off."""
        texts = [] if self.over else self._go_on(final=True)
        if broken:
            return [*texts, *self._release()]
        if self._held:
            texts += self._settled()
        if not (self._said or self._called or self._wordless):
            texts += self._say(self._words.answer(self._question))
        return texts

    # -- sentences -------------------------------------------------------------------------------

    def _go_on(self, *, final: bool) -> list[str]:
        texts: list[str] = []
        while not self.over and (sentence := self._next(final=final)):
            texts += [sentence] if self._raw else self._judge(sentence)
            whole = _END.search(f"{sentence} ") or not sentence.strip()
            self._begun = "" if whole else self._begun + without_marks(sentence)
        return texts

    def _next(self, *, final: bool) -> str:
        """The next sentence that is whole, with the blanks before it; "" where there is none. Of a
        harmless one a clause."""
        if self._raw:
            text, self._buffer = self._buffer, ""
            return text
        window = self._buffer[:_LONGEST]
        start = len(leading_marks(window)) or len(window) - len(window.lstrip(" \t\r"))
        found = _END.search(window, start)
        clause = self._harmless_clause(window, start)
        if clause and (found is None or clause < found.end()):
            end = clause
        elif found is not None:
            end = found.end()
        elif len(self._buffer) > _LONGEST:
            end = window.rfind(" ") if " " in window.strip() else _LONGEST
        else:
            end = len(self._buffer) if final else 0
        text, self._buffer = self._buffer[:end], self._buffer[end:]
        return text

    def _harmless_clause(self, window: str, start: int) -> int:
        """Where a clause ends that may be said whatever the rest of its sentence is; 0: nowhere."""
        if not self._by_clauses or self._held:
            return 0
        clause = _CLAUSE.search(window, start + _SHORTEST_CLAUSE)
        phrase = None if self._said or not self._by_phrases else _FIRST_PHRASE.match(window, start)
        end = min((found.end() for found in (clause, phrase) if found is not None), default=0)
        if not end or _TELLS_NOTHING_YET.search(window, start, end):
            return 0
        return 0 if self._may_be_stale(window[start:end]) else end

    def _judge(self, sentence: str) -> list[str]:
        if self._question.tools and (call := _CALL.search(sentence)):
            before, rest = sentence[: call.start()], sentence[call.start() :]
            texts = self._judge(before) if before.strip() else self._blank(before)
            self._raw = self._called = True
            return [*texts, *self._release(), self._taken_gap() + rest]
        sentence = self._without_labels(self._without_delivery(sentence))
        if not sentence.strip():
            return self._blank(sentence)
        text, kept = mannerly(sentence)
        made_up = not self._called and is_no_day(text, self._question.now)
        if kept == "nothing" or made_up or self._is_stale(text):
            return []
        text = greeted_in_time(text, self._asked, self._question.now)
        untruth = None if self._called else self._untruth(self._begun + text)
        delivery, self._delivery = self._delivery, ""
        if untruth is not None and self._question.tools and untruth in ("deed", "persona"):
            self._held.append(delivery + text)  # a call may follow that makes it true
            self._claim = self._claim or untruth
            return []
        if untruth is not None:
            return self._correct(untruth)
        promise = self._orders and not self._called and is_assent(text)
        if promise or kept == "courtesy" or is_regret(text) or self._claim is not None:
            self._held.append(delivery + text)
            return []
        return [*self._release(), *self._say(delivery + text)]

    def _blank(self, blank: str) -> list[str]:
        if self._held:
            self._held.append(blank)
        else:
            self._gap += blank
        return []

    def _taken_gap(self) -> str:
        gap, self._gap = self._gap, ""
        return gap

    def _without_delivery(self, sentence: str) -> str:
        """A mark says nothing: what is behind it is judged, and takes it along where it is said."""
        marks = leading_marks(sentence)
        if not marks:
            return sentence
        words = sentence[len(marks) :]
        self._gap += marks[: len(marks) - len(marks.lstrip())]
        self._delivery = f"{marks.strip()} "
        return words

    def _without_labels(self, sentence: str) -> str:
        other = others_turn(sentence)
        if other is not None:
            self.over = True
            sentence = sentence[:other].rstrip()
        label = self._label.match(sentence)
        return label["blank"] + sentence[label.end() :] if label else sentence

    def _is_stale(self, sentence: str) -> bool:
        """Whether it only gives back what was said: by the user, in the prompt's examples, in this
        answer, or twice in earlier ones."""
        key = _words(sentence)
        if key.count(" ") < 2 or self._called:
            return False
        stale = self._uttered[key] >= _TOO_OFTEN
        self._uttered[key] += _TOO_OFTEN
        asked = _words(self._asked)
        return stale or (asked.count(" ") >= 3 and key.startswith(asked))

    def _may_be_stale(self, beginning: str) -> bool:
        """Whether its sentence may turn out to be one that is not given back."""
        key = _words(beginning)
        often = (said for said, times in self._uttered.items() if times >= _TOO_OFTEN)
        return any(said.startswith(key) for said in (*often, _words(self._asked)))

    def _untruth(self, sentence: str) -> Untruth | None:
        text = sentence.replace("’", "'").strip()
        question, asked = self._question, self._asked.replace("’", "'")
        names = [name for _, name in question.persona.names()]
        if false_time(text, asked, question.now):
            return "time"
        if false_date(text, asked, question.now):
            return "date"
        if false_persona(text, asked, names, question.personas):
            return "persona"
        earlier = [m.text for m in question.history[-_SAME_THING:] if m.role == "assistant"]
        known = [*question.known, *earlier]
        return "deed" if claims_deed(text, asked, known) else None

    # -- saying ----------------------------------------------------------------------------------

    def _correct(self, untruth: Untruth) -> list[str]:
        """An honest sentence in place of this one and all that hangs on it."""
        self.over = True
        self._held.clear()
        return self._say(self._words.instead(untruth, self._question))

    def _settled(self) -> list[str]:
        """What is held is the last there is."""
        if self._claim is not None:
            return self._correct(self._claim)
        held = [text for text in map(without_marks, self._held) if text.strip()]
        if self._orders and not self._called and all(is_assent(text) for text in held):
            return self._correct("deed")
        if self._said or all(is_regret(text) for text in held):
            self._held.clear()
            return []
        return self._release()

    def _release(self) -> list[str]:
        held, self._held, self._claim = self._held, [], None
        return [text for each in held for text in self._say(each)]

    def _say(self, text: str) -> list[str]:
        text = self._taken_gap() + text
        if not text.strip():
            self._gap = text
            return []
        if not self._said:
            text = text.lstrip()
        elif not text[:1].isspace():
            text = f" {text}"
        self._said = True
        said = text.rstrip()
        self._gap = text[len(said) :]  # only before something that is said
        return [said]


async def truthful(
    pieces: AsyncIterator[Piece],
    question: Question,
    words: OwnWords,
    *,
    by_phrases: bool = False,
) -> AsyncIterator[Piece]:
    """An answer, checked; `by_phrases`: see `AnswerCheck`. Closing it closes `pieces`; where these
    fail, what came is yielded before the error goes on."""
    check = AnswerCheck(question, words, by_phrases=by_phrases)
    # What acts on a terminal is known by its characters standing together, so it goes before
    # anything between them is taken out.
    cleaner = PieceCleaner()
    async with aclosing(cast("AsyncGenerator[Piece]", pieces)) as answer:
        try:
            async for piece in answer:
                match piece:
                    case str():
                        for text in check.feed(cleaner.feed(piece)):
                            yield text
                    case ToolCall() | Malformed():
                        for text in check.called():
                            yield text
                        yield piece
                    case TakenBack():
                        check = AnswerCheck(question, words, by_phrases=by_phrases)
                        cleaner = PieceCleaner()
                        yield piece
                    case Waiting():
                        yield piece
        except BrainError:
            for text in check.end(broken=True):
                yield text
            raise
    for text in (*check.feed(cleaner.close()), *check.end()):
        yield text
