"""What the user has asked to be remembered, and what is known of them.

`remember` returns the bare fact, said to "you", which is what the personas' lines want.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from assistant.language.command_patterns import SpokenCommand
from assistant.language.intents import is_yes
from assistant.language.person import first_person, second_person
from assistant.memory.base import Memory, MemoryFailure
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.extraction.candidates import Candidate, RefusedCandidate
from assistant.memory.extraction.clauses import sentences_of
from assistant.memory.service import MemoryService
from assistant.memory.told import as_of, once, unrepeated
from assistant.memory.unwritten import PRIVATE, for_now, not_written
from assistant.tools.registry import Tool, ToolError, ToolReply, tool

T = TypeVar("T")
SAID = 4
"""Memories that are read out; more is a lecture."""


class Besides(Protocol):
    """What is kept beside memory, and goes with everything: lists, timers."""

    def named(self) -> list[str]: ...

    def clear(self) -> None:
        """Raises `ToolError`."""


class PendingDeletion:
    """The question that `forget` has left open; `besides` is what goes with everything."""

    def __init__(self, besides: Besides | None = None) -> None:
        self.besides = besides
        self.what = ""
        self.deletion: DeletionPreview | None = None

    def answered(self, text: str) -> SpokenCommand | None:
        """The call that a plain yes stands for; anything else closes the question."""
        if self.deletion is None:
            return None
        if is_yes(text):
            return SpokenCommand("forget", {"what": self.what, "confirmed": True})
        self.what, self.deletion = "", None
        return None


def memory_tools(memory: MemoryService, asked: PendingDeletion) -> list[Tool]:
    """`remember`, `recall`, `forget` and `what_do_you_know_about_me`, bound to one session."""

    @tool()
    async def remember(text: str) -> ToolReply:
        """Remember something that the user asks you to keep for later conversations.

        Args:
            text: What to remember, in the user's own words, like "my parrot is called Picasso".
        """
        if not memory.has_said(text):
            raise ToolError("The user said nothing of the kind; nothing was kept.")
        fact = first_person(text, memory.recorder.who)
        if memory.private:
            return _for_now(memory, fact, PRIVATE)
        try:
            outcomes = await memory.remember(fact)
        except MemoryFailure as error:
            memory.report(error)
            return _for_now(memory, fact, not_written(error))
        refused = [each for each in outcomes if isinstance(each, RefusedCandidate)]
        if refused:
            raise ToolError(refused[0].sentence(), spoken=refused[0].sentence())
        drafts = [each for each in outcomes if isinstance(each, Candidate)]
        if not drafts:
            raise ToolError("I am not sure what to remember there. Please say it in one sentence.")
        who = memory.recorder.who
        return ToolReply(_joined([second_person(each.text, who) for each in drafts]))

    @tool()
    async def recall(query: str) -> str:
        """Look up what the user told you in earlier conversations.

        Args:
            query: What to look for, like "parrot" or "holiday last year".
        """
        found = await _possible(memory, memory.search(query))
        shown = unrepeated(memory.recall.worth_saying(found, query))[:SAID]
        if not shown:
            return f"I remember nothing about {_to_you(query)}."
        who = memory.recorder.who
        lines = [
            _told(hit.memory, who) if hit.memory else f"you said: {hit.text.rstrip('.')}"
            for hit in shown
        ]
        return f"You told me that {_joined(lines)}."

    @tool(destroys=True)
    async def forget(what: str, confirmed: bool = False) -> str | ToolReply:
        """Forget what the user wants forgotten, for good. Asks back before more than one goes.

        Args:
            what: What to forget: "my parrot", a person, a topic, "everything", or "that".
            confirmed: The user has answered yes to the question which this tool asked.
        """
        deletion = asked.deletion if confirmed and is_yes(memory.last_words) else None
        if deletion is None:
            noted = memory.forget_noted(what)
            deletion = await _possible(memory, memory.deletion(what))
            asked.what, asked.deletion = "", None
            also = asked.besides.named() if asked.besides and deletion.everything else []
            if also:
                asked.what, asked.deletion = what, deletion
                question = _question(deletion.memories, memory.recorder.who, also)
                return ToolReply(question, spoken=question)
            if not deletion.ids and noted:
                return "It is forgotten."
            if not deletion.ids:
                return f"There was nothing to forget about {_to_you(what)}."
            if len(deletion.memories) > 1 or deletion.everything:
                asked.what, asked.deletion = what, deletion
                question = _question(deletion.memories, memory.recorder.who)
                # Said word for word: a "yes" must not answer another question of a model's.
                return ToolReply(question, spoken=question)
        asked.what, asked.deletion = "", None
        if deletion.ids:
            await _possible(memory, memory.forget(deletion))
        if deletion.everything and asked.besides is not None:
            asked.besides.clear()
        count = len(deletion.memories)
        return "It is forgotten." if count <= 1 else f"All {count} are forgotten."

    @tool()
    async def what_do_you_know_about_me() -> str:
        """Tell the user what you remember about them."""
        known = once(await _possible(memory, memory.known()))
        if not known:
            return "I know nothing about you yet. Tell me what I should remember."
        who = memory.recorder.who
        best = sorted(known, key=lambda each: -each.confidence)[: 2 * SAID]
        told = _joined([_told(each, who) for each in best])
        more = len(known) - len(best)
        rest = f" And {more} more things; assistant memory list shows them all." if more else ""
        return f"I know that {told}.{rest}"

    return [remember, recall, forget, what_do_you_know_about_me]


def _question(memories: Sequence[Memory], who: str, also: Sequence[str] = ()) -> str:
    if also:
        rest = " and ".join(also)
        return f"Shall I forget every conversation that we had, and {rest} as well?"
    if not memories:
        return "Shall I forget every conversation that we had?"
    told = _joined([_told(each, who) for each in memories[:SAID]])
    more = len(memories) - SAID
    rest = f", and {more} more" if more > 0 else ""
    return f"That is {len(memories)} things: {told}{rest}. Shall I forget them all?"


def _told(memory: Memory, who: str) -> str:
    return second_person(as_of(memory, who, datetime.now().astimezone().date()), who)


def _joined(sentences: Sequence[str]) -> str:
    plain = [each.rstrip(".") for each in sentences]
    if len(plain) < 2:
        return "".join(plain)
    return f"{', '.join(plain[:-1])}, and that {plain[-1]}"


def _to_you(words: str) -> str:
    return second_person(words.replace("my ", "your ").replace("I ", "you "))


def _for_now(memory: MemoryService, fact: str, why: str) -> ToolReply:
    memory.note(fact)
    told = for_now(second_person(fact), why)
    return ToolReply(f"Not kept beyond this conversation. {told}", spoken=told)


async def _possible(memory: MemoryService, work: Awaitable[T]) -> T:
    """What comes of it; a store that fails is an answer, too. Names of files are not spoken: the
    screen shows them."""
    try:
        return await work
    except MemoryFailure as error:
        memory.report(error)
        told = f"I am afraid that did not work: {error.spoken.rstrip('.')}."
        raise ToolError(told, spoken=told) from None


# Spoken requests to memory: "remember that …", "forget my parrot", "what do you know about me".

_POLITE = re.compile(
    r"^(?:(?:please|hey|hi|okay|ok|so|well|now|and|then|actually|(?:can|could|would|will) you|"
    r"i want you to|i would like you to|you (?:can|should|may))\b,? *)+",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?:,? *\b(?:please|again|now|for me|thanks|thank you|okay))+$", re.IGNORECASE)
_ABOUT_ME = re.compile(
    r"(?:so )?what (?:else )?(?:do|did|have) you (?:still )?(?:know|remember|learn|learned|learnt|"
    r"have)(?: so far)? (?:about|of|on) (?:me|us)(?: so far)?"
    r"|what (?:have|did) i (?:ever )?(?:tell|told) you(?: about (?:me|myself))?(?: so far)?"
    r"|tell me (?:everything|all|what) (?:that )?you (?:know|remember) about me"
    r"|(?:do you )?(?:know|remember) (?:anything|something) about me",
    re.IGNORECASE,
)
_RECALL = re.compile(
    r"(?i:what (?:do|did) you (?:still )?(?:know|remember) about|(?:do you|can you) (?:still )?"
    r"remember|remind me (?:about|of)|what (?:did|have) i (?:tell|told|say|said)(?: to)?(?: you)? "
    r"about|tell me what you (?:know|remember) about) "
    r"(?P<query>(?i:my|our) .{2,60}|[A-Z][\w' -]{1,40})",
)
_FORGET = re.compile(
    r"(?:forget|erase|delete|remove|wipe)(?: (?:about|all about))? "
    r"(?P<what>that|this|what i (?:just )?(?:said|told you)|my name"
    r"|everything(?: (?:that )?(?:about me|you know(?: about me)?|i (?:ever )?told you))?|me|"
    r"all(?: of (?:it|that))?|all (?:your )?memories|(?:about )?(?:my|our) .{2,60})",
    re.IGNORECASE,
)
_FORGET_ABOUT = re.compile(
    r"(?:forget|erase|delete|remove|wipe) (?:that (?P<fact>i .{3,80}|my .{3,80})|(?:everything|all|"
    r"anything|what)(?: (?:that )?(?:you (?:know|remember)|i (?:told|said)(?: to)?(?: you)?))? "
    r"about (?P<what>.{2,60}))",
    re.IGNORECASE,
)


def memory_call(text: str) -> SpokenCommand | None:
    """The call to memory that a turn asks for, if it does."""
    # Its grammar takes a tenth of a second to load, which the start does not have; see `the_rules`.
    from assistant.memory.extraction.rules import asked_to_remember

    sentences = sentences_of(text)
    for sentence in sentences:
        if rest := asked_to_remember(sentence):
            return SpokenCommand("remember", {"text": rest})
    if len(sentences) != 1:
        return None
    words = _TAIL.sub("", _POLITE.sub("", sentences[0].rstrip(" .!?…")))
    if _ABOUT_ME.fullmatch(words):
        return SpokenCommand("what_do_you_know_about_me")
    if match := _RECALL.fullmatch(words):
        return SpokenCommand("recall", {"query": match["query"]})
    if match := _FORGET_ABOUT.fullmatch(words):
        return SpokenCommand("forget", {"what": match["fact"] or match["what"]})
    if match := _FORGET.fullmatch(words):
        return SpokenCommand("forget", {"what": match["what"].removeprefix("about ")})
    return None
