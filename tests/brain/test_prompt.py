"""A language model is told who it is, how to speak and what it may call, and never too much."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.brain.base import Message, Question, Role
from assistant.brain.prompt import BLOCK, HISTORY, build_messages
from assistant.personas.loading import Lines
from tests.brain.personas import persona

TOOL = {"name": "set_volume", "description": "Louder or softer.", "parameters": {"type": "object"}}


def ask(text: str = "Hello", history: list[Message] | None = None, **more: object) -> Question:
    now = datetime(2026, 11, 21, 9, 41)
    return Question(text=text, persona=persona(), history=history or [], now=now, **more)  # type: ignore[arg-type]


def test_the_system_message_tells_who_how_when_and_what_is_known() -> None:
    system = build_messages(ask(tools=[TOOL]), ["your parrot is called Bruno"])[0]
    assert system["role"] == "system"
    for part in (
        "You are Edgar, a sailor. Gruff, but kind.",
        "no markdown",
        "Saturday, 21 November 2026, 09:41",
        "your parrot is called Bruno",
        'TOOL_CALL: {"name": "tool_name"',
        '"name": "set_volume"',
    ):
        assert part in system["content"]


def test_without_tools_no_call_is_explained() -> None:
    assert "TOOL_CALL" not in build_messages(ask())[0]["content"]


def test_only_the_last_messages_are_sent() -> None:
    roles: list[Role] = ["user", "assistant"]
    history = [Message(roles[n % 2], f"message {n}.", "edgar") for n in range(100)]
    text = str(build_messages(ask(history=history)))
    assert "message 99." in text
    assert f"message {100 - HISTORY}." in text
    assert f"message {99 - HISTORY}." not in text


def test_another_personas_words_are_marked_as_not_ones_own() -> None:
    history = [Message("user", "Hi."), Message("assistant", "Oh. It's you.", "glados")]
    messages = build_messages(ask(history=history))
    assert [m["role"] for m in messages] == ["system", "user"]
    assert "glados answered: Oh. It's you." in messages[1]["content"]


def test_of_several_people_each_has_the_name_before_the_words() -> None:
    history = [
        Message("user", "I am hungry.", "edgar", speaker="Ada"),
        Message("assistant", "Eat something.", "edgar"),
        Message("user", "I am not.", "edgar", speaker="Ben"),
    ]
    sent = [each["content"] for each in build_messages(ask("Why?", history))]
    assert "Ada: I am hungry." in sent
    assert "Eat something." in sent
    assert any("Ben: I am not." in each for each in sent)


def test_a_tools_result_is_told_and_gone_on_from() -> None:
    history = [
        Message("user", "Louder!"),
        Message("assistant", 'TOOL_CALL: {"name": "set_volume"}', "edgar"),
        Message("tool", "volume is 80 %"),
    ]
    messages = build_messages(ask("", history))
    assert messages[-1] == {"role": "user", "content": "TOOL_RESULT: volume is 80 %"}


@pytest.mark.parametrize("text", ["", "Hello"])
def test_a_greeting_comes_after_the_user(text: str) -> None:
    messages = build_messages(ask(text, [Message("assistant", "Edgar here.", "edgar")]))
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user"]


messages_strategy = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["user", "assistant", "tool"]),
        text=st.text(max_size=5).map(lambda text: text * 2_000),
        persona=st.sampled_from(["edgar", "glados", ""]),
    ),
    max_size=30,
)


@given(messages_strategy, st.text(max_size=3).map(lambda text: text * 20_000), st.integers(0, 40))
def test_turns_alternate_and_the_whole_is_bounded(
    history: list[Message], text: str, tools: int
) -> None:
    huge = {**TOOL, "description": "x" * 900}
    messages = build_messages(ask(text, history, tools=[huge] * tools), ["fact"] * 1_000)
    roles = [m["role"] for m in messages]
    assert roles[0] == "system"
    assert roles[1::2] == ["user"] * len(roles[1::2])
    assert roles[2::2] == ["assistant"] * len(roles[2::2])
    assert roles[-1] == "user"
    asked = text.strip() or next((m.text for m in reversed(history) if m.role == "user"), "")
    assert sum(len(m["content"]) for m in messages) < 45_000 + len(asked)


@pytest.mark.parametrize("length", [100_000, 200_000])
def test_what_was_pasted_is_sent_whole(length: int) -> None:
    pasted = "line\n" * (length // 5 - 1) + "last"
    assert build_messages(ask(pasted, []))[-1]["content"] == pasted
    earlier = [Message("user", "Hello. " * 1_000), Message("user", pasted)]
    after_a_tool = build_messages(ask("", [*earlier, Message("tool", "done")]))
    assert pasted in "".join(m["content"] for m in after_a_tool)
    assert sum(len(m["content"]) for m in after_a_tool) < length + 5_000


def talk(count: int) -> list[Message]:
    roles: list[Role] = ["user", "assistant"]
    return [Message(roles[n % 2], f"message {n}.", "edgar") for n in range(count)]


def test_a_stable_prompt_tells_what_changes_in_the_last_message_only() -> None:
    facts, more = ["your parrot is called Bruno"], {"memory": "Bruno bites."}
    first = build_messages(ask(history=talk(4), **more), facts, stable=True)
    later = build_messages(
        Question("Hello", persona(), talk(4), now=datetime(2026, 11, 21, 9, 42)), stable=True
    )
    assert first[:-1] == later[:-1]
    for part in ("09:41", "Bruno bites.", "your parrot is called Bruno"):
        assert part in first[-1]["content"]
    assert first[-1]["content"].endswith("Hello")


def test_a_stable_prompt_drops_its_history_in_blocks() -> None:
    firsts = []
    for count in range(0, 60, 2):
        kept = talk(count)[-30:]  # a history forgets, too
        question = ask(history=kept, gone=count - len(kept))
        messages = build_messages(question, stable=True)
        assert len(messages) - 2 <= HISTORY
        firsts.append(messages[1]["content"] if count else "message 0.")
    assert len(set(firsts)) <= 60 / BLOCK, "it begins alike for some turns"


def test_a_stable_prompt_keeps_the_question_that_tools_were_called_for() -> None:
    history = [*talk(12), Message("user", "Louder!"), Message("tool", "done")]
    for more in range(8):
        messages = build_messages(
            ask("", [*history, *[Message("tool", "done")] * more]), stable=True
        )
        assert "Louder!" in str(messages)


def test_a_small_model_is_shown_how_its_persona_speaks_the_same_every_time() -> None:
    first = build_messages(ask(history=talk(2)), small=True, stable=True)
    later = build_messages(ask("And now?", talk(8)), small=True, stable=True)
    shown = [each["content"] for each in first[1:11]]
    assert shown[:2] == ["Hello.", "Hello 0."]
    assert "Cannot_do 0." in shown, "what it cannot do, too"
    assert first[:11] == later[:11], "the beginning of a prompt is read once"
    assert [each["role"] for each in first[1:11]] == ["user", "assistant"] * 5
    assert not any(text in str(build_messages(ask())) for text in shown[1::2])


def test_a_persona_without_lines_shows_nothing() -> None:
    question = Question("Hello", persona(Lines()), [])
    assert len(build_messages(question, small=True)) == 2


def test_a_prompt_tells_what_the_program_knows_beside_the_time() -> None:
    known = ["No timer, alarm or reminder is set."]
    messages = build_messages(ask(known=known), stable=True)
    assert known[0] in messages[-1]["content"]
    assert known[0] not in messages[0]["content"]


def test_a_small_model_is_told_only_what_the_question_touches() -> None:
    facts = ["your parrot is called Bruno", "your name is Ada"]

    def told(text: str) -> str:
        return str(build_messages(ask(text), facts, small=True, stable=True)[-1]["content"])

    assert told("Tell me of the sea.") == "Tell me of the sea."
    assert "Bruno" in told("Does my parrot like the sea?")
    assert "Ada" not in told("Does my parrot like the sea?")
    assert "21 November 2026, 09:41" in told("How long is it until tonight?")


def test_how_the_user_seems_stands_in_the_last_message_and_nowhere_before_it() -> None:
    history = [Message("user", "Hi."), Message("assistant", "Hello.", "edgar")]
    mood = "The user sounds frustrated (said “I already told you”). Be calm and brief, no jokes."
    for stable in (False, True):
        calm = build_messages(ask("And now?", history), stable=stable)
        felt = build_messages(ask("And now?", history, mood=mood), stable=stable)

        assert felt[:-1] == calm[:-1]
        assert mood in felt[-1]["content"]
        assert felt[-1]["content"].endswith("And now?")


def test_a_quoted_cue_cannot_flood_the_prompt() -> None:
    messages = build_messages(ask("And now?", mood="very " * 1_000))
    assert len(messages[-1]["content"]) < 500


def test_deliveries_are_told_where_they_are_heard_and_not_to_small_models() -> None:
    told = build_messages(ask(deliveries=True))[0]["content"]
    assert "[delivery: NAME]" in told
    assert "whispering" in told
    assert len(told) - len(build_messages(ask())[0]["content"]) < 350
    assert "delivery" not in build_messages(ask(deliveries=True), small=True)[0]["content"]
