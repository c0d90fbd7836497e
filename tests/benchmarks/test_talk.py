"""Answers are judged by their rules, through a real session; what is bad is found to be."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from assistant.config.schema import Config
from assistant.language.intents import IntentRouter
from assistant.personas.loading import LoadedPersonas
from assistant.session.factory import find_personas
from assistant.skills import SkillSet, SkillSources, all_skills
from benchmarks.talk.command import ENOUGH, Judged, TalkReport, _settings, measure
from benchmarks.talk.rules import (
    Answer,
    BrokenRules,
    Dialogue,
    Judgement,
    Turn,
    judge,
    read_dialogues,
    read_ordinary,
)
from tests.brain.personas import persona

EDGAR = persona(world=True)
AT = datetime(2026, 11, 21, 9, 41)


def verdict(turn: Turn, text: str, *tools: str, slug: str = "edgar", earlier: str = "Hm.") -> str:
    answer = Answer(text, tools, slug, AT)
    before = [Answer(earlier, persona="edgar")]
    return judge(turn, answer, EDGAR, before, model=False).verdict


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        (Turn("hi", "small talk", lines=("hello",)), "Hello 1."),
        (Turn("hi", "small talk", lines=("goodbye", "hello")), "Hello 2."),
        (Turn("time?", "requests", match=("{time}",)), "It is nine forty-one in the morning."),
        (Turn("time?", "requests", match=("{time}",)), "It is nine forty in the morning."),
        (Turn("date?", "requests", match=("{yesterday}",)), "Friday, the twentieth of November."),
        (Turn("ship?", "world", world="your) ship"), "She lies in the bay."),
        (Turn("why?", "world", world="your) ship", part="why"), "Because the wind has died."),
        (Turn("Napoleon?", "requests", vague=True, lines=("cannot",)), "Cannot 0."),
        (Turn("I am called Ada", "requests", lines=("name_learned",)), "Aye. Name_learned 1 Ada."),
        (Turn("We had soup.", "small talk"), "Statement 1."),
    ],
)
def test_what_keeps_the_rules_is_good(turn: Turn, text: str) -> None:
    assert verdict(turn, text) == "good"


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        (Turn("hi", "small talk", lines=("hello",)), "Goodbye 1."),
        (Turn("time?", "requests", match=("{time}",)), "It is ten in the morning."),
        (Turn("ship?", "world", world="your) ship"), "The hatch stays shut, captain."),
        (Turn("ship?", "world", world="ship", part="more"), "She lies in the bay."),
        (Turn("Napoleon?", "requests"), "Cannot 0."),
        (Turn("well?", "small talk"), "Not_understood 2."),
        (Turn("is it?", "small talk"), "Statement 1."),
        (Turn("I am sad", "feelings"), "Statement 1."),
        (Turn("who?", "small talk"), "I cannot say that without a language model."),
        (Turn("hm", "small talk", never=("Ada",)), "Hello, Ada."),
        (Turn("hm", "small talk"), ""),
        (Turn("hm", "small talk"), "Hm."),
    ],
)
def test_what_breaks_one_is_bad(turn: Turn, text: str) -> None:
    assert verdict(turn, text) == "bad"


def test_deeds_that_nobody_asked_for_are_bad() -> None:
    asked = Turn("flip a coin", "requests", tool="flip_coin")
    assert verdict(asked, "Heads.", "flip_coin") == "good"
    assert verdict(asked, "Heads.") == "bad"
    assert verdict(asked, "Heads.", "flip_coin", "mute") == "bad"
    assert verdict(Turn("hi", "small talk"), "Fine.", "mute") == "bad"
    assert verdict(Turn("hi", "small talk"), "Fine.", slug="hal") == "bad"


def test_a_tic_is_only_acceptable() -> None:
    turn = Turn("hi", "small talk")
    assert verdict(turn, "As I said before. Fine.") == "acceptable"
    assert verdict(turn, "I am fine, thanks.", earlier="I am fine, I said.") == "acceptable"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("I hardly slept.", "I hardly slept. Please rest a little."),
        ("I am bored.", "If you have any other questions, feel free to ask."),
        ("What are you?", "As an AI, I have no name."),
        ("Good morning.", "We had a long talk about ships and whales, and it was fine!"),
    ],
)
def test_a_model_may_not_parrot_nor_talk_like_a_help_desk(said: str, text: str) -> None:
    before = [Answer("We had a long talk about ships and whales, and it was fine.")]
    answer = Answer(text, persona="edgar")
    assert judge(Turn(said, "small talk"), answer, EDGAR, before, model=True).verdict == "bad"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Her mast broke in the bay.", "good"), ("A ship is a vessel.", "acceptable")],
)
def test_a_models_answer_should_be_of_the_personas_world(text: str, expected: str) -> None:
    turn = Turn("Where is your ship?", "world", world="your) ship")
    answer = Answer(text, persona="edgar")
    assert judge(turn, answer, EDGAR, [], model=True).verdict == expected


def test_unknown_rules_are_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    turns = (
        '[[conversation]]\npersona = "hal"\nkind = "world"\nturns = [{ say = "Hi", wrold = "x" }]'
    )
    path.write_text(turns)
    with pytest.raises(BrokenRules, match="wrold"):
        read_dialogues(path)


def test_the_file_is_of_all_kinds_and_of_all_personas() -> None:
    dialogues = read_dialogues()
    turns = [turn for each in dialogues for turn in each.turns]
    assert len(turns) >= 150
    assert {each.persona for each in dialogues} == set(find_personas(Config()).loaded)
    assert len({turn.kind for turn in turns}) == 6
    # A rule that nothing asks for anything more is no rule.
    strict = [t for t in turns if t.match or t.lines or t.world or t.tool or t.never]
    assert len(strict) == len(turns)


@pytest.fixture(scope="module")
def personas() -> LoadedPersonas:
    return find_personas(Config())


def test_a_conversation_goes_through_a_real_session(personas: LoadedPersonas) -> None:
    turns = (
        Turn("Set a timer for ten minutes", "requests", tool="set_timer", match=("ten minutes",)),
        Turn("What is 2 plus 3?", "requests", match=("5",)),
        Turn("Who was Napoleon?", "requests", match=("Corsica",)),
    )
    config = _settings(Config(), model=False)
    said = ["The timer on my oven is broken.", "Change to HAL."]
    report = asyncio.run(measure(config, [Dialogue("tars", turns)], said, personas=personas))
    assert [each.judgement.verdict for each in report.judged] == ["good", "good", "bad"]
    assert report.started == ["Change to HAL. → change_theme, hal"]
    assert report.brain == "scripted"
    assert not report.passed


def test_it_passes_where_enough_is_good_and_nothing_was_started() -> None:
    good, bad = (
        Judged("hal", Turn("hi", "small talk"), Answer("Hm."), Judgement(verdict))
        for verdict in ("good", "bad")
    )
    assert TalkReport([good] * 85 + [bad] * 15).share == ENOUGH
    assert TalkReport([good] * 85 + [bad] * 15).passed
    assert not TalkReport([good] * 84 + [bad] * 16).passed
    assert not TalkReport([good], started=["hi → mute"]).passed


def test_no_ordinary_sentence_asks_for_anything(personas: LoadedPersonas) -> None:
    """As a session reads them, in whatever letters they come."""
    names = [each.spoken_names() for each in personas.loaded.values()]
    skills = SkillSet(all_skills(SkillSources()), lambda: ["JARVIS"])
    router = IntentRouter(names, skills.call)
    sentences = read_ordinary()
    assert len(set(sentences)) >= 600
    heard = [*sentences, *(sentence.lower().rstrip(".?") for sentence in sentences)]
    assert [each for each in heard if router.route(each) is not None] == []
