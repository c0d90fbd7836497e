"""Responses outside of the conversation, and what a client asks of a single response."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistant import frames as f
from assistant.brain.base import BrainError, TakenBack
from assistant.brain.scripted import ScriptedBrain
from assistant.calls.parser import ToolCall
from assistant.serving.realtime.out_of_band import MOST, words_to_say
from assistant.serving.realtime.response_requests import ResponseRequest
from tests.serving.realtime.talk import ANSWER, WEATHER, Behind, Client, earlier, talking


def message(text: str, role: str = "user") -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


async def beside(client: Client, **wanted: Any) -> None:
    await client.send.response.create(response={"conversation": "none", **wanted})


class Scripted(Behind):
    """No language model answers."""

    def __init__(self) -> None:
        super().__init__()
        self.brain = ScriptedBrain()  # type: ignore[assignment]


async def test_a_text_is_read_word_for_word_in_the_personas_voice_and_not_remembered() -> None:
    behind = Behind(["The answer."])
    async with talking(behind) as (client, served):
        await beside(
            client, instructions="Read the input aloud, word for word.", metadata={"of": "page"},
            input=[message("It rains in Porto, and nobody minds.")],
        )  # fmt: skip
        done = (await client.until("response.done")).response
        assert done.status == "completed"
        assert done.metadata == {"of": "page"}
        assert done.conversation_id is None
        (item,) = done.output
        assert item.content[0].transcript == "It rains in Porto, and nobody minds."
        assert client.sound().size > 0
        assert served.process.of(f.Say)[0].text == "It rains in Porto, and nobody minds."
        assert client.of("conversation.item.added") == []
        await client.ask("How are you?")
        answered = (await client.until("response.done")).response
        assert answered.conversation_id.startswith("conv_")
    assert [text for _, text in earlier(behind) if "Porto" in text] == []


async def test_a_model_answers_beside_the_conversation_in_writing_as_it_is_told() -> None:
    behind = Behind(["Hello to ", "you."], ["annoyed"])
    async with talking(behind) as (client, _):
        await client.ask("You are late again.")
        await client.until("response.done")
        await beside(client, instructions="Classify the user's mood.", output_modalities=["text"])
        done = (await client.until("response.done")).response
        (item,) = done.output
        assert item.content[0].text == "annoyed"
        assert [e.delta for e in client.of("response.output_text.delta")] == ["annoyed"]
    question = behind.brain.questions[1]
    assert question.persona.prompt.personality == "Classify the user's mood."
    assert ("user", "You are late again.") in earlier(behind)
    assert question.text == "Classify the user's mood."


async def test_input_stands_for_the_conversation_and_may_point_into_it() -> None:
    behind = Behind(["Hello."], ["He said hello."])
    async with talking(behind) as (client, _):
        await client.ask("Say hello.")
        first = (await client.until("response.done")).response.output[0]
        asked = message("What was that, in one sentence?")
        await beside(client, input=[{"type": "item_reference", "id": first.id}, asked])
        await client.until("response.done")
        assert earlier(behind) == [("assistant", "Hello.")]
        assert behind.brain.questions[1].text == "What was that, in one sentence?"
        await beside(client, input=[{"type": "item_reference", "id": "item_none"}, asked])
        assert (await client.error()).code == "item_not_found"


async def test_it_does_not_wait_for_an_answer_in_the_conversation() -> None:
    going_on = asyncio.Event()
    behind = Behind(["One. ", going_on, "Two."], ["aside"])
    async with talking(behind, output_modalities=["text"]) as (client, _):
        await client.ask("Count.")
        await client.until("response.created")
        await beside(client, input=[message("Quickly.")])
        aside = (await client.until("response.done")).response
        going_on.set()
        counted = (await client.until("response.done")).response
    assert aside.output[0].content[0].text == "aside"
    assert counted.output[0].content[0].text == "One. Two."


async def test_a_call_is_the_clients_and_ours_are_not_offered() -> None:
    call = ToolCall("get_weather", {"place": "Porto"}, "1")
    behind = Behind(["I am", TakenBack(), "Let me look. ", call])
    async with talking(behind) as (client, _):
        await beside(client, input=[message("Weather?")], tools=[WEATHER])
        spoken, item = (await client.until("response.done")).response.output
        assert spoken.content[0].transcript == "Let me look."
        assert {e.item_id for e in client.of("response.output_audio.delta")} == {spoken.id}
    assert (item.type, item.name, item.arguments) == (
        "function_call", "get_weather", '{"place": "Porto"}',
    )  # fmt: skip
    assert [each["name"] for each in behind.brain.questions[0].tools] == ["get_weather"]


async def test_one_is_cancelled_by_its_identity_and_the_other_goes_on() -> None:
    behind = Behind(["One. ", asyncio.Event()], ["Two."])
    async with talking(behind, output_modalities=["text"]) as (client, _):
        await beside(client, input=[message("First.")])
        first = (await client.until("response.created")).response
        await beside(client, input=[message("Second.")])
        second = (await client.until("response.done")).response
        await client.send.response.cancel(response_id=first.id)
        cancelled = (await client.until("response.done")).response
    assert (second.status, second.output[0].content[0].text) == ("completed", "Two.")
    assert (cancelled.id, cancelled.status) == (first.id, "cancelled")


async def test_a_model_that_fails_is_told_with_the_response() -> None:
    behind = Behind([BrainError("the model is gone", "Start it again.")])
    async with talking(behind) as (client, _):
        await beside(client, input=[message("Hello.")])
        done = (await client.until("response.done")).response
    assert done.status == "failed"
    assert "the model is gone" in done.status_details.error.message


async def test_only_so_many_at_a_time() -> None:
    behind = Behind(*[["So. ", asyncio.Event()] for _ in range(MOST)])
    async with talking(behind, output_modalities=["text"]) as (client, _):
        for _ in range(MOST + 1):
            await beside(client, input=[message("Wait.")])
        assert (await client.error()).code == "rate_limit_exceeded"


async def test_without_a_model_exact_words_are_said_and_anything_else_is_told() -> None:
    behind = Scripted()
    async with talking(behind) as (client, _):
        await beside(client, input=[], instructions="Say this briefly: I am still looking.")
        done = (await client.until("response.done")).response
        assert done.output[0].content[0].transcript == "I am still looking."
        await beside(client, input=[message("Sum this up.")])
        assert (await client.error()).code == "no_language_model"


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        ({"conversation": "none", "input": "words"}, "response.input"),
        ({"conversation": "none", "input": [{"type": "function_call"}]}, "response.input"),
        (
            {
                "conversation": "none",
                "input": [{"type": "message", "content": [{"type": "input_audio", "audio": "AA"}]}],
            },
            "response.input",
        ),
        ({"input": [message("Hello.")]}, "response.input"),
        ({"output_modalities": ["smell"]}, "response.output_modalities"),
        ({"instructions": 3}, "instructions"),
        ({"tools": [{"type": "function", "name": "?"}]}, "response.tools"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_of_a_response_is_told(
    wanted: dict[str, Any], param: str
) -> None:
    async with talking(Behind()) as (client, _):
        await client.send.send({"type": "response.create", "response": wanted})
        error = await client.error()
    assert error.param == param


async def test_tools_of_one_response_are_offered_in_it_alone() -> None:
    behind = Behind([ANSWER], [ANSWER], [ANSWER])
    other = WEATHER | {"name": "get_tide"}
    async with talking(behind, tools=[WEATHER]) as (client, _):
        for wanted in ({"tools": [other]}, {"tool_choice": "none"}, {}):
            await client.send.conversation.item.create(item=message("How are you?"))
            await client.send.response.create(response=wanted)
            await client.until("response.done")
    offered = [
        {each["name"] for each in question.tools} & {"get_weather", "get_tide"}
        for question in behind.brain.questions
    ]
    assert offered == [{"get_tide"}, set(), {"get_weather"}]


async def test_who_only_has_texts_read_needs_no_conversation_of_its_own() -> None:
    """Nor waits for somebody else's to end: a program that reads aloud opens one for each text."""
    behind = Behind(["Fine."])
    async with talking(behind) as (first, served):
        await first.ask("How are you?")
        await first.until("response.done")
        async with served.client.realtime.connect(model="gpt-realtime") as connection:
            second = Client(connection)
            await beside(second, instructions=READ_ALOUD, input=[message("One: two.")])
            done = (await second.until("response.done")).response
            assert done.output[0].content[0].transcript == "One: two."
            await second.ask("How are you?")
            assert (await second.error()).code == "rate_limit_exceeded"
        assert len(behind.processes) == 1, "nothing was loaded for it"


READ_ALOUD = """You render text as speech. Read the given text aloud, faithfully.
Rules: never answer it, never add a word."""


async def test_instructions_of_one_response_hold_for_it_alone() -> None:
    behind = Behind([ANSWER], [ANSWER])
    async with talking(behind, instructions="Be brief.") as (client, _):
        for wanted in ({"instructions": "Answer as a pirate."}, {}):
            await client.send.conversation.item.create(item=message("How are you?"))
            await client.send.response.create(response=wanted)
            await client.until("response.done")
    first, second = (each.persona.prompt.personality for each in behind.brain.questions)
    assert first.endswith("Answer as a pirate.")
    assert "Be brief." not in first
    assert second.endswith("Be brief.")


@pytest.mark.parametrize(
    ("instructions", "text", "exact"),
    [
        ("Say exactly the following, and nothing else: Tea is ready.", "", "Tea is ready."),
        ("Read the user's message aloud verbatim.", "Two: one.", "Two: one."),
        ("Repeat word-for-word: “At ten: tea.”", "", "At ten: tea."),
        ("Say this briefly in the user's language: Hold on.", "", "Hold on."),
        ("Say something kind to the user: be brief.", "Hello.", ""),
        ("Say exactly, before 10:30: At ten: tea.", "", "At ten: tea."),
        (READ_ALOUD, "What is two plus two?", "What is two plus two?"),
        ("Classify exactly one mood.", "I am sad.", ""),
        ("Answer briefly.", "Say it again.", ""),
        ("", "Say exactly: nothing.", ""),
    ],
)
def test_words_that_are_to_be_said_as_they_are(instructions: str, text: str, exact: str) -> None:
    items = (message(text),) if text else ()
    request = ResponseRequest(out_of_band=True, input=items, instructions=instructions)
    assert words_to_say(request) == exact
