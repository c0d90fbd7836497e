"""Phrases that people write are understood as they mean them, or refused with a remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.phrase_notation import LONGEST, NotationError, Phrase, normal


def matches(phrase: str, said: str) -> bool:
    return Phrase(phrase).matches(normal(said).split())


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("open [up] the pod bay (doors|door)", "Open the pod bay doors!"),
        ("open [up] the pod bay (doors|door)", "open up the pod bay door, please"),
        ("what's your (humor|humour) [setting]", "What is your humour setting?"),
        ("what is up [doc]", "what's up, doc"),
        ("what('s| is) the number", "What's the number?"),
        ("do you love me [or [do you] not]", "Do you love me or not?"),
        ("set it to (ten|10) [percent]", "set it to 10%"),
        ("door[s]", "doors"),
        ("Knock, knock", "knock knock"),
        ("don't panic", "do not panic"),
    ],
)
def test_it_is_matched_as_people_say_it(phrase: str, said: str) -> None:
    assert matches(phrase, said)


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("open [up] the pod bay (doors|door)", "open the pod bay"),
        ("open [up] the pod bay (doors|door)", "I said: open the pod bay doors now"),
        ("(yes|no) sir", "yes no sir"),
        ("[very] good", "very"),
    ],
)
def test_other_words_are_others(phrase: str, said: str) -> None:
    assert not matches(phrase, said)


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("open (the door", r"\( that is never closed"),
        ("open [the door)", r"\[ that is never closed"),
        ("open the door]", r"\] that nothing opens"),
        ("yes|no", r"\| outside"),
        ("open () door", "nothing between"),
        ("[please] [now]", "no words left"),
        ("...", "no words left"),
        ("", "no words left"),
        ("hello {user}", "holds {"),
        ("open.*", r"holds \*"),
        ("((((((a))))))", "too deep"),
        ("a" * (LONGEST + 1), "characters"),
        ("x[a][b][c][d][e][f][g]", "spellings"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy(phrase: str, message: str) -> None:
    with pytest.raises(NotationError, match=message) as refused:
        Phrase(phrase)
    assert refused.value.remedy


def test_no_phrase_takes_for_ever() -> None:
    """As a regular expression, this would try more ways than there are atoms."""
    phrase = Phrase("[a] [a|a a] " * 22 + "b")
    assert not phrase.matches(["a"] * 40)
    assert phrase.matches([*["a"] * 40, "b"])
    assert len(phrase.texts(50)) == 50


@given(st.text("ab ()[]|'?", max_size=60), st.text("ab ", max_size=30))
def test_whatever_is_written_is_read_or_refused(written: str, said: str) -> None:
    try:
        phrase = Phrase(written)
    except NotationError:
        return
    texts = phrase.texts(5)
    assert all(phrase.matches(text.split()) for text in texts)
    assert {text.split()[0] for text in texts if text} <= phrase.first_words()
    phrase.matches(said.split())
