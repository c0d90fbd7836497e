"""The page through a real Chromium: what somebody sees and does there."""

from __future__ import annotations

import asyncio
import datetime
import json
import time

import pytest
from playwright.async_api import Browser, Page, expect

from assistant.calls.parser import ToolCall
from assistant.memory.base import Journal, Memory, Turn
from assistant.memory.service import MemoryService
from assistant.personas.loading import load_personas
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    Failure,
    FirstSample,
    MemoryKept,
    Notice,
    PersonaChanged,
    StateChanged,
    StillThinking,
    TimersChanged,
    ToolFinished,
    UserSaid,
)
from assistant.skills.schedule import Timer
from assistant.tools.registry import ToolResult
from tests.fakes import FakeMemoryStore, FakeSession
from tests.serving.web.browser import (
    TOKEN,
    eventually,
    needs_chromium,
    opened,
    served,
)

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

PERSONAS = load_personas().loaded


def session(slug: str = "glados") -> FakeSession:
    made = FakeSession(list(PERSONAS.values()))
    made.persona, made.state = PERSONAS[slug], "idle"
    return made


def memory(id: str, text: str) -> Memory:
    at = datetime.datetime(2026, 11, 21, 18, tzinfo=datetime.UTC)
    return Memory(id=id, text=text, category="personal", at=at, persona="hal", turn=1, journal="j")


async def turns(page: Page) -> list[str]:
    """Every turn: "NAME: words"."""
    found = []
    for turn in await page.locator(".turn").all():
        name = await turn.locator(".by").text_content()
        found.append(f"{name}: {await turn.locator('.words').text_content()}")
    return found


async def test_the_token_is_taken_out_of_the_address_and_kept_nowhere(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        assert seen.page.url == f"{house.address}/"
        kept = await seen.page.evaluate(
            "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
        )
        assert TOKEN not in kept
        assert TOKEN not in await seen.page.content()
        assert all(TOKEN not in each for each in seen.asked)


async def test_without_a_token_the_page_says_where_it_is_found(browser: Browser) -> None:
    async with served(session()) as house:
        page = await browser.new_page()
        await page.goto(house.address)
        await expect(page.locator("#gate")).to_be_visible()
        await expect(page.locator("#gate")).to_contain_text("assistant web")
        await page.fill("#token", "a guess")
        await page.click("#gate button")
        await expect(page.locator("#gate-problem")).to_contain_text("not the token")
        await page.fill("#token", house.url)  # the whole address does, too
        await page.keyboard.press("Enter")
        await expect(page.locator("#gate")).not_to_be_visible()
        await expect(page.locator("#name")).to_have_text("GLaDOS")


async def test_who_is_let_in_no_more_is_asked_for_the_new_token_and_goes_on(
    browser: Browser,
) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        made.said = [UserSaid(turn=1, text="Hello.", final=True)]
        house.change_token("another-token-of-these-tests")
        house.hang_up()
        await expect(seen.page.locator("#gate")).to_be_visible()
        await seen.page.fill("#token", "another-token-of-these-tests")
        await seen.page.keyboard.press("Enter")
        await expect(seen.page.locator(".turn .words")).to_have_text("Hello.")
        await expect(seen.page.locator("#gate")).not_to_be_visible()


async def test_ready_loading_listening(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        state = seen.page.locator("#state")
        await expect(state).to_have_text("Ready")
        house.session.emit(StateChanged(state="initializing"))
        await expect(state).to_have_text("Loading")
        house.session.emit(StateChanged(state="listening"))
        await expect(state).to_have_text("Listening")
        house.session.emit(
            StateChanged(state="thinking"), StillThinking(doing="thinking", seconds=7)
        )
        await expect(state).to_have_text("Thinking")
        await expect(seen.page.locator("#doing")).to_have_text("GLaDOS is thinking · 7 s")


async def test_the_word_that_is_being_said_stands_out(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        said = AgentSaid(turn=1, persona="glados", text="Oh. It is you. Again.")
        house.session.emit(said, AnswerProgress(turn=1, words=4))
        await expect(seen.page.locator(".turn .now")).to_have_text("you.")
        house.session.emit(
            AgentSaid(
                turn=1, persona="glados", final=True, played="Oh. It is you.", interrupted=True
            )
        )
        await expect(seen.page.locator(".turn .unheard")).to_have_text("Again.")


async def test_a_reload_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    browser: Browser,
) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        first = UserSaid(turn=1, text="Who are you?", final=True)
        begun = AgentSaid(turn=2, persona="glados", text="I am ")
        house.session.emit(first, begun)
        house.session.said = [first, begun]
        await seen.page.reload()
        await expect(seen.page.locator("#link")).to_have_text("Connected")
        house.session.emit(AgentSaid(turn=2, persona="glados", text="GLaDOS."))
        await expect(seen.page.locator(".turn").nth(1)).to_contain_text("I am GLaDOS.")
        assert await turns(seen.page) == ["You: Who are you?", "GLaDOS: I am GLaDOS."]


async def test_a_lost_connection_comes_back_by_itself_and_the_draft_stays(browser: Browser) -> None:
    made = session()
    async with served(made) as house, opened(browser, house.url) as seen:
        said = [UserSaid(turn=1, text="Hello.", final=True)]
        made.emit(*said)
        made.said = list(said)
        await seen.page.fill("#words", "half a thought")
        # As when a phone leaves the network: every socket of the page dies.
        await seen.context.set_offline(True)
        await seen.page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
        house.hang_up()
        await expect(seen.page.locator("#state")).to_have_text("Not connected")
        made.said.append(AgentSaid(turn=2, persona="glados", text="Hi.", final=True, played="Hi."))
        await seen.context.set_offline(False)
        await expect(seen.page.locator("#link")).to_have_text("Connected", timeout=20_000)
        await expect(seen.page.locator(".turn")).to_have_count(2)
        assert await seen.page.input_value("#words") == "half a thought"
        assert await turns(seen.page) == ["You: Hello.", "GLaDOS: Hi."]


async def test_two_pages_agree(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as one,
        opened(browser, house.url) as other,
    ):
        await one.page.fill("#words", "Good evening.")
        await one.page.keyboard.press("Enter")
        await expect(other.page.locator(".turn .words")).to_have_text("Good evening.")
        await other.page.keyboard.press("n")
        await expect(one.page.locator("#name")).to_have_text("HAL 9000")
        assert await turns(one.page) == await turns(other.page)


async def test_text_from_elsewhere_is_text_and_never_part_of_the_page(browser: Browser) -> None:
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        house.session.emit(
            UserSaid(turn=1, text=evil, final=True),
            AgentSaid(turn=2, persona="glados", text=evil),
            ToolFinished(result=ToolResult(ToolCall("set_timer", {}), True, evil)),
            Notice(text=evil, remedy=evil, severity="error"),
            BrainChosen(label=evil),
        )
        await expect(seen.page.locator(".turn")).to_have_count(2)
        assert await turns(seen.page) == [f"You: {evil}", f"GLaDOS: {evil}"]
        assert (
            await seen.page.locator(
                "main img, #toasts img, footer img, main b >> text=bold"
            ).count()
            == 0
        )


async def test_the_persona_changes_colours_name_and_face(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        ground = "() => getComputedStyle(document.body).backgroundColor"
        before = await seen.page.evaluate(ground)
        await seen.page.click("#name")
        await seen.page.locator(".persona", has_text="Samantha").locator(".choose").click()
        await expect(seen.page.locator("#name")).to_have_text("Samantha")
        await expect(seen.page.locator(".rule")).to_have_text("Samantha takes over")
        await expect(seen.page.locator("#face")).to_have_attribute("aria-label", "Face of Samantha")
        assert await seen.page.evaluate(ground) != before
        assert ("set_persona", "samantha") in house.session.calls


async def test_every_face_is_another_one(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        picture = "() => document.getElementById('face').toDataURL()"
        pictures = set()
        for persona in PERSONAS.values():
            house.session.emit(PersonaChanged(persona=persona))
            await expect(seen.page.locator("#name")).to_have_text(persona.name)
            pictures.add(await seen.page.evaluate(picture))
        assert len(pictures) == len(PERSONAS)


async def test_the_face_keeps_still_for_who_wants_no_motion_and_moves_for_others(
    browser: Browser,
) -> None:
    picture = "() => document.getElementById('face').toDataURL()"
    async with served(session()) as house:
        for still in (True, False):
            async with opened(browser, house.url, still=still) as seen:
                house.session.emit(StateChanged(state="thinking"))
                await expect(seen.page.locator("#state")).to_have_text("Thinking")
                await asyncio.sleep(0.5)
                seen_at = [await seen.page.evaluate(picture)]
                await asyncio.sleep(0.3)
                seen_at.append(await seen.page.evaluate(picture))
                assert (seen_at[0] == seen_at[1]) is still


async def test_a_face_at_rest_asks_the_display_for_no_more_than_it_paints(
    browser: Browser,
) -> None:
    counts = """
    window.counts = { asked: 0, painted: 0 };
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (call) => { counts.asked += 1; return ask(call); };
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
      if (this.canvas.id === "face") counts.painted += 1;
      return clear.apply(this, where);
    };
    """
    async with (
        served(session()) as house,
        opened(browser, house.url, still=False, script=counts) as seen,
    ):
        await asyncio.sleep(1.5)  # it has opened, and breathes
        await seen.page.evaluate("() => Object.assign(counts, { asked: 0, painted: 0 })")
        await seen.page.wait_for_function("() => counts.painted >= 12", polling=100)
        counted = await seen.page.evaluate("() => counts")
        assert counted["asked"] < 1.7 * counted["painted"]


async def test_a_tool_runs_only_after_a_yes(browser: Browser) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        call = ToolCall("forget", {"what": "my \u202eparrot", "sure": True}, origin="agent")
        for button, allowed in (("Yes, once", True), ("No", False)):
            asking = asyncio.create_task(made.askers.ask(call))
            dialog = seen.page.locator("dialog.consent")
            await expect(dialog).to_contain_text("A coding agent wants to go on with forget")
            # To the letter: what has no shape and turns the writing round is named.
            await expect(dialog.locator("dd")).to_have_text(["my ⟨U+202E⟩parrot", "true"])
            await dialog.get_by_role("button", name=button, exact=True).click()
            assert await asking is allowed
        asking = asyncio.create_task(made.askers.ask(call))
        await expect(seen.page.locator("dialog.consent")).to_be_visible()
        await seen.page.keyboard.press("Escape")
        assert await asking is False
        assert house.session is made


async def test_a_question_that_was_answered_elsewhere_goes_away(browser: Browser) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as one,
        opened(browser, house.url) as other,
    ):
        asking = asyncio.create_task(made.askers.ask(ToolCall("forget", {})))
        await other.page.get_by_role("button", name="Yes, once").click()
        assert await asking is True
        await expect(one.page.locator("dialog.consent")).to_have_count(0)


async def test_what_is_remembered_is_searched_and_forgotten_after_a_preview(
    browser: Browser,
) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        texts = ("Your parrot is called Picasso.", "You like tea.")
        kept = [memory(f"j/{n}", text) for n, text in enumerate(texts, 1)]
        _remember(made, kept)
        made.emit(*(MemoryKept(memory=each) for each in kept))
        await expect(seen.page.locator("#known li")).to_have_count(2)
        await seen.page.keyboard.press("m")
        items = seen.page.locator(".memories li")
        await expect(items).to_have_count(2)
        await seen.page.get_by_label("Your parrot is called Picasso.").check()
        await seen.page.get_by_role("button", name="Forget what is ticked").click()
        await expect(seen.page.locator("dialog.forget")).to_contain_text("Picasso")
        await seen.page.get_by_role("button", name="Forget it for good").click()
        await expect(items).to_have_count(1)
        await expect(items).to_contain_text("You like tea.")
        assert house.session is made


async def test_what_rings_is_told_and_can_be_stopped(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        timer = Timer(1, "timer", "pasta", time.time() + 299)
        house.session.emit(TimersChanged(timers=(timer,)))
        await expect(seen.page.locator("#due")).to_contain_text("pasta")
        await expect(seen.page.locator("#due b")).to_contain_text("4:5")
        house.session.emit(TimersChanged(timers=(), ringing=(timer,)))
        await expect(seen.page.locator("#ringing")).to_contain_text("Pasta timer")
        await seen.page.get_by_role("button", name="Stop ringing").click()
        await eventually(lambda: ("interrupt", None) in house.session.calls, "it is stopped")


async def test_the_keys_of_the_terminal_work_where_no_text_is_written(browser: Browser) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        made.emit(AudioChanged(microphone="one", speaker="one", volume=0.5))
        await expect(seen.page.locator("#state")).to_have_text("Ready")
        wanted = {
            "i": ("interrupt", None),
            "r": ("repeat", None),
            "+": ("set_volume", 0.6),
            " ": ("set_muted", True),
            "3": ("set_persona", made.personas()[2].slug),
            "t": ("set_push_to_talk", True),
        }
        for key, call in wanted.items():
            await seen.page.keyboard.press(key)
            await eventually(lambda call=call: call in made.calls, f"{key} does {call}")
        count = len(made.calls)
        await seen.page.keyboard.press("/")
        await seen.page.keyboard.type("ri3 +")
        assert await seen.page.input_value("#words") == "ri3 +"
        await seen.page.keyboard.press("Escape")
        assert len(made.calls) == count
        await seen.page.keyboard.press("?")
        await expect(seen.page.locator("dialog.help")).to_contain_text("Say the last answer again")
        await seen.page.get_by_label("Single keys do something").uncheck()
        await seen.page.keyboard.press("Escape")
        await seen.page.keyboard.press("r")
        await asyncio.sleep(0.2)
        assert len(made.calls) == count
        assert house.session is made


async def test_what_went_wrong_is_told_with_what_helps(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        house.session.emit(
            Failure(text="The model could not be loaded", remedy="Free some memory."),
            Notice(text="The disk is nearly full", severity="warning", remedy="Make room."),
        )
        messages = seen.page.locator("#toasts")
        await expect(messages.get_by_role("alert")).to_contain_text("Free some memory.")
        await expect(messages.get_by_role("status")).to_contain_text("Make room.")
        await messages.get_by_role("button", name="Close").first.click()
        await expect(messages.get_by_role("alert")).to_have_count(0)
        await seen.page.keyboard.press("a")
        await expect(seen.page.locator("dialog.log")).to_contain_text("Free some memory.")


async def test_a_message_can_be_closed_while_a_panel_is_open(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.keyboard.press("m")
        await expect(seen.page.locator("dialog.memory")).to_be_visible()
        house.session.emit(Failure(text="The disk is full"))
        await seen.page.get_by_role("button", name="Close this message").click()
        await expect(seen.page.locator(".toast")).to_have_count(0)
        house.session.emit(Failure(text="The disk is still full"))
        await expect(seen.page.locator(".toast")).to_have_count(1)
        await seen.page.keyboard.press("Escape")
        await expect(seen.page.get_by_role("alert")).to_contain_text("still full")


async def test_who_answers_is_told_and_can_be_changed(browser: Browser) -> None:
    made = session()
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        made.emit(
            BackendChosen(name="cascade", reason="auto", engine="whisper", ready=True),
            BrainChosen(label="scripted"),
        )
        answers = seen.page.locator("#status-brain")
        await expect(answers).to_contain_text("prepared answers, no language model")
        await answers.click()
        await seen.page.get_by_role("button", name="llama3").click()
        await expect(answers).to_contain_text("Llama3 by Ollama")
        assert ("change_brain", "ollama/llama3") in made.calls
        assert house.session is made


async def test_how_fast_it_answers_is_told_by_stage(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        stages = {"wait": 120.0, "answer": 300.0}
        house.session.emit(FirstSample(turn=1, latency=0.6, stages=stages))
        await expect(seen.page.locator("#times")).to_have_text("Answered in 0.6 s.")
        await seen.page.keyboard.press("w")
        table = seen.page.locator("dialog.times table")
        await expect(table).to_contain_text("thinking of the answer")
        await expect(table).to_contain_text("300 ms")


async def test_the_conversation_is_saved_as_text(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        house.session.emit(
            UserSaid(turn=1, text="Hello.", final=True),
            AgentSaid(turn=2, persona="glados", text="Oh.", final=True, played="Oh."),
        )
        await expect(seen.page.locator(".turn")).to_have_count(2)
        async with seen.page.expect_download() as saving:
            await seen.page.keyboard.press("Control+s")
        path = await (await saving.value).path()
        text = path.read_text("utf-8")
        assert "You: Hello.\n" in text
        assert "GLaDOS: Oh.\n" in text


SLOW_DISPLAY = """
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 300);
"""


@pytest.mark.parametrize("script", ["", SLOW_DISPLAY], ids=["quick", "slow"])
async def test_a_screen_reader_hears_each_turn_once_and_no_partial_words(
    browser: Browser, script: str
) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url, script=script) as seen,
    ):
        said = seen.page.locator("#announcer p")
        for text, final in (("what", False), ("what is", False), ("What is that?", True)):
            house.session.emit(UserSaid(turn=1, text=text, final=final))
        for piece in ("A ", "lamp."):
            house.session.emit(AgentSaid(turn=2, persona="glados", text=piece))
        house.session.emit(AgentSaid(turn=2, persona="glados", final=True, played="A lamp."))
        await expect(said).to_have_text(["You: What is that?", "GLaDOS: A lamp."])
        house.session.said = [UserSaid(turn=1, text="What is that?", final=True)]
        await seen.page.reload()
        await expect(seen.page.locator(".turn")).to_have_count(1)
        await expect(said).to_have_count(0)  # what was said before is not read out again


async def test_light_or_dark_is_kept(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url, dark=True) as seen,
    ):
        root = seen.page.locator("html")
        await expect(root).to_have_attribute("data-scheme", "dark")
        await seen.page.click("[data-do=scheme]")
        await expect(root).to_have_attribute("data-scheme", "light")
        await seen.page.reload()
        await expect(root).to_have_attribute("data-scheme", "light")


SCROLL_BACK = """async () => {
  document.getElementById('scroll').scrollTop = 0;
  for (let n = 0; n < 2; n += 1) await new Promise(requestAnimationFrame);
}"""
"""To the oldest; returns once the page knows: a scroll is told before the next frame is drawn."""


async def test_who_scrolls_back_is_left_there_and_shown_the_way_to_the_newest(
    browser: Browser,
) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        for turn in range(60):
            house.session.emit(UserSaid(turn=turn + 1, text=f"Line {turn}.", final=True))
        await expect(seen.page.locator(".turn").last).to_contain_text("Line 59.")
        await expect(seen.page.locator(".turn").last).to_be_in_viewport()
        await seen.page.evaluate(SCROLL_BACK)
        house.session.emit(UserSaid(turn=99, text="The newest.", final=True))
        await expect(seen.page.locator("#newest")).to_be_visible()
        await expect(seen.page.locator(".turn").first).to_be_in_viewport()
        await seen.page.click("#newest")
        await expect(seen.page.locator(".turn").last).to_be_in_viewport()


async def test_of_a_long_talk_the_newest_is_shown_and_the_rest_on_demand(browser: Browser) -> None:
    made = session()
    made.said = [UserSaid(turn=n, text=f"Line {n}.", final=True) for n in range(1, 451)]
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        await expect(seen.page.locator(".turn")).to_have_count(400)
        await expect(seen.page.locator(".turn").last).to_contain_text("Line 450.")
        await seen.page.get_by_role("button", name="Show what was said before").click()
        await expect(seen.page.locator(".turn")).to_have_count(450)
        await expect(seen.page.locator(".turn").first).to_contain_text("Line 1.")


async def test_a_talk_of_hours_does_not_fill_the_page_and_stays_in_its_order(
    browser: Browser,
) -> None:
    made = session()
    made.said = [UserSaid(turn=n, text=f"Line {n}.", final=True) for n in range(1, 451)]
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        last = seen.page.locator(".turn").last
        await expect(last).to_contain_text("Line 450.")
        made.emit(UserSaid(turn=1, text="Line one.", final=True))  # one that is not shown
        for turn in range(451, 701):
            made.emit(UserSaid(turn=turn, text=f"Line {turn}.", final=True))
        await expect(last).to_contain_text("Line 700.")
        shown = await seen.page.locator(".turn").count()
        assert 400 <= shown <= 600, "the oldest leave by and by"
        await seen.page.get_by_role("button", name="Show what was said before").click()
        await expect(seen.page.locator(".turn")).to_have_count(700)
        words = await seen.page.locator(".turn .words").all_text_contents()
        assert words == ["Line one.", *(f"Line {n}." for n in range(2, 701))]


async def test_what_was_typed_into_a_dying_line_stands_in_it_again(browser: Browser) -> None:
    made = session()

    async def lost(text: str) -> None:
        """It never arrives."""

    made.send_text = lost  # type: ignore[method-assign]
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.fill("#words", "Are you there?")
        await seen.page.keyboard.press("Enter")
        await expect(seen.page.locator("#words")).to_have_value("")
        house.hang_up()
        await expect(seen.page.locator("#words")).to_have_value("Are you there?")
        await expect(seen.page.locator("#toasts")).to_contain_text("had not arrived")


async def test_it_can_be_installed(browser: Browser) -> None:
    async with (
        served(session()) as house,
        opened(browser, house.url) as seen,
    ):
        answer = await seen.page.request.get(f"{house.address}/static/manifest.webmanifest")
        manifest = json.loads(await answer.body())
        assert {"name", "start_url", "display", "icons"} <= manifest.keys()
        for each in manifest["icons"]:
            assert (await seen.page.request.get(house.address + each["src"])).ok


def _remember(made: FakeSession, memories: list[Memory]) -> None:
    """As if these had been told in earlier conversations."""
    at = memories[0].at
    turns = [Turn(1, "user", "You", "My parrot is called Picasso.", at)]
    journal = Journal("j", at, "hal", memories=memories, turns=turns)
    made.memory = MemoryService(FakeMemoryStore(journal))
