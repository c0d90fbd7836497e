"""Servers that go wrong, or want what they may not have."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assistant.adapters.elicitation import GIVE_UP, answered, fields_of
from assistant.tools.registry import ToolRegistry
from tests.adapters.running import RAW_SERVER, Told, called, ready, running
from tests.fakes import until

pytest.importorskip("mcp")


OLDER: dict[str, object] = {"command": RAW_SERVER}


class User:
    """Answers questions in this order; then nothing."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, question: str) -> str | None:
        self.asked.append(question)
        return self._answers.pop(0) if self._answers else None


async def test_tools_whose_schemas_are_none_are_left_out_and_told_of() -> None:
    registry, told = ToolRegistry(), Told()
    async with running(registry, told, notes={"command": [*RAW_SERVER, "schema"]}) as adapters:
        await ready(adapters)
        assert {each.name for each in registry} == {
            f"notes__{name}" for name in ("grow", "ask", "borrow", "curse")
        }
    assert len(told.texts) == 4
    assert all("schema" in each for each in told.texts)


async def test_a_server_that_never_answers_is_given_up_and_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.adapters.connection.START_SECONDS", 0.5)
    told = Told()
    async with running(
        ToolRegistry(), told, notes={"command": [*RAW_SERVER, "silent"]}
    ) as adapters:
        await until(lambda: adapters.connections["notes"].status.state == "waiting")
    assert "no answer in time" in told.texts[0]


@pytest.mark.parametrize(("server", "new"), [({}, "water_plants"), (OLDER, "water")])
async def test_tools_that_come_later_are_there_without_a_restart(
    server: dict[str, object], new: str
) -> None:
    """In the protocol of 2026, where changes are asked for, and in the older one."""
    registry = ToolRegistry()
    async with running(registry, Told(), notes=server) as adapters:
        await ready(adapters)
        assert f"notes__{new}" not in registry
        assert (await called(registry, "grow")).content.endswith("It has grown.")
        await until(lambda: f"notes__{new}" in registry)


async def test_who_gives_a_call_up_has_the_server_stop(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    registry = ToolRegistry()
    async with running(registry, Told(), notes={"env": {"NOTES_CANCELLED": str(mark)}}) as adapters:
        await ready(adapters)
        call = asyncio.create_task(called(registry, "hang"))
        await asyncio.sleep(0.2)
        assert not mark.exists()
        call.cancel()
        await until(mark.exists)
        assert (await called(registry, "search_notes", query="parrots")).ok


@pytest.mark.parametrize(("server", "tool"), [({}, "borrow_model"), (OLDER, "borrow")])
async def test_a_server_may_not_use_the_users_language_model(
    server: dict[str, object], tool: str
) -> None:
    registry, user = ToolRegistry(), User("yes")
    async with running(registry, Told(), ask=user, notes=server) as adapters:
        await ready(adapters)
        result = await called(registry, tool)
        assert "ampling" in result.content, "it is told that this is not to be had"
        assert not user.asked
        assert adapters.connections["notes"].status.state == "ready"


async def test_what_a_server_asks_the_user_in_a_call_is_asked_and_sent_back() -> None:
    registry, user = ToolRegistry(), User("The upper one.")
    async with running(registry, Told(), ask=user, notes={"spoken": ["my notes"]}) as adapters:
        await ready(adapters)
        result = await called(registry, "look_on_shelf")
        assert result.content.endswith("On The upper one there is a walnut.")
    assert user.asked == ["A question from my notes: Which shelf is it on?"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [(["Yes."], "All is ashes."), (["No."], "Nothing was burnt."), (["Perhaps.", "Yes."], "ashes")],
)
async def test_a_question_of_yes_or_no_is_asked_again_until_it_is_answered(
    answers: list[str], said: str
) -> None:
    registry, user = ToolRegistry(), User(*answers)
    async with running(registry, Told(), ask=user, notes={}) as adapters:
        await ready(adapters)
        assert said in (await called(registry, "burn")).content
    assert len(user.asked) == len(answers)


async def test_a_fault_in_a_strangers_words_is_one_clean_line() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes=OLDER) as adapters:
        await ready(adapters)
        result = await called(registry, "curse")
        assert not result.ok
        assert "\x1b" not in result.content
        assert "\n" not in result.content


@pytest.mark.parametrize("value", ["s3cr3t-parrot", "$MY_WORD"])
async def test_a_secret_that_a_server_tells_of_is_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    monkeypatch.setenv("MY_WORD", "s3cr3t-parrot")
    caplog.set_level("DEBUG", "assistant")
    told = Told()
    leaking = {"command": [*RAW_SERVER, "leak"], "env": {"NOTES_TOKEN": value}}
    async with running(ToolRegistry(), told, notes=leaking) as adapters:
        await until(lambda: bool(told.texts))
        assert adapters.connections["notes"].status.state == "waiting"
    assert "bad token" in told.texts[0]
    assert "s3cr3t" not in f"{told.texts}{caplog.text}"


@pytest.mark.parametrize("answers", [[], ["Never mind."], ["Perhaps.", "Who knows?"]])
async def test_who_does_not_answer_has_the_call_end(answers: list[str]) -> None:
    registry, user = ToolRegistry(), User(*answers)
    async with running(registry, Told(), ask=user, notes={}) as adapters:
        await ready(adapters)
        result = await called(registry, "burn")
        assert not result.ok
        assert "ashes" not in result.content


async def test_a_server_may_not_ask_for_a_secret() -> None:
    registry, user, told = ToolRegistry(), User("hunter two"), Told()
    async with running(registry, told, ask=user, notes={}) as adapters:
        await ready(adapters)
        result = await called(registry, "unlock")
    assert not user.asked
    assert "declined" in told.texts[0]
    assert "hunter" not in result.content


async def test_the_older_protocol_may_ask_too_and_without_a_user_nothing_is_asked() -> None:
    for user, expected in ((User("yes"), '"sure": true'), (None, "not supported")):
        registry = ToolRegistry()
        async with running(registry, Told(), ask=user, notes={"command": RAW_SERVER}) as adapters:
            await ready(adapters)
            assert expected in (await called(registry, "ask")).content


async def test_a_form_of_several_fields_is_asked_one_after_another() -> None:
    from mcp.types import ElicitRequestFormParams

    schema = {
        "type": "object",
        "properties": {
            "count": {"type": "integer", "title": "How many"},
            "colour": {"type": "string", "enum": ["red", "dark green"]},
            "note": {"type": "string"},
        },
        "required": ["count", "colour"],
    }
    params = ElicitRequestFormParams(message="A new \x1b[2Jcage.", requested_schema=schema)
    user = User("Twenty two, please.", "The dark green one.")
    result = await answered("my shop", params, user)
    assert result.content == {"count": 22, "colour": "dark green"}
    assert user.asked == [
        "A question from my shop: A new cage. How many?",
        "colour: red or dark green?",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"card": {"type": "string", "description": "Credit card number"}}},
        {"properties": {"all": {"type": "array"}}},
        {"properties": {"deep": {"type": "object"}}},
        {"properties": {f"x{at}": {"type": "string"} for at in range(5)}},
        {"properties": [1]},
        {"properties": {"x": 1}, "required": ["x"]},
        {"required": ["x"], "properties": {}},
        {},
    ],
)
def test_a_form_that_nobody_could_fill_in_by_voice_or_should_is_declined(schema: object) -> None:
    assert fields_of(schema) is None  # type: ignore[arg-type]


def test_words_that_end_the_questions_are_in_their_normal_form() -> None:
    from assistant.language.phrase_notation import normal

    assert {normal(each) for each in GIVE_UP} == GIVE_UP
