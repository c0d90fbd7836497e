"""Responses outside of the conversation (OpenAI, "Create responses outside the default
conversation"): a client has a text read, asks what was meant, sums up; nothing of it is remembered,
and an answer in the conversation goes on meanwhile."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import cast

from assistant.brain.base import Brain, Message, Piece, Question, TakenBack
from assistant.brain.choose import FallbackBrain
from assistant.brain.scripted import ScriptedBrain
from assistant.calls.answer_parser import AnswerParser
from assistant.calls.parser import Item, PlainText, ToolCall
from assistant.errors import AssistantError
from assistant.personas.loading import Persona
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import in_words
from assistant.serving.api.voices import Speech, speech_of
from assistant.serving.conversations import LONGEST_ANSWER, MOST_CHARACTERS
from assistant.serving.realtime.protocol import EventError, Json, new_id
from assistant.serving.realtime.response_requests import ResponseRequest
from assistant.serving.realtime.responses import Items, Responses, Send, text_of_item
from assistant.serving.realtime.settings import FunctionTool, SessionSettings
from assistant.terminal.sanitize import PieceCleaner

log = logging.getLogger(__name__)

MOST = 4
"""Under way at a time."""
_MOST_MESSAGES = 100
"""That a brain is shown."""
_TURN = 0
"""Each has one."""
_SAY = re.compile(
    r"\b(?:say|read|speak|repeat|recite|announce|pronounce|vocali[sz]e)\b", re.IGNORECASE
)
_ASKS_TO_SAY = re.compile(
    rf"{_SAY.pattern}(?P<how>(?:[^:.!?\n]|:(?=\d))*):\s*(?P<words>.+)", re.IGNORECASE | re.DOTALL
)
_THIS = re.compile(r"\b(?:this|these|the following)\b", re.IGNORECASE)
_EXACTLY = re.compile(
    r"\b(?:exact(?:ly)?|verbatim|word[- ]for[- ]word|faithful(?:ly)?|literally|unchanged"
    r"|text[- ]to[- ]speech|nothing else|as (?:it is|is|they are|written|given)"
    r"|without (?:any )?chang(?:es?|ing))\b",
    re.IGNORECASE,
)
_QUOTES = "\"'“”„«»`"


@dataclass(frozen=True, slots=True)
class Said:
    """What a response says, and which of the client's functions it calls."""

    text: str
    calls: tuple[ToolCall, ...] = ()


class OutOfBandResponses:
    """Belongs to one connection."""

    def __init__(self, service: SpeechService, send: Send) -> None:
        self._service = service
        self._send = send
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._asked = False

    @property
    def was_asked(self) -> bool:
        """For any, so far."""
        return self._asked

    def say(self, request: ResponseRequest, settings: SessionSettings, persona: Persona) -> bool:
        """Whether it only wants words said, which need nobody to think of them: they are. Raises
        `EventError` where too many are under way."""
        words = words_to_say(request)
        if not words:
            return False

        async def known() -> Said:
            return Said(words)

        self._begin(request, settings, persona, known)
        return True

    def answer(
        self,
        request: ResponseRequest,
        items: Items,
        settings: SessionSettings,
        persona: Persona,
        brain: Brain | None,
    ) -> None:
        """Answer what is asked in a conversation of these items and settings, in the background.
        Raises `EventError` where there is nothing to answer, too many are under way, or only a
        language model could answer and there is none."""
        if isinstance(brain, FallbackBrain):
            brain = brain.model  # the client's instructions hold, and none of our rules
        if brain is None or isinstance(brain, ScriptedBrain):
            raise EventError(
                "no language model answers here: outside of the conversation only words that are "
                "to be said exactly as they are can be had",
                code="no_language_model",
            )
        tools = settings.tools if request.tools is None else request.tools
        asked = instructed(persona, request.instructions)
        question = _question(request, items, asked, tools)
        self._begin(request, settings, persona, partial(_thought, brain, question))

    def _begin(
        self,
        request: ResponseRequest,
        settings: SessionSettings,
        persona: Persona,
        think: Callable[[], Awaitable[Said]],
    ) -> None:
        if len(self._under_way) >= MOST:
            raise EventError(
                f"{MOST} responses outside of the conversation are the most at a time",
                code="rate_limit_exceeded", kind="rate_limit_error",
            )  # fmt: skip
        self._asked = True
        speaks = (request.modality or settings.modality) == "audio"
        nowhere = Items(lambda event: None)
        responses = Responses(self._send, nowhere, spoken=lambda: speaks, out_of_band=True)
        responses.metadata = request.metadata
        response = responses.begin(turns={_TURN})
        speed = settings.speed if speaks else None
        work = self._respond(responses, think, persona, speed)
        task = asyncio.create_task(work, name="out-of-band")
        self._under_way[response.id] = task
        task.add_done_callback(lambda done: self._under_way.pop(response.id, None))

    def cancel(self, response: str) -> bool:
        """Whether there was one of this identity."""
        task = self._under_way.get(response)
        return task is not None and task.cancel()

    def close(self) -> None:
        for task in self._under_way.values():
            task.cancel()

    async def _respond(
        self,
        responses: Responses,
        think: Callable[[], Awaitable[Said]],
        persona: Persona,
        speed: float | None,
    ) -> None:
        """`speed`: of its voice; None: it is written only."""
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                said = await think()
                responses.text(_TURN, said.text)
                if speed is not None:
                    await self._speak(responses, speech_of(persona, said.text, speed=speed))
        except asyncio.CancelledError:
            responses.finish("cancelled", "client_cancelled")
            raise
        except TimeoutError:
            responses.fail("no answer came in time")
        except AssistantError as error:
            responses.fail(in_words(error))
        except Exception:
            log.exception("a response outside of the conversation")
            responses.fail("something unexpected happened; the server's log tells more")
        else:
            responses.end_turn(_TURN, whole=True)
            for call in said.calls:
                responses.call(new_id("call"), call.name, dict(call.arguments))
            responses.finish("completed")

    async def _speak(self, responses: Responses, speech: Speech) -> None:
        async with aclosing(self._service.speak(speech)) as sounds:
            async for sound in sounds:
                responses.sound(_TURN, None, sound)


async def _thought(model: Brain, question: Question) -> Said:
    """What the language model says, once all of it is there: a model that reasons may take back
    what it has written."""
    names = [tool["name"] for tool in question.tools]
    parser, cleaner = AnswerParser(names), PieceCleaner()
    text, calls = "", dict[str, ToolCall]()

    def take(items: Sequence[Item]) -> None:
        nonlocal text
        for item in items:
            if isinstance(item, PlainText):
                text += item.text
            elif isinstance(item, ToolCall) and item.name in names:
                calls.setdefault(item.name, item)  # some servers send a call both ways

    answer = cast("AsyncGenerator[Piece]", model.answer(question))
    async with aclosing(answer) as pieces:
        async for piece in pieces:
            if isinstance(piece, str):
                take(parser.feed(cleaner.feed(piece)))
            elif isinstance(piece, ToolCall):
                take([piece])
            elif isinstance(piece, TakenBack):
                parser, cleaner, text = AnswerParser(names), PieceCleaner(), ""
    take([*parser.feed(cleaner.close()), *parser.finish()])
    return Said(text.strip(), tuple(calls.values()))


def instructed(persona: Persona, instructions: str | None) -> Persona:
    """With these instructions as its manner; None: as it is."""
    if instructions is None or not instructions.strip():
        return persona
    prompt = persona.prompt.model_copy(update={"personality": instructions.strip()})
    return persona.model_copy(update={"prompt": prompt})


def words_to_say(request: ResponseRequest) -> str:
    """What is to be said as it is: "Say exactly: …", "Say this to the user: …", or the input, where
    it is to be read word for word. "" where something else is asked."""
    instructions = request.instructions or ""
    exactly = _EXACTLY.search(instructions) is not None
    asks, said = _ASKS_TO_SAY.search(instructions), ""
    if asks is not None and (exactly or _THIS.search(asks["how"])):
        said = asks["words"].strip().strip(_QUOTES).strip()
    elif exactly and _SAY.search(instructions) and request.input:
        said = text_of_item(request.input[-1])
    return said[:MOST_CHARACTERS]


def _question(
    request: ResponseRequest, items: Items, persona: Persona, tools: Sequence[FunctionTool]
) -> Question:
    """Raises `EventError` where there is nothing to answer, or an item is not there."""
    said = _messages(request.input, items)
    text = said.pop().text if said and said[-1].role == "user" else request.instructions or ""
    if not text.strip():
        raise EventError("there is nothing to answer", code="nothing_to_answer")
    schemas = [each.schema() for each in tools]
    return Question(text[:MOST_CHARACTERS], persona, said, schemas)


def _messages(wanted: Sequence[Json] | None, items: Items) -> list[Message]:
    """What a brain is shown of these items; None: of the whole conversation."""
    found = items.all() if wanted is None else [_found(each, items) for each in wanted]
    messages = []
    for item in found:
        role, text = item.get("role"), text_of_item(item)
        if text and role in ("user", "assistant"):
            messages.append(Message("user" if role == "user" else "assistant", text))
        elif text and role == "system" and wanted is not None:
            messages.append(Message("user", text))
    return messages[-_MOST_MESSAGES:]


def _found(item: Json, items: Items) -> Json:
    if item["type"] == "message":
        return item
    named = item.get("id")
    there = items.get(named) if isinstance(named, str) else None
    if there is None:
        raise EventError("there is no such item", param="response.input", code="item_not_found")
    return there
