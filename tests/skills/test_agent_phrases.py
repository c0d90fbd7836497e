"""What is said to a coding agent, and about it."""

from __future__ import annotations

import pytest

from assistant.skills.agent_phrases import AgentPhrases


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ("Ask goose to add a test for the parser.", "Add a test for the parser."),
        ("Please ask Goose to add a test", "Add a test"),
        ("Okay, can you tell goose to fix the build, please?", "Fix the build"),
        ("GLaDOS, ask goose to run the tests", "Run the tests"),
        ("I'd like you to ask the duck to run the tests.", "Run the tests."),
        ("Ask goose why the build is red.", "Tell me why the build is red."),
        ("Tell goose that the parser must take tabs.", "The parser must take tabs."),
        ("Have goose write a changelog.", "Write a changelog."),
        ("Tell goose yes, and commit it.", "Yes, and commit it."),
        ("Goose, what does parse_line do?", "What does parse_line do?"),
        ("goose add a test for the lexer", "Add a test for the lexer"),
        (
            "Ask goose to add a test. It should cover empty input, and tabs.",
            "Add a test. It should cover empty input, and tabs.",
        ),
        (f"Ask goose to rename {'x ' * 60}now", f"Rename {'x ' * 60}now"),
    ],
)
def test_a_request_is_everything_behind_the_agents_name(said: str, task: str) -> None:
    phrases = AgentPhrases(["goose", "the duck"], ["goose"])
    assert phrases.read(said, busy=False) == ("ask", task)


@pytest.mark.parametrize(
    "said",
    [
        "What is goose doing?",
        "What's Goose up to right now?",
        "How is goose getting on?",
        "Is goose done yet?",
        "Goose, are you done?",
        "GLaDOS, how far along is goose?",
        "What did goose say?",
    ],
)
def test_its_work_is_asked_about(said: str) -> None:
    assert AgentPhrases(["goose"], ["goose"]).read(said, busy=False) == ("state", "")


@pytest.mark.parametrize(
    "said",
    ["Stop goose.", "Cancel goose, please.", "Tell goose to stop.", "Goose, stop!", "Abort goose"],
)
def test_it_is_stopped(said: str) -> None:
    assert AgentPhrases(["goose"], ["goose"]).read(said, busy=True) == ("stop", "")


def test_it_may_be_called_it_while_it_works() -> None:
    phrases = AgentPhrases(["goose"], ["goose"])
    for said, what in (("What is it doing?", "state"), ("Cancel that job.", "stop")):
        assert phrases.read(said, busy=False) is None
        assert phrases.read(said, busy=True) == (what, "")


@pytest.mark.parametrize(
    "said",
    [
        "I asked goose to add a test yesterday.",
        "Do not ask goose to add a test.",
        "Why should I ask goose to do that?",
        "Have goose for dinner.",
        "Goose is a bird.",
        "The goose, it seems, was hungry.",
        "Goose feathers are warm.",
        "Ask the bank to call me.",
        "Stop the mongoose.",
        "What is a goose?",
        "Wild goose, come home.",
        "How is it going?",
        "How is she doing?",
        "Is that done with a spoon?",
    ],
)
def test_ordinary_sentences_are_none_of_it(said: str) -> None:
    assert AgentPhrases(["goose"], ["goose"]).read(said, busy=True) is None


def test_only_a_spoken_name_is_an_address() -> None:
    phrases = AgentPhrases(["coder"], [])
    assert phrases.read("Coder, run the tests.", busy=False) is None
    assert phrases.read("Ask coder to run the tests.", busy=False) == ("ask", "Run the tests.")


@pytest.mark.parametrize("said", ["so, " * 40, "ask goose " * 200, "a b c, " * 100 + "goose"])
def test_long_odd_words_are_read_in_no_time(said: str) -> None:
    AgentPhrases(["goose"], ["goose"]).read(said, busy=True)
