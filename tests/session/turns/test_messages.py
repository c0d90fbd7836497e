"""The history of a conversation: what is kept of it, and what goes."""

from __future__ import annotations

from assistant.session.turns.messages import MAX_MESSAGES, History


def test_it_knows_how_many_have_gone() -> None:
    history = History()
    for number in range(MAX_MESSAGES + 7):
        history.add("user", f"message {number}", "edgar")
    assert history.gone == 7
    assert history.messages()[0].text == "message 7"
