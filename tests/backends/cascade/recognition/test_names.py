"""When a second decode is made, and when it is believed; on a recogniser of cardboard."""

import pytest

from assistant.backends.cascade.recognition.decode import Decode, EncodedSpeech
from assistant.backends.cascade.recognition.names import NameHints
from assistant.language.intents import IntentRouter
from tests.language.test_intents import NAMES


class Recognizer:
    """Says what it is told to, and counts. `sound`: how much it speaks for each sentence, by the
    words that stand in it; for any other, nothing speaks."""

    def __init__(self, *readings, agreement=-1.0, sound=None):
        self.readings = [Decode(text, 0.0, -0.3) for text in readings]
        self.sure = agreement
        self.sound = sound or {}
        self.contexts = []
        self.compared = []

    def hypotheses(self, encoded, context, count):
        self.contexts.append(context)
        return self.readings[:count]

    def agreement(self, encoded, text, span):
        assert text.endswith(span)
        return self.sure

    def evidence(self, encoded, texts):
        self.compared += texts
        return [
            max((score for words, score in self.sound.items() if words in text), default=-40.0)
            for text in texts
        ]


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
    recognizer = Recognizer(
        "Change to GLaDOS.", agreement=-1.2, sound={"GLaDOS": 5.0, "gladdest": 8.0}
    )

    text, second = hints.resolve("Change to gladdest.", recognizer, None)

    assert (text, second) == ("Change to GLaDOS.", None)
    assert router.route(text, second).call.arguments == {"persona_name": "GLaDOS"}


def test_a_name_that_no_reading_has_is_found_in_the_sound(hints):
    recognizer = Recognizer("Switch to Mallet.", sound={"Dalek": 3.0, "Malek": 8.0})

    text, second = hints.resolve("Switch to Malek.", recognizer, None)

    assert (text, second) == ("Switch to Dalek.", None)


def test_words_that_the_names_do_not_change_are_believed_sooner(hints, router):
    def second_of(name: str, gain: float, text: str) -> str | None:
        recognizer = Recognizer(text, sound={name: gain, text[:-1]: 0.0})
        heard, second = hints.resolve(text, recognizer, None)
        return None if second is None and heard != text else second

    assert second_of("Dalek", -4.0, "Switch to Malek.") is None
    assert router.route("Switch to Malek.", second_of("Dalek", -7.0, "Switch to Malek.")).ask
    assert second_of("Dalek", -7.0, "Change to dark mode.") == ""


def test_words_that_were_surely_heard_are_asked_about(hints, router):
    recognizer = Recognizer(
        "Talk to GLaDOS.", agreement=-0.05, sound={"GLaDOS": 2.0, "Gladys": 8.0}
    )

    text, second = hints.resolve("Talk to Gladys.", recognizer, None)

    assert text == "Talk to Gladys."
    assert router.route(text, second).ask == "glados"


@pytest.mark.parametrize(("gain", "asks"), [(-10.0, True), (-15.0, False)])
def test_a_name_that_is_less_in_the_sound_is_asked_about_or_left(hints, router, gain, asks):
    recognizer = Recognizer("Become margin.", sound={"Marvin": gain, "margin": 0.0})

    text, second = hints.resolve("Become margin.", recognizer, None)

    assert text == "Become margin."
    intent = router.route(text, second)
    assert (intent is not None and intent.ask == "marvin") is asks


def test_words_that_sound_like_the_name_need_less_of_the_sound(hints):
    sound = {"JARVIS": -12.0, "JRVS": 0.0, "Jessica": 0.0}

    heard = {
        name: hints.resolve(f"Change to {name}.", Recognizer("JRVS.", sound=sound), None)[0]
        for name in ("JRVS", "Jessica")
    }

    assert heard == {"JRVS": "Change to JARVIS.", "Jessica": "Change to Jessica."}


def test_what_may_as_well_be_another_persona_is_neither(hints, router):
    sound = {"TARS": 3.0, "JARVIS": 2.0, "darkness": 4.0}
    recognizer = Recognizer("Switch to TARS.", "Switch to JARVIS.", sound=sound)

    text, second = hints.resolve("Switch to darkness.", recognizer, None)

    assert text == "Switch to darkness."
    assert router.route(text, second) is None


def test_an_article_makes_it_a_thing(hints, router):
    recognizer = Recognizer("I want to talk to TARS.", sound={"TARS": -7.0, "the tarts": 3.0})

    text, second = hints.resolve("I want to talk to the tarts.", recognizer, None)

    assert text == "I want to talk to the tarts."
    assert router.route(text, second) is None


def test_a_name_with_an_article_is_none_the_less_one(hints):
    recognizer = Recognizer("Bring back the dog leg.", sound={"the Dalek": 1.0, "dog leg": 4.0})

    assert hints.resolve("Bring back the dog leg.", recognizer, None)[0] == "Bring back Dalek."


def test_a_guess_at_a_few_words_may_have_been_a_command(hints, router):
    def recognizer():
        return Recognizer("Activate KITT.", sound={"KITT": -9.0, "act very good": 0.0})

    text, second = hints.resolve(
        "act very good", recognizer(), EncodedSpeech(None, 1_200, 1.5), -0.9
    )

    assert text == "act very good"
    assert router.route(text, second).ask == "kitt"
    assert hints.resolve("act very good", recognizer(), None, -0.2) == (text, None)


def test_words_that_only_look_like_a_command_are_compared_with_no_name(hints):
    recognizer = Recognizer("Turn on the lights.")

    assert hints.resolve("Turn on the lights.", recognizer, None)[0] == "Turn on the lights."
    assert recognizer.compared == []


def test_the_name_is_written_as_the_persona_writes_it(hints):
    recognizer = Recognizer(
        "Could you switch to see three PO now?", sound={"C-3PO": 5.0, "sleepy": 6.0}
    )

    text, _ = hints.resolve("Could you switch to sleepy oh now?", recognizer, None)

    assert text == "Could you switch to C-3PO now?"
