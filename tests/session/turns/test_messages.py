"""The history of a conversation: what is kept of it, and what goes."""

from __future__ import annotations

from assistant.frames import AgentText
from assistant.session.turns.messages import MAX_MESSAGES, AgentUtterance, History


def test_it_knows_how_many_have_gone() -> None:
    history = History()
    for number in range(MAX_MESSAGES + 7):
        history.add("user", f"message {number}", "edgar")
    assert history.gone == 7
    assert history.messages()[0].text == "message 7"


def test_an_answer_is_cut_to_what_was_heard_of_it_wherever_it_stands() -> None:
    history = History()
    for role, text in (("assistant", "One two."), ("user", "One two."), ("assistant", "One two.")):
        history.add(role, text, "edgar")
    history.add("user", "And now?", "edgar")
    history.cut(" One two. ", "One")
    said = [message.text for message in history.messages()]
    assert said == ["One two.", "One two.", "One", "And now?"]
    history.cut("One", " ")
    history.cut("It was never said.", "It was")
    said = [message.text for message in history.messages()]
    assert said == ["One two.", "One two.", "And now?"]


def utterance(*spans: tuple[str, int, int]) -> AgentUtterance:
    return AgentUtterance(1, 1, "jarvis", [AgentText(1, *span) for span in spans])


def test_a_word_counts_from_its_first_sound() -> None:
    said = utterance(("Good evening, sir.", 0, 1800), (" All is well.", 1800, 3000))
    assert [said.words_begun(n) for n in (0, 1, 399, 450, 1799, 1800, 1801, 9000)] == [
        0, 1, 1, 2, 3, 3, 4, 6,
    ]  # fmt: skip


def test_long_words_take_their_time() -> None:
    said = utterance(("I incomprehensibly agree", 0, 2400))
    assert [said.words_begun(n) for n in (50, 250, 1600, 1900)] == [1, 2, 2, 3]


def test_a_word_that_comes_in_two_pieces_is_one() -> None:
    said = utterance(("un", 0, 100), ("believable", 100, 600), (" story", 600, 900))
    assert [said.words_begun(n) for n in (50, 300, 700)] == [1, 1, 2]


def test_silence_that_was_left_out_counts_as_passed() -> None:
    said = utterance(("one", 0, 100), (" two", 500, 600))
    assert said.words_begun(150) == 1
    said.skipped.append((100, 400))
    assert said.words_begun(150) == 2
