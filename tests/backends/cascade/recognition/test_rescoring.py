"""Which persona the sound speaks for; on a recogniser of cardboard."""

import pytest

from assistant.backends.cascade.recognition.rescoring import NameRescorer, NameSlot
from assistant.language.spoken_names import NameIndex
from tests.language.test_intents import NAMES


class Recognizer:
    """`sound`: how much it speaks for each sentence; for any other, hardly."""

    def __init__(self, sound):
        self.sound = sound
        self.compared = []

    def evidence(self, encoded, texts):
        self.compared += texts
        return [self.sound.get(text, -30.0) for text in texts]


@pytest.fixture
def rescorer():
    return NameRescorer(NameIndex(NAMES))


def test_a_name_is_weighed_against_what_was_read_and_against_the_next(rescorer):
    recognizer = Recognizer(
        {"Become Dalek.": 5.0, "Become TARS.": 2.0, "Become a deluxe.": 6.5, "Become lax.": 4.0}
    )
    slot = NameSlot("Become ", "", (("a", "deluxe"), ("tars",)))

    best = rescorer.best(["Become a deluxe", "Become lax."], [slot], recognizer, None)

    assert (best.slug, best.gain, best.margin) == ("dalek", -1.5, 3.0)
    assert best.slot is slot
    assert not best.has_article


def test_the_words_behind_a_name_are_heard_with_it(rescorer):
    recognizer = Recognizer({"Can you switch to TARS, please?": 5.0})
    slot = NameSlot("Can you switch to ", ", please?", (("task",),))

    assert rescorer.best(["…"], [slot], recognizer, None).slug == "tars"


def test_a_persona_is_known_by_the_ways_its_name_is_said(rescorer):
    recognizer = Recognizer({"Change to dah-leck.": 5.0, "Change to TARS.": 1.0})
    slot = NameSlot("Change to ", "", (("dar", "leg"), ("tars",)))

    assert rescorer.best(["…"], [slot], recognizer, None).slug == "dalek"


def test_the_wording_that_suits_the_sound_is_taken(rescorer):
    recognizer = Recognizer({"Change to Marvin.": 1.0, "Change persona to the Dalek.": 5.0})
    slots = [
        NameSlot("Change to ", "", (("marvin",),)),
        NameSlot("Change persona to ", "", (("the", "dollar"),)),
    ]

    best = rescorer.best(["…"], slots, recognizer, None)

    assert (best.slug, best.slot, best.has_article) == ("dalek", slots[1], True)


def test_few_names_are_compared(rescorer):
    """Each costs a pass of the decoder, while the user waits."""
    recognizer = Recognizer({})

    rescorer.best(["…"], [NameSlot("Become ", "", (("marvel",),))], recognizer, None)

    assert any("Marvin" in text for text in recognizer.compared)
    assert len(recognizer.compared) <= 10


def test_without_a_slot_there_is_no_name(rescorer):
    assert rescorer.best(["Good morning."], [], Recognizer({}), None) is None
    empty = NameRescorer(NameIndex([]))
    slot = NameSlot("Become ", "", (("marvel",),))
    assert empty.best(["…"], [slot], Recognizer({}), None) is None
