"""The scripted persona answers as itself, remembers, and does not repeat itself."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from assistant.brain.base import Message, Question
from assistant.brain.scripted import ScriptedBrain, fill, known_lines, variants
from assistant.brain.scripted.lines import WINDOW
from assistant.emotion.feeling import Feeling, Kind
from assistant.personas.loading import Lines, Persona
from tests.brain.personas import persona, shipped
from tests.brain.scripted.utterances import TABLE

NOW = datetime(2026, 11, 21, 9, 41)
EDGAR = persona()
BARE = persona(Lines(), name="Nobody", slug="nobody")
ONE_LINE = persona(
    Lines.model_validate({key: [f"{key}."] for key in Lines.model_fields if key != "address"})
)


def ask(
    brain: ScriptedBrain,
    text: str,
    who: Persona = EDGAR,
    history: list[Message] | None = None,
) -> str:
    question = Question(text=text, persona=who, history=history or [], now=NOW)
    return " ".join(brain.reply(question))


def talk(*texts: str) -> list[str]:
    brain = ScriptedBrain(Random(1))
    return [ask(brain, text) for text in texts]


def test_the_persona_speaks_its_own_lines() -> None:
    assert talk("Hello!")[0].startswith("Hello ")
    assert talk("tell me a joke")[0].startswith("Joke ")


def test_time_and_date_are_spoken() -> None:
    time, date, year = talk("What time is it?", "what's the date", "what year is it")
    assert "nine forty-one in the morning" in time
    assert "Saturday, the twenty-first of November" in date
    assert "twenty twenty-six" in year


@pytest.mark.parametrize(
    ("text", "day", "date"),
    [
        ("What's the date tomorrow?", "tomorrow", "Sunday, the twenty-second of November"),
        ("what day was it yesterday", "yesterday", "Friday, the twentieth of November"),
    ],
)
def test_other_days_are_named(text: str, day: str, date: str) -> None:
    (said,) = talk(text)
    assert day in said.lower()
    assert date in said
    assert "today" not in said.lower()


def test_a_name_is_remembered_corrected_and_forgotten() -> None:
    unknown, _, known, _, corrected, _, gone = talk(
        "What's my name?",
        "I'm Ada.",
        "What's my name?",
        "No, my name is Clara.",
        "what is my name",
        "forget my name",
        "Do you know my name?",
    )
    assert "Name_unknown" in unknown
    assert "Ada" in known
    assert "Clara" in corrected
    assert "Ada" not in corrected
    assert "Name_unknown" in gone


def test_facts_are_remembered_corrected_and_forgotten() -> None:
    unknown, learned, known, _, corrected, _, gone = talk(
        "What is my parrot called?",
        "My parrot is called Bruno.",
        "What's my parrot's name?",
        "Actually, my parrot's name is Max.",
        "what is my parrot called",
        "forget that",
        "What is my parrot called?",
    )
    assert "your parrot" in unknown
    assert "your parrot is called Bruno" in learned
    assert "your parrot is called Bruno" in known
    assert "Max" in corrected
    assert "Bruno" not in corrected
    assert "Fact_unknown" in gone


@pytest.mark.parametrize(
    ("told", "asked", "answer"),
    [
        ("I live in Oslo.", "Where do I live?", "you live in Oslo"),
        ("I work as a baker", "what's my job", "you work as a baker"),
        ("I'm a nurse", "What do I do for a living?", "you are a nurse"),
        ("i am 34 years old", "How old am I?", "you are 34 years old"),
        ("My favorite color is green", "what is my favourite colour", "is green"),
        ("My birthday is on the third of May", "When is my birthday?", "on the third of May"),
        ("I was born in 1980", "When was I born?", "in 1980"),
        ("I'm allergic to nuts", "what am I allergic to", "allergic to nuts"),
        ("my cats are called Tom and Jerry", "what are my cats called", "Tom and Jerry"),
        ("Clara is nice. My sister's name is Clara", "Who is my sister?", "Clara"),
        ("I have a dog named Rex", "Do you remember what my dog is called?", "Rex"),
        ("My car is parked in the garage", "where is my car", "in the garage"),
        ("I like cats", "do I like cats", "you like cats"),
        ("Remember that my code is blue seven", "What is my code?", "blue seven"),
    ],
)
def test_what_was_told_is_known_when_asked(told: str, asked: str, answer: str) -> None:
    assert answer in talk(told, asked)[1]


def test_everything_known_is_listed() -> None:
    nothing, *_, listed = talk(
        "what do you know about me", "I'm Ada and I live in Oslo", "What do you know about me?"
    )
    assert "Fact_unknown" in nothing
    assert "your name is Ada and you live in Oslo" in listed


def test_sums_are_worked_out_and_gone_on_from() -> None:
    first, more, impossible, again, lost = talk(
        "what is 17 times 23", "plus nine", "divide that by zero", "half of that", "Tom and Jerry"
    )
    assert "391" in first
    assert "400" in more
    assert "Arithmetic_impossible" in impossible
    assert "200" in again
    assert "Arithmetic" not in lost


def test_another_one_is_a_joke_only_after_a_joke() -> None:
    nothing, _, joke, more = talk("another one", "tell me a joke", "another one", "one more")
    assert nothing.startswith("Not_understood")
    assert joke.startswith("Joke")
    assert more.startswith("Joke")


def test_a_request_after_a_greeting_is_answered_too() -> None:
    (said,) = talk("Hello, what time is it?")
    assert said.startswith("Hello ")
    assert "nine forty-one" in said


def test_now_and_then_it_tells_how_to_get_a_language_model() -> None:
    said = talk(*["What is the capital of France?"] * 10)
    hints = ["How_to_llm" in text for text in said]
    assert 1 < sum(hints) < 5
    assert not hints[0]


def test_repeating_gives_the_last_answer_again() -> None:
    brain = ScriptedBrain(Random(1))
    assert ask(brain, "repeat that").startswith("Repeat_nothing")
    history = [Message("user", "Hm?"), Message("assistant", "It is {odd}.", "edgar")]
    assert "It is (odd}." in ask(brain, "repeat that", history=history)


def test_a_tools_result_without_words_of_its_own_is_said() -> None:
    brain = ScriptedBrain(Random(1))
    plain = [Message("tool", "The volume is 80 percent.")]
    assert "The volume is 80 percent." in ask(brain, "", history=plain)
    data = [Message("tool", '{"a": 1}')]
    assert "{" not in ask(brain, "", history=data)


def test_a_person_in_despair_is_not_joked_with() -> None:
    said = talk(*["I want to kill myself"] * 4)
    assert len(set(said)) == 4
    for text in said:
        assert "crisis" in text or "emergency" in text


ONE_OF_EACH = {meaning: text for text, meaning in TABLE.items()}
MORE = ["what day is it tomorrow", "divide 1 by 0", "My sister's name is Clara.", "forget that"]
EVERYTHING = [*ONE_OF_EACH.values(), *MORE]


@pytest.mark.parametrize(
    "who", [EDGAR, BARE, ONE_LINE, *shipped()], ids=lambda who: f"{who.slug}-{len(who.lines.hello)}"
)
def test_nothing_is_said_twice_within_ten_turns(who: Persona) -> None:
    """The same thing asked twelve times, for everything people say."""
    brain = ScriptedBrain(Random(7))
    brain.knowledge.learn_name("Ada")
    history = [Message("assistant", "It was nothing.", who.slug)]
    for text in EVERYTHING:
        said = [ask(brain, text, who, history) for _ in range(12)]
        for at, answer in enumerate(said):
            assert answer
            assert "{" not in answer, text
            assert answer not in said[max(0, at - WINDOW + 1) : at], text


@pytest.mark.parametrize("who", [EDGAR, *shipped()], ids=lambda who: who.slug)
def test_a_mixed_conversation_does_not_repeat_itself(who: Persona) -> None:
    random = Random(3)
    brain = ScriptedBrain(Random(5))
    said = [
        ask(brain, random.choice(["hello", "thanks", "bla", "who are you"]), who) for _ in "x" * 60
    ]
    for at, answer in enumerate(said):
        assert answer not in said[max(0, at - WINDOW + 1) : at]


def test_a_seed_makes_it_deterministic() -> None:
    texts = ["hello", "tell me a joke", "what is the capital of France"] * 5
    assert talk(*texts) == talk(*texts)


# --- pieces, as the voice gets them -------------------------------------------------------------


async def pieces(text: str, who: Persona) -> list[str]:
    brain = ScriptedBrain(Random(2))
    question = Question(text=text, persona=who, history=[], now=NOW)
    return [piece async for piece in brain.answer(question)]


async def test_the_opener_comes_first_by_itself_and_is_known_beforehand() -> None:
    said = await pieces("What time is it?", EDGAR)
    assert said[0] in known_lines(EDGAR)
    assert said[1] == " "
    assert "nine forty-one" in said[2]


_VERBATIM = ["hello", "thank you", "bla bla", "tell me a joke", "capital of france", "goodbye"]


@pytest.mark.parametrize("text", _VERBATIM)
@pytest.mark.parametrize("who", [EDGAR, BARE, *shipped()], ids=lambda who: who.slug)
async def test_lines_are_spoken_letter_by_letter_as_they_were_rendered(
    text: str, who: Persona
) -> None:
    (said,) = await pieces(text, who)
    assert said in known_lines(who)


@pytest.mark.parametrize("who", [EDGAR, BARE, *shipped()], ids=lambda who: who.slug)
def test_known_lines_begin_with_the_openers_and_have_no_gaps(who: Persona) -> None:
    lines = known_lines(who)
    assert len(lines) == len(set(lines))
    assert not [line for line in lines if "{" in line]
    assert lines[0] == fill(variants(who, "openers")[0], who, {})
    # Whoever waits for the renderer gets a first line of every kind before a second of any.
    hello, thanks = (
        fill(t, who, {}) for t in (variants(who, "hello")[1], variants(who, "thanks")[0])
    )
    assert lines.index(thanks) < lines.index(hello)


def test_a_variant_that_would_sound_at_once_is_said_first() -> None:
    for ready in EDGAR.lines.hello:
        brain = ScriptedBrain(Random(1), ready=lambda text, r=ready: text == fill(r, EDGAR, {}))
        assert brain.reply(Question("hello", EDGAR, [])) == [fill(ready, EDGAR, {})]


@pytest.mark.parametrize(
    ("template", "with_address", "without"),
    [
        ("Good day, {user}.", "Good day, captain.", "Good day."),
        ("{user}, welcome.", "Captain, welcome.", "Welcome."),
        ("Well, {user}, go on.", "Well, captain, go on.", "Well, go on."),
        ("You, {user}!", "You, captain!", "You!"),
        ("plain.", "Plain.", "Plain."),
    ],
)
def test_the_user_is_addressed_or_left_out(template: str, with_address: str, without: str) -> None:
    assert fill(template, EDGAR, {}) == with_address
    assert fill(template, BARE, {}) == without
    assert fill(template, EDGAR, {}, "Ada") == with_address.replace("captain", "Ada").replace(
        "Captain", "Ada"
    )


def test_a_line_with_a_gap_is_never_said() -> None:
    assert fill("It is {time}.", EDGAR, {}) is None


FELT = [
    ("frustrated", "frustrated", "The train was late again and again."),
    ("excited", "excited", "The train was early for once."),
    ("confused", "confused", "The train was on the other side."),
    ("sad", "mood_bad", "The train has left."),
    ("tired", "tired", "The train took five hours."),
]


def felt(brain: ScriptedBrain, text: str, kind: Kind, who: Persona, *, held: bool = False) -> str:
    feeling = Feeling(kind, 0.0, 0.8, ("said it",), held=held)
    question = Question(text=text, persona=who, history=[], now=NOW, feeling=feeling)
    return " ".join(brain.reply(question))


@pytest.mark.parametrize(("kind", "key", "text"), FELT)
def test_every_persona_has_words_for_how_the_user_feels(kind: Kind, key: str, text: str) -> None:
    for who in shipped():
        said = felt(ScriptedBrain(Random(1)), text, kind, who)
        own = [fill(line, who, {}) for line in getattr(who.lines, key)]

        assert any(line and line in said for line in own), (who.slug, said)


def test_who_is_frustrated_or_sad_hears_no_jokes_about_ignorance() -> None:
    question = "What is the capital of Laos?"
    for who in shipped():
        for kind in ("frustrated", "sad"):
            said = felt(ScriptedBrain(Random(1)), question, kind, who, held=True)
            assert all(line not in said for line in who.lines.cannot), (who.slug, said)


def test_nothing_stands_before_an_answer_to_somebody_frustrated() -> None:
    said = felt(ScriptedBrain(Random(1)), "What time is it?", "frustrated", EDGAR)

    assert not any(opener in said for opener in EDGAR.lines.openers)
    assert "nine forty-one" in said


def test_a_joke_that_is_asked_for_is_told_whatever_the_mood() -> None:
    assert felt(ScriptedBrain(Random(1)), "tell me a joke", "sad", EDGAR).startswith("Joke ")


def test_who_was_misread_is_believed() -> None:
    question = Question(text="I'm not angry", persona=ONE_LINE, history=[], now=NOW, misread=True)

    assert ScriptedBrain(Random(1)).reply(question)[0] == "Misread."
