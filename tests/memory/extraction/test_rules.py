"""What the rules remember of what people say, in which words, and what they leave alone."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.inverse_normalisation.written import written
from assistant.language.person import first_person, second_person, third_person
from assistant.memory.base import Side, Turn
from assistant.memory.extraction.candidates import Candidate, Outcome, RefusedCandidate
from assistant.memory.extraction.rules import Rules, asked_to_remember
from benchmarks.memory.small_talk import TALK, WORDS

SATURDAY = datetime(2026, 11, 21, 19, 5).astimezone()


def judged(text: str, *, side: Side = "user", who: str = "") -> list[Outcome]:
    return list(Rules().judge(Turn(1, side, "You", text, SATURDAY), who))


def drafts(text: str, who: str = "") -> list[Candidate]:
    return [each for each in judged(text, who=who) if isinstance(each, Candidate)]


def told(text: str, who: str = "") -> list[str]:
    return [each.text for each in drafts(text, who)]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Remember that my parrot is called Picasso.", "The user's parrot is called Picasso."),
        ("remember that my parrot is called picasso", "The user's parrot is called Picasso."),
        ("My parrot's name is Picasso.", "The user's parrot is called Picasso."),
        ("I have a cat called Miro.", "The user's cat is called Miro."),
        ("We have two cats called Tom and Jerry", "The user's cats are called Tom and Jerry."),
        ("My dog Rex is five.", "The user's dog is called Rex."),
        ("I'm a nurse.", "The user is a nurse."),
        ("i am a software engineer", "The user is a software engineer."),
        ("Well, I live in Oslo, actually.", "The user lives in Oslo."),
        ("I work at the city hospital.", "The user works at the city hospital."),
        ("I can't stand olives.", "The user can not stand olives."),
        ("I really love old westerns", "The user really loves old westerns."),
        ("My favourite colour is green.", "The user's favourite colour is green."),
        ("Grace is my sister.", "Grace is the user's sister."),
        ("My birthday is on the 3rd of May.", "The user's birthday is on the 3rd of May."),
        ("I have a talk on Friday.", "The user has a talk on Friday, 27 November 2026."),
        ("Next week I fly to Oslo.", "The user flies to Oslo in the week of 23 November 2026."),
        (
            "I've got a dentist appointment next Tuesday at 9.",
            "The user has got a dentist appointment on Tuesday, 24 November 2026 at 9.",
        ),
        ("I'm worried about my exam.", "The user is worried about their exam."),
        ("I want to learn Portuguese.", "The user wants to learn Portuguese."),
        ("I'm working on a novel.", "The user is working on a novel."),
        ("I run every morning.", "The user runs every morning."),
        ("I don't eat meat.", "The user does not eat meat."),
        ("I'm allergic to peanuts", "The user is allergic to peanuts."),
        ("My dad passed away two days ago.", "The user's dad passed away on Thursday, 19 November"),
        ("I moved to Berlin last month.", "The user moved to Berlin in October 2026."),
        (
            "Don't forget that the plumber comes on Tuesday.",
            "The plumber comes on Tuesday, 24 November 2026.",
        ),
        (
            "Remember to call mum tomorrow.",
            "The user wants to remember to call mum on Sunday, 22 November 2026.",
        ),
    ],
)
def test_what_matters_is_kept_in_a_plain_sentence_of_the_user(said: str, kept: str) -> None:
    [text] = told(said)
    assert text.startswith(kept)


def test_a_turn_may_tell_several_things() -> None:
    assert told("I'm a nurse and I live in Oslo. By the way, my sister Grace lives in Bergen!") == [
        "The user is a nurse.",
        "The user lives in Oslo.",
        "Grace is the user's sister.",
        "Grace lives in Bergen.",
    ]


def test_people_categories_and_claims_are_told_apart() -> None:
    [relation, home] = drafts("My sister Grace lives in Bergen.")
    assert relation.claim is not None
    assert (relation.claim.subject, relation.claim.attribute) == ("Grace", "relation to user")
    assert relation.people == ("Grace",)
    assert home.category == "relational"
    [talk] = drafts("I have a talk on Friday.")
    assert talk.category == "temporal"
    assert talk.commitment
    assert talk.claim is not None
    assert talk.claim.value == "2026-11-27"
    assert drafts("I feel lonely lately.")[0].category == "emotional"


def test_what_was_asked_for_is_certain_and_the_rest_is_not() -> None:
    assert drafts("Remember that I live in Oslo")[0].confidence == 1
    assert drafts("I live in Oslo")[0].confidence < 1


def test_the_users_name_is_used_once_it_is_known() -> None:
    assert told("I love my job because I help people", "Ada") == ["Ada loves their job."]
    assert told("I'm Ada, and my parrot is called Picasso.")[-1].endswith(
        "parrot is called Picasso."
    )


def test_a_correction_changes_what_was_just_told() -> None:
    rules = Rules()
    rules.judge(Turn(1, "user", "You", "My parrot is called Picasso.", SATURDAY))
    [corrected] = rules.judge(Turn(3, "user", "You", "No, it's called Bruno.", SATURDAY))
    assert isinstance(corrected, Candidate)
    assert corrected.text == "The user's parrot is called Bruno."
    assert corrected.claim is not None
    assert corrected.claim.attribute == "parrot's name"


@pytest.mark.parametrize(
    "said",
    [
        "What is my parrot called?",
        "Do you remember that my parrot is called Picasso?",
        "If I had a dog, I would call it Rex.",
        "Maybe I'll move to Oslo.",
        "I think my sister is a nurse.",
        'She said, "my dog is called Rex".',
        "He told me that I have a talk on Friday.",
        "Let's say my name is Bob.",
        "In the film I live in Oslo and I am a baker.",
        "I'm hungry.",
        "I'm back.",
        "I am so tired today.",
        "I like your voice.",
        "I love it.",
        "I like this song.",
        "I'm excited about this.",
        "I would love some coffee.",
        "I have a question.",
        "I'm going to bed.",
        "Thanks, I'm fine.",
        "Change to GLaDOS.",
        "Remember?",
        "Remember, every step counts.",
        "That was great. Remember to relax and have fun.",
        "This is Max, he is so playful.",
        "my head hurts",
    ],
)
def test_small_talk_leaves_nothing(said: str) -> None:
    assert judged(said) == []


def test_the_assistants_own_words_are_never_judged() -> None:
    assert judged("My name is Bob and I live in Oslo.", side="agent") == []


def test_a_secret_is_refused_whether_or_not_it_was_asked_for() -> None:
    [asked] = judged("Remember that my PIN is 4711")
    assert isinstance(asked, RefusedCandidate)
    assert asked.asked
    assert "PINs" in asked.sentence()
    [told_so] = judged("My password is swordfish and I live in Oslo.")
    assert isinstance(told_so, RefusedCandidate)


@given(st.lists(st.sampled_from(TALK), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_no_mixture_of_small_talk_is_remembered(lines: list[str], random: object) -> None:
    chosen = {name: words[0] for name, words in WORDS.items()}
    text = " ".join(line.format(**chosen) for line in lines)
    assert drafts(text) == []


@given(st.text(max_size=300))
def test_any_text_can_be_judged(text: str) -> None:
    for outcome in judged(text):
        assert outcome.turn == 1


@given(st.text(max_size=200))
def test_telling_it_again_never_fails(text: str) -> None:
    assert third_person(text).endswith((".", "!", "?", "…"))
    first_person(text, "Ada")
    second_person(text, "")


@pytest.mark.parametrize(
    ("third", "second"),
    [
        ("The user's parrot is called Picasso.", "your parrot is called Picasso"),
        ("Ada loves their job.", "you love your job"),
        ("The user is a nurse.", "you are a nurse"),
        ("The user's name is Ada.", "your name is Ada"),
        ("Grace is Ada's sister.", "Grace is your sister"),
        ("The user does not eat meat.", "you do not eat meat"),
    ],
)
def test_a_memory_is_said_back_to_the_user(third: str, second: str) -> None:
    assert second_person(third, "Ada") == second


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("My phone number is 8, 8, 8, 5, 1, 1.", "The user's phone number is 888511."),
        ("My name is Soraya, S-O-R-A-Y-A.", "The user's name is Soraya."),
        ("I am forty five years old.", "The user is 45 years old."),
        ("My email is anna at example dot com.", "The user's email is anna@example.com."),
        ("I live at five ocean drive.", "The user lives at 5 Ocean Drive."),
        ("My birthday is on the third of May.", "The user's birthday is on the 3rd of May."),
    ],
)
def test_what_was_spoken_is_kept_as_it_is_written(said: str, kept: str) -> None:
    assert told(written(said)) == [kept]


def test_a_pin_is_refused_however_its_digits_were_heard() -> None:
    for said in ("My PIN is 4, 8, 2, 1.", "my pin is four eight two one", "My PIN is 4-8-2-1."):
        assert [type(each) for each in judged(written(said))] == [RefusedCandidate]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("please remember that I take my coffee black", "I take my coffee black"),
        ("Can you remember that my anniversary is on June 5?", "my anniversary is on June 5"),
        ("Remember my parrot is called Picasso", "my parrot is called Picasso"),
        ("do you remember that I live in Oslo?", ""),
        ("remember when we met", ""),
        ("remember me", ""),
        ("I remember that I was in Oslo", ""),
    ],
)
def test_a_request_to_remember_is_told_from_a_question(said: str, wanted: str) -> None:
    assert asked_to_remember(said) == wanted
