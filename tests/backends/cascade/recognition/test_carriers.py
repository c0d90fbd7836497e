"""A clear name behind garbled words; on a recogniser of cardboard."""

import pytest

from assistant.backends.cascade.recognition.carriers import CarrierRescorer
from assistant.backends.cascade.recognition.decode import EncodedSpeech
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.cascade.recognition.rescoring import NameRescorer
from assistant.language.intents import IntentRouter
from assistant.language.spoken_names import NameIndex
from tests.backends.cascade.recognition.test_names import Recognizer
from tests.language.test_intents import NAMES

SOUND = EncodedSpeech(None, 1_200, 2.5)
UNSURE = -0.8


@pytest.fixture
def router():
    return IntentRouter(NAMES)


@pytest.fixture
def hints(router):
    return NameHints(router)


def test_the_usual_commands_are_compared_with_the_sound():
    index = NameIndex(NAMES)
    recognizer = Recognizer(sound={"Put on JARVIS": 4.0, "Change to JARVIS": 1.0, "Pot on": 3.0})

    found = CarrierRescorer(index, NameRescorer(index)).best(
        ["Pot on Jarvis."], ["Pot on Jarvis."], recognizer, SOUND
    )

    assert found.sentence == "Put on JARVIS."
    assert (found.name.slug, found.name.gain) == ("jarvis", 1.0)
    assert found.likeness > 0.7


def test_a_clear_name_behind_a_garbled_verb_is_obeyed(hints, router):
    recognizer = Recognizer("Pot on JARVIS.", sound={"Put on JARVIS": 4.0, "Pot on": 3.0})

    text, second = hints.resolve("Pot on Jarvis.", recognizer, SOUND, UNSURE)

    assert (text, second) == ("Put on JARVIS.", None)
    assert router.route(text, second).call.arguments == {"persona_name": "JARVIS"}


def test_where_the_sound_speaks_less_for_it_it_is_asked_about(hints, router):
    recognizer = Recognizer("Pot on JARVIS.", sound={"Put on JARVIS": -7.0, "Pot on": 3.0})

    text, second = hints.resolve("Pot on Jarvis.", recognizer, SOUND, UNSURE)

    assert text == "Pot on Jarvis."
    assert router.route(text, second).ask == "jarvis"


@pytest.mark.parametrize(
    ("text", "sound", "confidence"),
    [
        ("Pot on Jarvis.", {"Put on JARVIS": -20.0, "Pot on": 3.0}, UNSURE),
        ("Pot on Jarvis.", {"Put on JARVIS": 4.0, "Pot on": 3.0}, -0.1),
        ("My dog likes the rain in the garden, Jarvis.", {"Put on JARVIS": 4.0}, UNSURE),
        ("I have read a book by Marvin.", {"Put on Marvin": 4.0, "I have": 3.0}, UNSURE),
    ],
    ids=["hardly in the sound", "surely heard", "long", "sounds otherwise"],
)
def test_what_is_no_command_changes_nobody(hints, router, text, sound, confidence):
    recognizer = Recognizer(text, sound=sound)

    heard, second = hints.resolve(text, recognizer, SOUND, confidence)

    assert heard == text
    assert router.route(heard, second) is None


def test_a_name_that_nobody_here_has_is_asked_about_where_another_is_near(hints, router):
    """Whoever wants to talk to Martin is not given Marvin."""
    sound = {"talk to Marvin": -2.0, "talk to Martin": 4.5, "tomorrow": 5.0}
    recognizer = Recognizer("I want to talk to Martin.", sound=sound)

    text, second = hints.resolve("I want to talk tomorrow, too.", recognizer, SOUND, UNSURE)

    assert text == "I want to talk tomorrow, too."
    assert router.route(text, second).ask == "marvin"


def test_words_that_make_no_sense_may_be_a_command_and_are_else_nothing(hints):
    said = Recognizer("Activate KITT.", sound={"Activate KITT": 4.0, "After": 3.0})
    noise = Recognizer("After made good.", sound={"After": 3.0})

    assert hints.resolve_unclear("Act if eight kit.", said, SOUND, -1.5) == ("Activate KITT.", None)
    assert hints.resolve_unclear("After made good.", noise, SOUND, -1.5) == ("", None)


@pytest.mark.parametrize(("other", "obeyed"), [(-8.0, True), (-6.0, False)])
def test_a_name_that_was_in_doubt_needs_a_wider_margin(hints, other, obeyed):
    """The verb was clear, and the name might be another's all the same."""
    sound = {"Change to JARVIS": -0.5, "Change to TARS": other, "Change to darkness": 8.0}
    recognizer = Recognizer("Change the dark nests.", agreement=-0.5, sound=sound)

    text, second = hints.resolve("Change to darkness.", recognizer, SOUND, UNSURE)

    assert text == ("Change to JARVIS." if obeyed else "Change to darkness.")
    assert second is None or not obeyed
