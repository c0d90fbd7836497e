"""How answers sound: by the persona, by the user's feeling and by what a model asks for; by nothing
where that is not wanted."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.frames import Capabilities, Prefetch, Prosody, Say
from assistant.language.delivery.named import DELIVERIES
from assistant.language.delivery.prosody import NEUTRAL, PITCHES, RATES
from assistant.session.event_bus import EventBus
from assistant.session.events import AgentSaid, TurnStarted
from assistant.session.signals import AnswerProsody
from assistant.session.turns.prosody import AnswerDelivery
from tests.fakes import FakeBrain, make_persona
from tests.session.room import Room, cast_of_characters

FRUSTRATED = Prosody(rate=0.93, pitch=-0.5, pauses=1.15)


async def answering(folder: Path, *answers: list[Any], **options: Any) -> Room:
    """A room in which these answers were given, each in pieces."""
    room = await Room(folder, FakeBrain(*answers), **options).enter()
    for _ in answers:
        await room.type("Tell me something.")
        await room.listen_to_the_end()
    return room


def said(room: Room) -> list[tuple[str, Prosody]]:
    """What was handed to the voice, and how it was to be said (but for what the text asks for)."""
    spoken = []
    for say in room.backend.of(Say):
        how = say.prosody
        plain = Prosody(
            rate=how.rate, pitch=how.pitch, gain=how.gain, pauses=how.pauses, effect=how.effect
        )
        if say.text.strip():
            spoken.append((say.text.strip(), plain))
    return spoken


async def test_a_model_names_deliveries_that_are_neither_spoken_nor_shown(tmp_path: Path) -> None:
    pieces = [
        "[deliv",
        "ery: dry] How",
        " odd. ",
        "[delivery: sad",
        "] It rains. [delivery: la] So.",
    ]
    room = await answering(tmp_path, pieces)
    assert room.answers() == ["How odd. It rains. So."]
    assert room.session.history.last("assistant") == "How odd. It rains. So."
    assert "delivery" not in "".join(event.text for event in room.of(AgentSaid))
    assert room.backend.said().strip() == "How odd. It rains. So."
    assert said(room)[0] == ("How", DELIVERIES["dry"].prosody)
    assert said(room)[-1] == ("It rains. So.", DELIVERIES["sad"].prosody)


async def test_without_expression_all_is_said_as_the_voice_says_it(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(["[delivery: excited] Hooray! Is it?"]), expressive=False)
    await room.enter()
    room.session._bus.publish(AnswerProsody(FRUSTRATED))
    await room.type("Tell me something.")
    assert {say.prosody for say in room.backend.of(Say)} == {NEUTRAL}
    assert room.backend.said().strip() == "Hooray! Is it?"
    assert not room.brain.questions[-1].deliveries


async def test_the_feeling_of_the_user_counts_until_there_is_another(tmp_path: Path) -> None:
    room = await Room(tmp_path, FakeBrain(["One."], ["Two."], ["Three."])).enter()
    heard = []
    asked = ("Tell me of the sea.", "What do you know of hills?", "And what grows there?")
    for text, feeling in zip(asked, (FRUSTRATED, None, NEUTRAL), strict=True):
        if feeling is not None:
            room.session._bus.publish(AnswerProsody(feeling))
        await room.type(text)
        await room.listen_to_the_end()
        heard.append(said(room)[-1][1])
    assert heard == [FRUSTRATED, FRUSTRATED, NEUTRAL]


async def test_a_persona_says_everything_in_its_own_delivery(tmp_path: Path) -> None:
    dry = make_persona("jarvis", "Jarvis", "Dry.", delivery="dry")
    answers = ["One. [delivery: proud] Two."], ["Three."]
    room = await answering(tmp_path, *answers, personas=[dry])
    prosodies = [how for _, how in said(room)]
    assert prosodies[0] == prosodies[-1] == DELIVERIES["dry"].prosody
    assert prosodies[1].pitch > prosodies[0].pitch


async def test_a_line_of_a_persona_may_name_its_delivery_and_is_rendered_ahead_so(
    tmp_path: Path,
) -> None:
    line = "[delivery: menacing] You came."
    persona = make_persona("jarvis", "Jarvis", "Odd.", greetings=[line])
    room = await Room(tmp_path, personas=[persona], greeting=True).enter()
    await room.listen_to_the_end()
    assert room.answers() == ["You came."]
    assert said(room) == [("You came.", DELIVERIES["menacing"].prosody)]
    room.session.replace_personas([persona], [])
    ahead = {line.text: line.prosody for line in room.backend.of(Prefetch)[-1].lines}
    assert ahead["You came."] == room.backend.of(Say)[0].prosody


async def test_what_fills_a_silence_sounds_as_it_was_rendered_ahead(tmp_path: Path) -> None:
    persona = make_persona("jarvis", "Jarvis", "Odd.", delivery="calm")
    room = await Room(tmp_path, personas=[persona]).enter()
    room.session._bus.publish(AnswerProsody(FRUSTRATED))
    turn = room.session._agent_turn
    turn.say_aside(turn.begin(), "Let me see.")
    assert said(room) == [("Let me see.", DELIVERIES["calm"].prosody)]
    turn.say("It is late.")
    assert said(room)[-1][1].pitch < DELIVERIES["calm"].prosody.pitch


async def test_models_are_told_of_deliveries_only_where_they_would_be_heard(tmp_path: Path) -> None:
    room = await Room(tmp_path, FakeBrain(["One."], ["Two."])).enter()
    await room.type("Tell me something.")
    assert room.brain.questions[-1].deliveries
    room.audio.speaker = None
    await room.type("And now?")
    assert not room.brain.questions[-1].deliveries


@given(
    st.lists(st.sampled_from([*DELIVERIES, ""]), min_size=2, max_size=8),
    st.lists(st.integers(1, 12), min_size=1, max_size=12),
)
def test_no_sentence_jumps_from_the_one_before(names: list[str], sizes: list[int]) -> None:
    text = "".join(f"[delivery: {name}] Now it is {n}. So it is. " for n, name in enumerate(names))
    spoken = AnswerDelivery(EventBus(lambda: 0.0)).begin("jarvis")
    pieces, at = [], 0
    while at < len(text):
        size = sizes[at % len(sizes)]
        pieces += spoken.feed(text[at : at + size], final=at + size >= len(text))
        at += size
    whole = AnswerDelivery(EventBus(lambda: 0.0)).begin("jarvis").feed(text, final=True)
    letters = [(char, how) for piece, how in pieces for char in piece if not char.isspace()]
    assert letters == [(char, how) for piece, how in whole for char in piece if not char.isspace()]
    for (_, one), (_, other) in pairwise(letters):
        assert abs(one.rate - other.rate) <= (RATES[1] - RATES[0]) / 3
        assert abs(one.pitch - other.pitch) <= (PITCHES[1] - PITCHES[0]) / 3


async def test_a_sample_is_heard_in_its_own_voice_and_told_to_nobody(tmp_path: Path) -> None:
    room = await Room(tmp_path).enter()
    before = len(room.events)
    room.session.sample("glados")
    room.session.sample("hal", "whispering")
    sound = await room.play(1.0)
    await room.listen_to_the_end()
    by_slug = {persona.slug: persona for persona in cast_of_characters()}
    voices = [say.voice for say in room.backend.of(Say)]
    assert voices == [by_slug["glados"].voice.spec(), by_slug["hal"].voice.spec()]
    assert said(room)[1][1] == DELIVERIES["whispering"].prosody
    assert sound.any()
    told = [type(event) for event in room.events[before:]]
    assert AgentSaid not in told
    assert TurnStarted not in told
    assert room.session.history.messages() == []
    assert room.session.last_answer == ""
    assert room.session.persona.slug == "jarvis"
    with pytest.raises(KeyError):
        room.session.sample("nobody")


async def test_a_backend_with_one_manner_says_so(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.backend.capabilities = Capabilities(user_text=True, say=True)
    await room.enter()
    room.session.sample("glados")
    assert room.backend.of(Say) == []
    room.session.say("[delivery: dry] Hello.")
    await room.listen_to_the_end()
    assert room.answers() == ["Hello."]
    assert len([text for text in room.notices() if "its own way" in text]) == 2


async def test_a_sample_does_not_cut_an_answer(tmp_path: Path) -> None:
    room = await Room(tmp_path, FakeBrain(["One two three four."])).enter()
    await room.type("Count.")
    room.session.sample("glados")
    await room.listen_to_the_end()
    assert room.answers() == ["One two three four."]
    assert all(say.voice is None for say in room.backend.of(Say))
