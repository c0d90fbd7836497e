"""When a second decode is made, and when it is believed; on a recogniser of cardboard."""

import pytest

from assistant.backends.cascade.recognition.decode import Decode
from assistant.backends.cascade.recognition.names import NameHints
from assistant.language.intents import IntentRouter
from tests.language.test_intents import NAMES


class Recognizer:
    """Says what it is told to, and counts."""

    def __init__(self, *readings, agreement=-1.0):
        self.readings = [Decode(text, 0.0, score) for text, score in readings]
        self.sure = agreement
        self.contexts = []

    def hypotheses(self, encoded, context, count):
        self.contexts.append(context)
        return self.readings[:count]

    def agreement(self, encoded, text, span):
        assert text.endswith(span)
        return self.sure


@pytest.fixture
def router():
    return IntentRouter(NAMES)


@pytest.fixture
def hints(router):
    return NameHints(router)


def test_the_decoder_is_told_every_name_in_a_command(hints):
    for entry in NAMES:
        assert f" {entry.name}." in hints.context


@pytest.mark.parametrize(
    "text",
    [
        "Change to GLaDOS.",
        "What is the capital of France?",
        "Louder, please.",
        "I want to talk to the people who live in that house over there.",
        "Yes.",
        "",
    ],
)
def test_clear_words_cost_no_second_decode(hints, text):
    recognizer = Recognizer()

    assert hints.resolve(text, recognizer, None) == (text, None)
    assert recognizer.contexts == []


def test_a_misheard_name_is_put_right_where_the_words_were_a_guess(hints, router):
    recognizer = Recognizer(("Change to GLaDOS.", -0.2), agreement=-1.2)

    text, second = hints.resolve("Change to gladdest.", recognizer, None)

    assert (text, second) == ("Change to GLaDOS.", None)
    assert router.route(text, second).call.arguments == {"persona_name": "GLaDOS"}


def test_words_that_were_surely_heard_are_asked_about(hints, router):
    recognizer = Recognizer(("Talk to GLaDOS.", -0.2), agreement=-0.05)

    text, second = hints.resolve("Talk to Gladys.", recognizer, None)

    assert text == "Talk to Gladys."
    assert router.route(text, second).ask == "glados"


def test_a_close_second_reading_counts_a_distant_one_does_not(hints):
    close = Recognizer(("Become REM.", -0.43), ("Become Marvin.", -0.5))
    distant = Recognizer(("Become REM.", -0.43), ("Become Marvin.", -0.9))

    assert hints.resolve("become REM", close, None) == ("Become Marvin.", None)
    assert hints.resolve("become REM", distant, None) == ("become REM", "Become REM.")


def test_a_guess_of_the_second_decode_is_not_believed(hints):
    recognizer = Recognizer(("Change to TARS.", -1.4))

    assert hints.resolve("Change to park.", recognizer, None)[0] == "Change to park."


def test_an_article_makes_it_a_thing(hints):
    recognizer = Recognizer(("I want to talk to TARS.", -0.2))

    text, _ = hints.resolve("I want to talk to the tarts.", recognizer, None)

    assert text == "I want to talk to the tarts."


def test_the_name_is_written_as_the_persona_writes_it(hints):
    recognizer = Recognizer(("Could you switch to see three PO now?", -0.3))

    text, _ = hints.resolve("Could you switch to sleepy oh now?", recognizer, None)

    assert text == "Could you switch to C-3PO now?"
