"""A companion that changes into somebody else in mid-conversation is as bad as one that won't."""

import pytest

from assistant.frames import SpokenNames
from assistant.language.intents import Intent, IntentRouter, is_yes
from assistant.language.spoken_names import similarity, squash, words

NAMES = [
    SpokenNames(slug="jarvis", name="JARVIS", aliases=["Jarvis"]),
    SpokenNames(slug="glados", name="GLaDOS", aliases=["Glados"], sounds_like=["glad us"]),
    SpokenNames(slug="hal", name="HAL 9000", aliases=["Hal"], sounds_like=["hell 9000"]),
    SpokenNames(slug="tars", name="TARS"),
    SpokenNames(slug="kitt", name="KITT", aliases=["Kit"]),
    SpokenNames(slug="c3po", name="C-3PO", aliases=["See Threepio"], sounds_like=["see three po"]),
    SpokenNames(slug="marvin", name="Marvin"),
    SpokenNames(slug="dalek", name="Dalek", aliases=["the Dalek"], said=["dah-leck"]),
    SpokenNames(slug="samantha", name="Samantha"),
    SpokenNames(slug="plain", name="Plain", sounds_like=["plane"]),
]


@pytest.fixture(scope="module")
def router():
    return IntentRouter(NAMES)


def persona(intent: Intent | None) -> str | None:
    if intent is None or intent.call is None or intent.call.name != "change_theme":
        return None
    return intent.call.arguments["persona_name"]


@pytest.mark.parametrize("name", ["JARVIS", "Glados", "glad us", "Hal", "HAL 9000", "hell 9,000"])
@pytest.mark.parametrize(
    "pattern",
    [
        "Change to {}.",
        "change theme to {}",
        "Please switch to {} now.",
        "Become {}!",
        "Turn into {}.",
        "I want to talk to {}.",
        "I'd like to speak with {}, please.",
        "Let me talk to {}.",
        "Load {}.",
        "Activate {}",
        "Bring up {} for me.",
        "Bring {} back.",
        "Give me {}.",
        "Put on {}.",
        "Can you be {}?",
        "Could you please switch over to {}?",
        "Hey, change the persona to {}.",
        "Change to the {} theme.",
        "Theme {}.",
        "Marvin, change to {}.",
        "I am bored. Switch to {}.",
        "change steam to {}",
    ],
)
def test_every_way_of_asking_for_a_persona(router, pattern, name):
    expected = {"JARVIS": "JARVIS", "Glados": "GLaDOS", "glad us": "GLaDOS"}.get(name, "HAL 9000")

    assert persona(router.route(pattern.format(name))) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Switch to C3PO.", "C-3PO"),
        ("Switch to see three P O.", "C-3PO"),
        ("talk to C-3PO", "C-3PO"),
        ("Change to hal nine thousand.", "HAL 9000"),
        ("Turn into the Dalek.", "Dalek"),
        ("change to GLaDOSS", "GLaDOS"),
        ("Change to Dah leck.", "Dalek"),
        ("At once to talk to Marvin.", "Marvin"),
        ("But on JARVIS.", "JARVIS"),
        ("Glad we speak with Samantha.", "Samantha"),
        ("Turned into the Dalek.", "Dalek"),
        ("I wanted to talk to TARS.", "TARS"),
        ("And you switch to TARS, please.", "TARS"),
        ("Next persona.", "next"),
        ("Go to the previous persona, please.", "previous"),
        ("Switch to the next one", "next"),
    ],
)
def test_names_in_many_spellings(router, text, name):
    assert persona(router.route(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "The kit is in the car.",
        "Give me the kit.",
        "Change the glass doors.",
        "I want to talk to Marvin's brother about the garden.",
        "Switch to task three.",
        "Load the cards.",
        "Talk to the plain people.",
        "I want to go to hell at nine.",
        "I talked to Samantha yesterday.",
        "I am glad we speak with Samantha every week.",
        "The car turned into the drive.",
        "But on Monday Marvin was late.",
        "Don't change to GLaDOS.",
        "Who is GLaDOS?",
        "He became Marvin.",
        "Switch to Marvin's plan.",
        "Give me a plain answer.",
        "Turn into the driveway.",
        "Stop the car at the corner.",
        "A louder noise woke the dog.",
        "Repeat the experiment three times.",
        "The volume of this box is two litres.",
        "The next person is my uncle.",
        "Mute swans are common here.",
        "Can you be quiet for the children and listen?",
        "",
        "...",
    ],
)
def test_ordinary_sentences_stay_ordinary(router, text):
    assert router.route(text) is None
    assert not router.is_complete_command(text)


def test_a_name_in_doubt_is_asked_about(router):
    assert router.route("Change to Gladys.") == Intent(ask="glados")


def test_a_name_that_only_the_second_decode_has_is_asked_about(router):
    assert router.route("Change to gladiola.", "Change to GLaDOS.") == Intent(ask="glados")
    assert router.route("Change the subject.", "Change the subject.") is None


def test_the_second_decode_forbids_guessing(router):
    assert persona(router.route("change to GLaDOSS")) == "GLaDOS"
    assert router.route("change to GLaDOSS", "Change to glass.") is None


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Stop.", "stop", {}),
        ("Please be quiet!", "stop", {}),
        ("Shut up.", "stop", {}),
        ("JARVIS, stop talking.", "stop", {}),
        ("Silence!", "stop", {}),
        ("Mute.", "mute", {}),
        ("Mute the microphone, please.", "mute", {}),
        ("Repeat that.", "repeat", {}),
        ("Could you say that again, please?", "repeat", {}),
        ("What did you say?", "repeat", {}),
        ("Sorry, I didn't catch that.", "repeat", {}),
        ("Louder!", "set_volume", {"change": "up"}),
        ("Could you speak a little louder?", "set_volume", {"change": "up"}),
        ("Turn the volume down, please.", "set_volume", {"change": "down"}),
        ("quieter", "set_volume", {"change": "down"}),
        ("Volume 50 percent.", "set_volume", {"percent": 50}),
        ("Set the volume to thirty-five percent.", "set_volume", {"percent": 35}),
        ("Set the volume to 300%.", "set_volume", {"percent": 100}),
        ("Full volume.", "set_volume", {"percent": 100}),
        ("Talk faster.", "set_speech_rate", {"change": "faster"}),
        ("Please slow down a bit.", "set_speech_rate", {"change": "slower"}),
        ("Speak at normal speed.", "set_speech_rate", {"change": "normal"}),
        ("Which personas are there?", "list_themes", {}),
        ("Who else is there?", "list_themes", {}),
        ("Who else can you be?", "list_themes", {}),
        ("List all the personas.", "list_themes", {}),
    ],
)
def test_requests_without_a_name(router, text, name, arguments):
    intent = router.route(text)

    assert intent is not None
    assert intent.call is not None
    assert (intent.call.name, intent.call.arguments) == (name, arguments)
    assert router.is_complete_command(text)


def test_a_router_without_personas_still_knows_the_rest():
    bare = IntentRouter([])

    assert bare.route("change to GLaDOS") is None
    assert bare.route("stop").call.name == "stop"


@pytest.mark.parametrize(
    "text", ["Yes.", "Yeah", "yes, please!", "Okay.", "That's right.", "Do it."]
)
def test_yes(text):
    assert is_yes(text)


@pytest.mark.parametrize("text", ["No.", "nope", "No, thanks.", "Never mind.", "No, I didn't."])
def test_no(text):
    assert not is_yes(text)


def test_yes_is_a_whole_answer():
    assert not is_yes("Yes, and what is the weather?")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'd like the C-3PO, don't you?", "i would like the c 3po do not you"),
        ("Nine thousand and fifty-five", "9000 and 55"),
        ("$9,000", "9000"),
        ("one hundred percent", "100 percent"),
        ("Café’s", "cafes"),
        ("see three po", "see three po"),
    ],
)
def test_words(text, expected):
    assert " ".join(words(text)) == expected


def test_sound_counts_as_much_as_spelling():
    assert similarity(squash("glad us"), squash("GLaDOS")) > 0.85
    assert similarity(squash("glass doors"), squash("GLaDOS")) < 0.85
    assert similarity(squash("C-3PO"), squash("see three po")) < 1.0
