"""The memory panel: what a person sees of what is remembered, and can do to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from textual.pilot import Pilot

from assistant.config.schema import UiConfig
from assistant.memory.base import ANY, Filters, Found, Memory, MemoryFailure
from assistant.memory.conversation import NoMemory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.service import MemoryService
from assistant.session.events import MemoryForgotten, MemoryRecalled
from assistant.ui.app import DashboardApp
from assistant.ui.screens.memory import MemoryScreen
from assistant.ui.screens.memory_dialogs import EditScreen, ForgetScreen, WhichScreen
from assistant.ui.widgets.memorylist import MemoryList
from assistant.ui.widgets.turns import ChipView
from tests.fakes import CORE, READY, FakeMemoryStore, FakeSession, until
from tests.ui.looking import rows, see, text
from tests.ui.remembered import PARROT, evening, recalled, remembering

MakeApp = Callable[..., DashboardApp]
WIDE = (120, 40)
ASKED = "Is your sister called Grace or Ann?"


def a_session(memory: NoMemory | None = None) -> FakeSession:
    session = FakeSession(on_start=READY)
    session.memory = remembering(evening()) if memory is None else memory
    session.memory.begin(session.emit, lambda: session.persona.slug, lambda texts: None)
    return session


def store_of(session: FakeSession) -> FakeMemoryStore:
    assert isinstance(session.memory, MemoryService)
    store = session.memory.store
    assert isinstance(store, FakeMemoryStore)
    return store


def texts(session: FakeSession) -> set[str]:
    """What holds in the store."""
    return {memory.text for memory in store_of(session).memories()}


async def opened(pilot: Pilot[None], *keys: str) -> None:
    await see(pilot, "waiting for you")
    await pilot.press("m")
    await see(pilot, ASKED)
    await pilot.press(*keys)


async def to(pilot: Pilot[None], kind: type) -> None:
    """Wait for this dialog."""
    await until(lambda: isinstance(pilot.app.screen, kind), pilot.pause)
    await pilot.pause()


async def pick(pilot: Pilot[None], words: str) -> None:
    """Put the cursor on the first row of these words."""
    screen = pilot.app.screen
    assert isinstance(screen, MemoryScreen)
    await pilot.pause()
    places = [
        n
        for n, row in enumerate(screen.query_one(MemoryList).rows)
        if row.active and words in row.text
    ]
    screen.query_one(MemoryList).highlighted = places[0]
    await pilot.pause()


async def test_questions_and_sections_are_shown_with_date_confidence_and_source(
    make_app: MakeApp,
) -> None:
    app = make_app(a_session())
    async with app.run_test(size=(120, 60)) as pilot:
        await opened(pilot)
        shown = text(app)
        places = [shown.index(words) for words in ("To be asked", "Facts", "People")]
        assert places == sorted(places)
        assert shown.count("Your parrot is called Picasso.") == 1
        assert "2026-11-20 · sure 100 % · told to Butler" in shown
        assert "2026-11-20 · guessed 40 % · told to Butler" in shown


async def test_enter_shows_the_turn_where_it_was_said_and_enter_again_hides_it(
    make_app: MakeApp,
) -> None:
    app = make_app(a_session())
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pick(pilot, "parrot")
        await pilot.press("enter")
        await see(pilot, "▸ You  2026-11-20 19:07", "Remember that my parrot is called Picasso.")
        await pilot.press("enter")
        await until(lambda: "▸ You" not in text(app), pilot.pause)


async def test_the_source_goes_when_the_cursor_does(make_app: MakeApp) -> None:
    app = make_app(a_session())
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "jazz")
        await pilot.press("enter")
        await see(pilot, "I suppose I like jazz.")
        await pilot.press("down")
        await see(pilot, "enter shows where it was said")


async def test_forgetting_tells_what_goes_and_waits_for_a_yes(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "parrot")
        await pilot.press("delete")
        await to(pilot, ForgetScreen)
        await see(
            pilot,
            "✗ Your parrot is called Picasso.",
            "✗ “Remember that my parrot is called Picasso.”",
        )
        await pilot.press("y")
        await see(pilot, "Forgotten: 1 memory and 1 turn.")
        assert PARROT not in texts(session)
        kept = store_of(session).read(evening().id).turns
        assert not any("parrot" in turn.text for turn in kept)
        await until(lambda: "Picasso" not in text(app), pilot.pause)


async def test_a_no_keeps_it_and_enter_is_no_yes(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "parrot")
        for key in ("n", "escape", "enter"):
            await pilot.press("f")
            await to(pilot, ForgetScreen)
            await pilot.press(key)
            await to(pilot, MemoryScreen)
        assert PARROT in texts(session)


async def test_a_corrected_fact_keeps_its_claim_and_its_old_words_as_history(
    make_app: MakeApp,
) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "parrot")
        await pilot.press("e")
        await to(pilot, EditScreen)
        await pilot.press("end", *["backspace"] * len("Picasso."), *"Dali", "enter")
        await see(pilot, "Corrected: Your parrot is called Dali.")
        kept = store_of(session).read(evening().id).memories
        old = next(memory for memory in kept if memory.text == PARROT)
        new = next(memory for memory in kept if memory.id == old.replaced_by)
        assert new.claim is not None
        assert (new.claim.attribute, new.claim.value) == ("parrot's name", "Dali")


async def test_a_secret_is_not_written_into_a_memory(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "jazz")
        await pilot.press("e")
        await to(pilot, EditScreen)
        await pilot.press("end", *" and my card number is 4111 1111 1111 1111", "enter")
        await see(pilot, "I do not keep card numbers.")
        assert "The user likes jazz." in texts(session)


async def test_escape_leaves_the_words_as_they_were(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pick(pilot, "jazz")
        await pilot.press("e")
        await to(pilot, EditScreen)
        await pilot.press("x", "escape")
        await to(pilot, MemoryScreen)
        assert texts(session) == {memory.text for memory in evening().memories}


async def test_an_open_question_is_answered_by_choosing(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "enter")
        await to(pilot, WhichScreen)
        await pilot.press("down", "enter")
        await see(pilot, "It holds: Your sister is called Ann.")
        await until(lambda: ASKED not in text(app), pilot.pause)
        assert "The user's sister is called Grace." not in texts(session)


async def test_an_open_question_may_be_answered_in_other_words(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "enter")
        await to(pilot, WhichScreen)
        await pilot.press("end", "enter")
        await to(pilot, EditScreen)
        await pilot.press("end", *["backspace"] * len("Ann."), *"Grace Ann", "enter")
        await see(pilot, "Your sister is called Grace Ann.")
        await until(lambda: ASKED not in text(app), pilot.pause)
        assert sum("sister" in each for each in texts(session)) == 1


async def test_a_search_finds_memories_and_turns_and_escape_brings_all_back(
    make_app: MakeApp,
) -> None:
    app = make_app(a_session())
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "slash", *"jazz")
        await see(pilot, "Found", "“I suppose I like jazz.”")
        assert ASKED not in text(app)
        await pilot.press("down", "down")
        await pilot.press("e")
        await see(pilot, "What was said stays as it was said. Press f to forget it.")
        await pilot.press("slash", "escape")
        await see(pilot, ASKED)
        await pilot.press("slash", *"zebra")
        await see(pilot, "Nothing is remembered of “zebra”.")


async def test_letters_are_letters_in_the_search(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "slash", *"mfeqr")
        await see(pilot, "mfeqr")
        assert isinstance(app.screen, MemoryScreen)


async def test_it_closes(make_app: MakeApp) -> None:
    app = make_app(a_session())
    async with app.run_test(size=WIDE) as pilot:
        for key in ("m", "escape", "q"):
            await opened(pilot, key)
            await until(lambda: not isinstance(app.screen, MemoryScreen), pilot.pause)
        assert app.return_code is None


async def test_what_was_recalled_is_told_in_the_log_and_can_be_struck(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("a")
        session.emit(recalled())
        await see(pilot, "◆ recalled: your parrot is called Picasso")
        y, row = next((y, row) for y, row in enumerate(rows(app)) if "recalled:" in row)
        await pilot.click(offset=(row.index("recalled:") + 1, y))
        await see(pilot, "Recalled in this conversation")
        await pick(pilot, PARROT)
        await pilot.press("f")
        await to(pilot, ForgetScreen)
        await pilot.press("y")
        await see(pilot, "Forgotten: 1 memory and 1 turn.")
        assert PARROT not in texts(session)
        await until(lambda: "Recalled in this" not in text(app), pilot.pause)
        await pilot.press("escape")
        await until(lambda: "recalled:" not in text(app), pilot.pause)


async def test_of_many_recalled_memories_two_are_told_and_the_drawer_counts_the_others(
    make_app: MakeApp,
) -> None:
    session = a_session()
    app = make_app(session)
    found = tuple(
        Found(each.id, each.text, each.at, each.persona, 1.0, each) for each in evening().memories
    )
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("a")
        session.emit(MemoryRecalled(found=found))
        await see(pilot, "◆ recalled:", "and 3 more")
        told = [each.entry.text for each in app.screen.query(ChipView)]
        assert len(told) == 2
        assert all(each.startswith("recalled:") for each in told)


async def test_what_comes_to_mind_while_the_panel_is_open_appears_in_it(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        session.emit(recalled())
        await see(pilot, "Recalled in this conversation")


async def test_what_is_forgotten_by_word_of_mouth_is_shown_no_more(make_app: MakeApp) -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("a")
        event = recalled()
        session.emit(event)
        await see(pilot, "◆ recalled:")
        (found,) = event.found
        session.emit(
            MemoryForgotten(deletion=DeletionPreview(ids=(found.id,), texts=(found.text,)))
        )
        await until(lambda: "recalled:" not in text(app), pilot.pause)
        await opened(pilot)
        assert "Recalled in this conversation" not in text(app)


# --- what is unusual -------------------------------------------------------------------------


async def test_a_private_conversation_says_so(make_app: MakeApp) -> None:
    app = make_app(a_session(remembering(evening(), private=True)))
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "private")
        await opened(pilot)
        await see(pilot, "nothing of this conversation is kept")


@pytest.mark.parametrize("size", [(60, 18), (250, 60)])
async def test_memory_that_is_off_says_so_and_how_to_switch_it_on(
    make_app: MakeApp, size: tuple[int, int]
) -> None:
    app = make_app(a_session(NoMemory()))
    async with app.run_test(size=size, notifications=True) as pilot:
        await see(pilot, "memory is off")
        await pilot.press("m")
        await see(pilot, "assistant config set memory.enabled true")
        assert not isinstance(app.screen, MemoryScreen)


async def test_an_empty_memory_says_how_to_fill_it(make_app: MakeApp) -> None:
    app = make_app(a_session(remembering()))
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("m")
        await see(pilot, "Nothing is remembered yet. Say “Remember that …”.")
        await pilot.press("enter", "f", "e", "down")
        assert isinstance(app.screen, MemoryScreen)


async def test_a_memory_that_cannot_be_read_says_why_and_is_read_again_on_r(
    make_app: MakeApp,
) -> None:
    session = a_session()
    store_of(session).failure = MemoryFailure("the memory folder cannot be read", "Look at it.")
    app = make_app(session)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("m")
        await see(pilot, "the memory folder cannot be read. Look at it.")
        store_of(session).failure = None
        await pilot.press("r")
        await see(pilot, ASKED)
        assert "cannot be read" not in text(app)


class SlowStore(FakeMemoryStore):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        self.let = threading.Event()
        super().__init__(evening())

    def memories(self, filters: Filters = ANY) -> list[Memory]:
        self.let.wait(20)
        return super().memories(filters)

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> list[Found]:
        self.let.wait(20)
        return super().search(query, filters, limit)


async def test_a_slow_memory_shows_that_it_works_and_every_key_stays_alive(
    make_app: MakeApp,
) -> None:
    store = SlowStore()
    session = a_session(MemoryService(store))
    app = make_app(session)
    try:
        async with app.run_test(size=(60, 18)) as pilot:
            await see(pilot, "waiting for you")
            await pilot.press("m")
            await see(pilot, "reading what is remembered")
            await pilot.press("slash", *"parrot")
            await see(pilot, "looking for “parrot”")
            await pilot.press("escape", "escape")
            await until(lambda: not isinstance(app.screen, MemoryScreen), pilot.pause)
            await pilot.press("m")
            store.let.set()
            await see(pilot, ASKED)
    finally:
        store.let.set()


async def test_a_thousand_memories_are_cut_short_and_the_search_is_named(
    make_app: MakeApp,
) -> None:
    journal = evening()
    first = journal.memories[0]
    journal.memories = [
        Memory(f"{journal.id}/{n}", f"The user read book {n}.", "personal", first.at, "butler",
               1, journal.id)
        for n in range(1, 1_001)
    ]  # fmt: skip
    app = make_app(a_session(remembering(journal)))
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("m")
        await see(pilot, "You read book")
        await pilot.press("end")
        await see(pilot, "… and 900 more; a search finds them")


async def test_the_palette_opens_it_and_another_key_may_be_given_to_it(
    session: FakeSession,
) -> None:
    session.memory = remembering(evening())
    app = DashboardApp(session, UiConfig(animation=False, keymap={"memory.show": "f3"}))
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "waiting for you")
        await pilot.press("f3")
        await see(pilot, ASKED)
        await pilot.press("escape", "m", "ctrl+p", *"memory")
        await see(pilot, "Memory (f3)")
        await pilot.press("enter")
        await see(pilot, ASKED)


def test_no_word_of_a_memory_is_taken_for_markup() -> None:
    from assistant.memory.deletion.plan import DeletionPreview
    from assistant.ui.screens.memory_dialogs import going

    odd = "The user types [bold]x[/bold] and [/]."
    memory = Memory("j/1", odd, "personal", evening().began, CORE.slug, 1, "j")
    lines: Sequence[object] = going(DeletionPreview((memory,), ("j/1",), (odd,)))
    assert [str(line) for line in lines] == [f"✗ {odd}"]
