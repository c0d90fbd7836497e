"""The conversation, as it is kept for the screen: what counts, what is found, what is saved."""

from __future__ import annotations

from datetime import datetime

from assistant.session.events import AgentSaid, ConversationResumed, PastTurn, UserSaid
from assistant.ui import conversation as kept
from assistant.ui.conversation import ChipEntry, Conversation, DividerEntry, Speaker, TurnEntry

NOW = datetime(2026, 11, 21, 18, 19, 7)
JARVIS = Speaker("JARVIS", "#4fc3f7")


def talk() -> Conversation:
    conversation = Conversation()
    conversation.hear(UserSaid(turn=1, text="What time is it?", final=True), NOW)
    conversation.speak(AgentSaid(turn=2, persona="j", text="It is six, sir, "), JARVIS, NOW)
    conversation.speak(AgentSaid(turn=2, persona="j", text="and raining."), JARVIS, NOW)
    return conversation


def cut(conversation: Conversation, played: str) -> TurnEntry:
    entry = conversation.speak(
        AgentSaid(turn=2, persona="j", final=True, played=played, interrupted=True), JARVIS, NOW
    )
    assert entry is not None
    return entry


def test_of_an_interrupted_answer_what_was_heard_counts() -> None:
    entry = cut(talk(), "It is six,")
    assert entry.heard() == "It is six,"
    assert entry.text == "It is six, sir, and raining."


def test_who_of_several_spoke_stands_there() -> None:
    conversation = talk()
    conversation.hear(UserSaid(turn=3, text="and i", final=False), NOW)
    assert conversation.turns[-1].speaker.name == "You"  # not known yet
    said = UserSaid(turn=3, text="And I?", final=True, speaker="Ben\n\x1b[31m")
    conversation.hear(said, NOW)
    assert [each.speaker.name for each in conversation.turns] == ["You", "JARVIS", "Ben"]
    assert "**Ben** (18:19): And I?" in conversation.markdown()
    assert conversation.plain().endswith("Ben: And I?")
    assert conversation.holding("ben and")


def test_of_an_answer_that_nobody_heard_nothing_counts() -> None:
    assert cut(talk(), "").heard() == ""


def test_pieces_that_were_joined_otherwise_lose_no_heard_word() -> None:
    entry = cut(talk(), "It is 6, sir,")
    assert entry.heard() == "It is 6, sir,"
    assert entry.text.endswith("and raining.")


def test_search_wants_all_words_and_looks_at_names_and_chips() -> None:
    conversation = talk()
    conversation.add(ChipEntry("◆", "", "remembered: your cat is called Pixel"))
    assert [e.text for e in conversation.holding("RAINING six")] == ["It is six, sir, and raining."]
    assert len(conversation.holding("jarvis")) == 1
    assert len(conversation.holding("pixel")) == 1
    assert conversation.holding("raining pixel") == []
    assert conversation.holding("  ") == []


def test_markdown_has_all_that_was_heard_and_nothing_that_acts() -> None:
    conversation = talk()
    cut(conversation, "It is six,")
    conversation.add(DividerEntry("HAL 9000 takes over"))
    conversation.add(ChipEntry("◆", "", "remembered: \x1b[2Jtea"))
    assert conversation.markdown() == (
        "# Conversation\n\n"
        "**You** (18:19): What time is it?\n\n"
        "**JARVIS** (18:19, interrupted): It is six,\n\n"
        "---\n\n*HAL 9000 takes over*\n\n"
        "> ◆ remembered: tea\n\n"
    )
    assert conversation.plain() == "You: What time is it?\nJARVIS: It is six, —"


def test_an_earlier_conversation_stands_before_what_comes_now() -> None:
    conversation = Conversation()
    turns = (PastTurn("You", "Hello.", "09:41"), PastTurn("GLaDOS", "Oh.", "25:99"))
    event = ConversationResumed(id="x", began="Friday", turns=turns)
    assert conversation.resume(event, {"GLaDOS": "#ffb000"}, NOW) == 4
    first, last = conversation.turns
    assert (first.side, f"{first.when:%H:%M}") == ("user", "09:41")
    assert (last.speaker, last.when) == (Speaker("GLaDOS", "#ffb000"), NOW)


def test_days_of_talking_stay_bounded() -> None:
    conversation = Conversation()
    for number in range(kept.ENTRIES_KEPT + 5):
        conversation.hear(UserSaid(turn=number, text="x", final=True), NOW)
    assert len(conversation) == kept.ENTRIES_KEPT
    assert conversation.dropped == 5
    assert conversation.turn("user", 0) is None
    assert conversation.turn("user", 5) is not None
