import pytest

from assistant.language.vocalisations import is_vocalisation, without_laughter


@pytest.mark.parametrize(
    "text",
    [
        "Ha ha ha ha",
        "HAHAHA!",
        "Hahahahahahahahahah",
        "Hehehehehehe.",
        "ha, ha, ha. Ha ha.",
        "A ha ha ha",
        "Heh.",
        "He he he he he",
        "Hee hee hee!",
        "Bwahahaha!",
        "Uh-huh-huh-huh-huh-huh",
        "M M M M M M M M",
        "uh uh uh uh uh uh uh",
        "S S S S S S S S S",
        "Aaaaaaaaaaaaah",
        "ahhhhhhhhhhhhhh",
    ],
)
def test_who_laughs_or_cries_out_has_said_nothing(text):
    assert is_vocalisation(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Ha, very funny.",
        "Haha, what time is it?",
        "Mm-hmm.",
        "Uh-huh.",
        "Aha!",
        "Oh.",
        "Huh?",
        "No, no, no.",
        "He, he said so.",
        "S-O-R-A-Y-A",
        "A A A batteries",
        "Hawaii",
        "Hannah",
        "0 0 0 0 0 0",
    ],
)
def test_words_letters_and_signs_of_listening_are_something(text):
    assert not is_vocalisation(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ha, very funny.", "Very funny."),
        ("Ha ha, that's good, what time is it?", "That's good, what time is it?"),
        ("hahaha stop it", "stop it"),
        ("That's so funny, haha.", "That's so funny."),
        ("I was, ha ha, joking about the bill.", "I was, joking about the bill."),
        ("Ha ha ha. Ha ha. What's the weather?", "What's the weather?"),
        ("Yes, haha, go on.", "Yes, go on."),
    ],
)
def test_of_who_laughs_and_speaks_the_words_are_heard(text, words):
    assert without_laughter(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "What does ha ha mean?",
        "Say ha ha ha.",
        "The ha-ha is a wall.",
        "Who is he? He is here.",
        "How do you spell haha?",
        "What time is it?",
    ],
)
def test_laughter_that_is_spoken_of_stays(text):
    assert without_laughter(text) == text
