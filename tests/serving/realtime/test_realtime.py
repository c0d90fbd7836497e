"""`/v1/realtime` through the official client: what it sends, and the events that it understands."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from assistant import frames as f
from assistant.backends.wire import decode_pcm
from assistant.calls.parser import ToolCall
from assistant.personas.loading import load_personas
from tests.fakes import SAMPLES_A_WORD, until
from tests.serving.api.served import TOKEN, openai, serving
from tests.serving.realtime.talk import ANSWER, WEATHER, Behind, Client, began, earlier, talking


async def test_a_spoken_question_is_written_down_and_answered_aloud() -> None:
    behind = Behind([ANSWER])
    async with talking(behind) as (client, _):
        await began(client, behind)
        behind.begins(at=0.4)
        behind.says("What is that?", at=1.4)
        done = await client.until("response.done")
    told = [
        kind for kind in client.kinds() if "delta" not in kind and kind != "conversation.item.done"
    ]
    assert told == [
        "session.created",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]  # fmt: skip
    (started,) = client.of("input_audio_buffer.speech_started")
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert (started.audio_start_ms, stopped.audio_end_ms) == (400, 1_400)
    (heard,) = client.of("conversation.item.input_audio_transcription.completed")
    assert heard.transcript == "What is that?"
    assert heard.item_id == started.item_id == stopped.item_id
    assert done.response.status == "completed"
    assert done.response.output[0].content[0].transcript == ANSWER
    assert client.sound().size == 10 * SAMPLES_A_WORD
    assert "".join(e.delta for e in client.of("response.output_audio_transcript.delta")) == ANSWER
    assert all(event.event_id for event in client.events)


async def test_the_sound_reaches_the_ears_whole_and_in_order() -> None:
    behind = Behind()
    sound = np.linspace(-0.9, 0.9, 30 * f.FRAME_SAMPLES).astype(np.float32)
    async with talking(behind) as (client, _):
        for at in range(0, sound.size, 7_000):
            await client.say(sound[at : at + 7_000])
        await until(lambda: bool(behind.processes) and len(behind.process.of(f.Push)) == 30)
    pushed = behind.process.of(f.Push)
    assert [push.frame for push in pushed] == list(range(30))
    heard = np.concatenate([decode_pcm(push.pcm) for push in pushed])
    assert np.abs(heard - sound).max() < 1e-4


async def test_sound_leaves_as_fast_as_it_is_rendered() -> None:
    behind = Behind(["word " * 300])
    async with talking(behind) as (client, _):
        await client.ask("Go on.")
        await client.until("response.done")
        assert client.sound().size == 300 * SAMPLES_A_WORD  # half a minute, well within ten seconds


async def test_the_voice_is_a_persona_and_its_instructions_are_the_clients() -> None:
    behind = Behind(["Fine."])
    settings = {"audio": {"output": {"voice": "glados"}}, "instructions": "Speak of cake only."}
    async with talking(behind, **settings) as (client, _):
        updated = client.of("session.updated")[0].session
        assert updated.audio.output.voice == "glados"
        await client.ask("How are you?")
        await client.until("response.done")
    question = behind.brain.questions[0]
    assert question.persona.slug == "glados"
    assert "cake" in question.persona.prompt.personality
    assert "cake" not in load_personas().loaded["glados"].prompt.personality


async def test_instructions_may_change_in_the_middle() -> None:
    behind = Behind(["Fine."], ["Meow."])
    async with talking(behind) as (client, _):
        await client.ask("How are you?")
        await client.until("response.done")
        await client.send.session.update(
            session={"type": "realtime", "instructions": "You are a cat."}
        )
        await client.until("session.updated")
        await client.ask("And now?")
        await client.until("response.done")
    assert "cat" in behind.brain.questions[1].persona.prompt.personality


async def test_a_message_of_the_systems_is_heeded_until_it_is_deleted() -> None:
    """Open WebUI tells so what was written in its chat."""
    behind = Behind(["Meow."], ["Woof."], ["Fine."])

    async def told(id: str, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        item = {"id": id, "type": "message", "role": "system", "content": content}
        await client.send.conversation.item.create(item=item)

    async with talking(behind, instructions="Be brief.") as (client, _):
        await told("chat_1", "The user has a cat.")
        await client.ask("Which animal?")
        await client.until("response.done")
        await client.send.conversation.item.delete(item_id="chat_1")
        await told("chat_2", "The user has a dog." + " " * 9_000)
        await client.ask("Which animal?")
        await client.until("response.done")
        await client.send.conversation.item.delete(item_id="chat_2")
        await client.ask("Which animal?")
        await client.until("response.done")
    manners = [question.persona.prompt.personality for question in behind.brain.questions]
    assert all("Be brief." in each for each in manners)
    animals = [[name for name in ("cat", "dog") if name in each] for each in manners]
    assert animals == [["cat"], ["dog"], []]
    assert not any("cat" in text for _, text in earlier(behind))


async def test_metadata_of_a_response_is_told_with_it() -> None:
    behind = Behind(["Fine."], ["Fine again."])
    async with talking(behind) as (client, _):
        content = [{"type": "input_text", "text": "How are you?"}]
        item = {"type": "message", "role": "user", "content": content}
        await client.send.conversation.item.create(item=item)
        await client.send.response.create(response={"metadata": {"input_item_id": "x"}})
        done = await client.until("response.done")
        assert done.response.metadata == {"input_item_id": "x"}
        assert client.of("response.created")[0].response.metadata == {"input_item_id": "x"}
        await client.ask("And now?")
        assert (await client.until("response.done")).response.metadata is None


async def test_who_speaks_into_an_answer_ends_it_and_only_what_was_heard_was_said() -> None:
    never = asyncio.Event()
    behind = Behind([f"{ANSWER} ", never], ["Gladly."])
    async with talking(behind) as (client, _):
        await began(client, behind)
        behind.asks("Count.")
        await client.until("response.output_audio.delta")
        await asyncio.sleep(0.3)
        behind.begins(at=3.0)
        done = await client.until("response.done")
        assert done.response.status == "cancelled"
        assert done.response.status_details.reason == "turn_detected"
        assert done.response.output[0].status == "incomplete"
        behind.says("Thank you, and now the weather?", at=4.0)
        assert (await client.until("response.done")).response.status == "completed"
    said = dict(earlier(behind))["assistant"]
    assert ANSWER.startswith(said)
    assert 1 <= len(said.split()) < 10


async def test_who_wants_no_interruptions_gets_none() -> None:
    behind = Behind([ANSWER])
    detection = {"type": "server_vad", "interrupt_response": False}
    async with talking(behind, audio={"input": {"turn_detection": detection}}) as (client, _):
        await began(client, behind)
        behind.asks("Count.")
        await client.until("response.output_audio.delta")
        behind.begins(at=3.0)
        done = await client.until("response.done")
    assert done.response.status == "completed"


async def test_a_truncated_answer_was_said_as_far_as_it_was_heard() -> None:
    behind = Behind([ANSWER], ["Gladly."])
    async with talking(behind) as (client, _):
        await client.ask("Count.")
        item = (await client.until("response.done")).response.output[0].id
        await client.send.conversation.item.truncate(
            item_id=item, content_index=0, audio_end_ms=320
        )
        told = await client.until("conversation.item.truncated")
        assert (told.item_id, told.audio_end_ms) == (item, 320)
        await client.send.conversation.item.retrieve(item_id=item)
        kept = (await client.until("conversation.item.retrieved")).item
        assert kept.content[0].transcript == "One two three"
        await client.ask("Go on.")
        await client.until("response.done")
    assert ("assistant", "One two three") in earlier(behind)
    assert behind.process.of(f.Interrupt)


async def test_an_answer_that_was_heard_to_its_end_can_be_truncated_still() -> None:
    behind = Behind(["One two three."], ["Gladly."], ["Yes."])
    async with talking(behind) as (client, _):
        await client.ask("Count.")
        item = (await client.until("response.done")).response.output[0].id
        await asyncio.sleep(0.6)  # it is played by now
        await client.send.conversation.item.truncate(
            item_id=item, content_index=0, audio_end_ms=210
        )
        await client.until("conversation.item.truncated")
        await client.ask("Go on.")
        await client.until("response.done")
        assert ("assistant", "One two") in earlier(behind)
        await client.send.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=0)
        await client.until("conversation.item.truncated")
        await client.ask("And on.")
        await client.until("response.done")
    assert "One" not in " ".join(text for _, text in earlier(behind))


async def test_what_cannot_be_truncated_is_told_with_the_events_own_id() -> None:
    behind = Behind(["One two three."])
    async with talking(behind) as (client, _):
        await client.ask("Count.")
        item = (await client.until("response.done")).response.output[0].id
        for name, end in ((item, 5_000), ("no", 1), (item, -1)):
            wanted = {"item_id": name, "audio_end_ms": end}
            event = {"type": "conversation.item.truncate", "event_id": "mine", "content_index": 0}
            await client.send.send({**event, **wanted})
            assert (await client.error()).event_id == "mine"


async def test_a_cancelled_answer_is_over_at_once() -> None:
    never = asyncio.Event()
    behind = Behind([f"{ANSWER} ", never], ["Gladly."])
    async with talking(behind) as (client, _):
        await client.ask("Count.")
        await client.until("response.output_audio.delta")
        await client.send.response.cancel()
        done = await client.until("response.done")
        assert done.response.status == "cancelled"
        assert done.response.status_details.reason == "client_cancelled"
        await client.send.response.cancel()
        assert (await client.error()).code == "response_cancel_not_active"
        await client.ask("Go on.")
        assert (await client.until("response.done")).response.status == "completed"


async def test_a_function_of_the_clients_is_called_and_its_output_answered() -> None:
    call = ToolCall("get_weather", {"place": "Porto"}, "1")
    behind = Behind(["Let me look. ", call], ["It rains in Porto."])
    async with talking(behind, tools=[WEATHER]) as (client, _):
        await client.ask("What is the weather in Porto?")
        done = await client.until("response.done")
        function = done.response.output[-1]
        assert (function.type, function.name) == ("function_call", "get_weather")
        assert function.arguments == '{"place": "Porto"}'
        assert done.response.status == "completed"
        (arguments,) = client.of("response.function_call_arguments.done")
        assert arguments.call_id == function.call_id
        output = {"type": "function_call_output", "call_id": function.call_id, "output": "rain"}
        await client.send.conversation.item.create(item=output)
        await client.until("conversation.item.added")
        assert len(behind.brain.questions) == 1
        await client.send.response.create()
        done = await client.until("response.done")
    assert "It rains in Porto." in done.response.output[0].content[0].transcript
    assert any(s["name"] == "get_weather" for s in behind.brain.questions[0].tools)
    assert any(role == "tool" and "rain" in text for role, text in earlier(behind))


async def test_an_output_that_nobody_waits_for_is_told() -> None:
    behind = Behind()
    async with talking(behind, tools=[WEATHER]) as (client, _):
        output = {"type": "function_call_output", "call_id": "call_1", "output": "rain"}
        await client.send.conversation.item.create(item=output)
        assert (await client.error()).code == "call_not_found"


async def test_tools_may_change_and_may_not_take_the_names_of_ours() -> None:
    behind = Behind(["Fine."], ["Fine."])
    async with talking(behind, tools=[WEATHER]) as (client, _):
        await client.ask("How are you?")
        await client.until("response.done")
        for tools in ([], [WEATHER | {"name": "change_theme"}]):
            await client.send.session.update(session={"type": "realtime", "tools": tools})
        await client.until("session.updated")
        assert "change_theme" in (await client.error()).message
        await client.ask("And now?")
        await client.until("response.done")
    names = [schema["name"] for schema in behind.brain.questions[1].tools]
    assert "get_weather" not in names


async def test_answers_may_be_text_alone() -> None:
    behind = Behind([ANSWER])
    async with talking(behind, output_modalities=["text"]) as (client, _):
        await client.ask("Count.")
        done = await client.until("response.done")
    assert done.response.output[0].content[0].text == ANSWER
    assert "".join(e.delta for e in client.of("response.output_text.delta")) == ANSWER
    assert client.sound().size == 0
    assert behind.process.of(f.Say) == []


async def test_a_client_that_ends_turns_itself_commits_and_asks() -> None:
    behind = Behind(["Gladly."])
    async with talking(behind, audio={"input": {"turn_detection": None}}) as (client, served):
        served.process.written_down = [f.Transcribed(0, text="How do you like the sea?")]
        await client.send.input_audio_buffer.commit()
        assert (await client.error()).code == "input_audio_buffer_commit_empty"
        await client.say(np.full(24_000, 0.1, np.float32))
        await client.send.input_audio_buffer.commit()
        await client.send.response.create()
        committed = await client.until("input_audio_buffer.committed")
        heard = await client.until("conversation.item.input_audio_transcription.completed")
        assert (heard.item_id, heard.transcript) == (committed.item_id, "How do you like the sea?")
        done = await client.until("response.done")
        assert done.response.output[0].content[0].transcript == "Gladly."
        sent = decode_pcm(served.process.of(f.Transcribe)[0].pcm)
        assert sent.size == pytest.approx(16_000, abs=100)
    assert behind.brain.questions[0].text == "How do you like the sea?"
    assert all(not decode_pcm(push.pcm).any() for push in behind.process.of(f.Push))


async def test_what_is_cleared_was_never_said() -> None:
    behind = Behind()
    async with talking(behind, audio={"input": {"turn_detection": None}}) as (client, _):
        await client.say(np.full(24_000, 0.1, np.float32))
        await client.send.input_audio_buffer.clear()
        await client.until("input_audio_buffer.cleared")
        await client.send.input_audio_buffer.commit()
        assert (await client.error()).code == "input_audio_buffer_commit_empty"


async def test_a_turn_that_is_not_to_be_answered_waits_until_it_is() -> None:
    behind = Behind(["Gladly."])
    detection = {"type": "server_vad", "create_response": False}
    async with talking(behind, audio={"input": {"turn_detection": detection}}) as (client, _):
        await began(client, behind)
        behind.asks("How do you like the sea?")
        await client.until("conversation.item.input_audio_transcription.completed")
        await asyncio.sleep(0.1)
        assert behind.brain.questions == []
        await client.send.response.create()
        await client.until("response.done")
    assert behind.brain.questions[0].text == "How do you like the sea?"


async def test_a_transcription_session_answers_nothing() -> None:
    behind = Behind()
    async with talking(behind) as (client, _):
        await client.send.session.update(session={"type": "transcription"})
        await client.until("session.updated")
        await began(client, behind)
        behind.asks("How do you like the sea?")
        heard = await client.until("conversation.item.input_audio_transcription.completed")
        assert heard.transcript == "How do you like the sea?"
        await client.send.response.create()
        assert (await client.error()).code == "no_responses"
    assert behind.brain.questions == []


async def test_a_turn_without_words_is_told_as_one() -> None:
    behind = Behind()
    async with talking(behind) as (client, _):
        await began(client, behind)
        behind.asks("")
        heard = await client.until("conversation.item.input_audio_transcription.completed")
    assert heard.transcript == ""


async def test_nothing_to_answer_is_told() -> None:
    behind = Behind(["Hello to you."])
    async with talking(behind) as (client, _):
        await client.send.response.create()
        assert (await client.error()).code == "nothing_to_answer"
        await client.send.response.create(response={"instructions": "Greet the user."})
        await client.until("response.done")
    assert behind.brain.questions[0].text == "Greet the user."


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ({"audio": {"output": {"voice": "nobody"}}}, "glados"),
        ({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, "audio/pcm"),
        ({"audio": {"input": {"turn_detection": {"type": "magic"}}}}, "server_vad"),
        ({"audio": {"output": {"speed": 9}}}, "speed"),
        ({"output_modalities": ["video"]}, "audio"),
        ({"tools": [{"type": "mcp"}]}, "function"),
        ({"tools": [WEATHER, WEATHER]}, "one name"),
        ({"tools": "all"}, "list"),
        ({"instructions": 5}, "text"),
        ({"type": "video"}, "transcription"),
    ],
)
async def test_settings_that_cannot_be_are_told_and_change_nothing(
    session: dict[str, Any], why: str
) -> None:
    async with talking(Behind()) as (client, _):
        event = {"type": "session.update", "session": {"type": "realtime", **session}}
        await client.send.send(event)
        assert why in (await client.error()).message
        await client.send.session.update(session={"type": "realtime", "instructions": "Be brief."})
        updated = (await client.until("session.updated")).session
    assert updated.instructions == "Be brief."
    assert updated.audio.output.voice == "jarvis"
    assert updated.tools == []


async def test_the_voice_stays_once_it_was_heard() -> None:
    async with talking(Behind(["Fine."])) as (client, _):
        await client.ask("How are you?")
        await client.until("response.done")
        settings = {"type": "realtime", "audio": {"output": {"voice": "hal"}}}
        await client.send.session.update(session=settings)
        assert (await client.error()).code == "cannot_update_voice"


@pytest.mark.parametrize(
    "message",
    [
        "garbage",
        "[1]",
        "[" * 50_000,
        '{"type": 5}',
        '{"type": "response.explode"}',
        '{"type": "session.update"}',
        '{"type": "session.update", "session": {"audio": 5}}',
        '{"type": "input_audio_buffer.append"}',
        '{"type": "input_audio_buffer.append", "audio": "not base64!"}',
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "user"}}',
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "system"}}',
        '{"type": "conversation.item.delete", "item_id": "nothing"}',
        '{"type": "conversation.item.truncate", "item_id": [], "audio_end_ms": 1}',
        b"\xff\xfe\x00",
    ],
)
async def test_whatever_is_sent_is_told_and_the_conversation_goes_on(message: str | bytes) -> None:
    async with talking(Behind(["Fine."])) as (client, _):
        await client.send.send_raw(message)
        assert (await client.error()).message
        await client.ask("How are you?")
        assert (await client.until("response.done")).response.status == "completed"


async def test_one_talks_and_others_are_told() -> None:
    behind = Behind(["Fine."], ["Fine."])
    async with talking(behind) as (_, served):
        async with served.client.realtime.connect(model="gpt-realtime") as connection:
            second = Client(connection)
            assert (await second.error()).code == "rate_limit_exceeded"
        async with served.web as web:
            assert (await web.get("/models")).status_code == 200


async def test_a_conversation_that_is_over_makes_room_and_leaves_nothing_behind() -> None:
    behind = Behind(["Fine."], ["Fine."])
    async with serving(prepare=behind.prepare) as served:
        for number in (1, 2):
            async with served.client.realtime.connect(model="gpt-realtime") as connection:
                client = Client(connection)
                await client.until("session.created")
                await client.ask("How are you?")
                await client.until("response.done")
            await until(lambda: behind.process.stopped)
            assert len(behind.processes) == number


async def test_without_the_token_nobody_talks() -> None:
    async with serving() as served:
        stranger = openai.AsyncOpenAI(base_url=served.url, api_key="wrong")
        with pytest.raises(Exception, match=r"403|401"):
            async with stranger.realtime.connect(model="gpt-realtime"):
                pass
        await stranger.close()


async def test_models_that_cannot_be_loaded_are_told() -> None:
    behind = Behind()
    behind.loads = False
    async with talking(behind) as (client, _):
        await client.say(np.zeros(1_920, np.float32))
        await until(lambda: bool(behind.processes))
        behind.process.emit(f.Failed("the weights are broken", "get them again", fatal=True))
        error = await client.error()
    assert "the weights are broken. get them again" in error.message
    assert error.type == "server_error"


async def test_what_is_asked_while_the_models_load_is_answered_aloud() -> None:
    behind = Behind([ANSWER])
    behind.loads = False
    async with talking(behind) as (client, _):
        await client.ask("Are you there, and well?")
        await until(lambda: bool(behind.processes))
        await asyncio.sleep(0.2)
        assert behind.brain.questions == []
        behind.process.come_up()
        done = await client.until("response.done")
    assert done.response.status == "completed"
    assert client.sound().size == 10 * SAMPLES_A_WORD


async def test_what_was_asked_of_models_that_cannot_be_loaded_has_failed() -> None:
    behind = Behind([ANSWER])
    behind.loads = False
    async with talking(behind) as (client, _):
        await client.ask("Are you there, and well?")
        await until(lambda: bool(behind.processes))
        behind.process.emit(f.Failed("the weights are broken", "get them again", fatal=True))
        assert (await client.until("response.done")).response.status == "failed"


async def test_the_client_cannot_be_made_deaf_by_a_word() -> None:
    behind = Behind()
    async with talking(behind) as (client, _):
        await began(client, behind)
        assert behind.dependencies is not None
        permissions = behind.dependencies.config.session.permissions
    assert permissions["mute"] == "never"
    assert TOKEN not in str(permissions)
