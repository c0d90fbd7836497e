"""The page's server: who is let in, what a page may do, and that pages and a terminal agree."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from assistant.serving.connection_limits import Limits
from assistant.serving.web import app, connection
from assistant.session.events import AgentSaid, UserSaid
from tests.fakes import FakeSession, until
from tests.serving.web.page_client import TOKEN, house

# -- the way in ------------------------------------------------------------------------------------


async def test_without_the_token_there_is_a_page_and_no_conversation() -> None:
    async with house(FakeSession()) as here, here.web() as web:
        assert (await web.get("/")).status_code == 200
        assert (await web.get("/api/enter")).status_code == 401
        assert (await web.post("/api/enter", json={"token": "a guess"})).status_code == 403
        with pytest.raises(InvalidStatus) as refused:
            async with here.socket(Origin=here.url):
                pass
        assert refused.value.response.status_code == 403
        assert (await web.post("/api/enter", json={"token": TOKEN})).status_code == 204
        assert (await web.get("/api/enter")).status_code == 204, "the cookie is known again"


async def test_the_cookie_is_for_no_script_and_no_other_page() -> None:
    async with house(FakeSession()) as here, here.web() as web:
        answer = await web.post("/api/enter", json={"token": TOKEN})
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=strict" in kept
        assert TOKEN not in kept


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"]
)
async def test_a_foreign_page_gets_nothing_even_with_the_cookie(origin: str) -> None:
    async with house(FakeSession()) as here:
        cookie = await here.cookie()
        with pytest.raises(InvalidStatus) as refused:
            async with here.socket(Cookie=cookie, Origin=origin):
                pass
        assert refused.value.response.status_code == 403
        async with here.web(Origin=origin) as web:
            assert (await web.post("/api/enter", json={"token": TOKEN})).status_code == 403


async def test_who_does_not_say_which_page_asks_is_no_browser() -> None:
    async with house(FakeSession()) as here:
        with pytest.raises(InvalidStatus):
            async with here.socket(Cookie=await here.cookie()):
                pass


async def test_a_name_that_somebody_points_here_opens_nothing() -> None:
    async with house(FakeSession()) as here:
        async with here.web(Host="evil.example") as web:
            assert (await web.get("/")).status_code == 421
        async with here.web(Host=f"kitchen:{here.port}") as web:
            assert (await web.get("/")).status_code == 200
        cookie = await here.cookie()
        with pytest.raises(InvalidStatus):
            async with here.socket(
                Cookie=cookie, Host="evil.example", Origin="http://evil.example"
            ):
                pass


async def test_who_guesses_has_to_wait_longer_and_longer() -> None:
    async with house(FakeSession()) as here, here.web() as web:
        for _ in range(5):
            assert (await web.post("/api/enter", json={"token": "a guess"})).status_code == 403
        late = await web.post("/api/enter", json={"token": TOKEN})
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"token": 5}', "application/json", 400),
        (b'{"token": "\\ud800"}', "application/json", 400),
        (b"token=x", "application/x-www-form-urlencoded", 415),
        (b"x" * 3000, "application/json", 413),
    ],
)
async def test_what_is_no_token_is_told_so(body: bytes, kind: str, status: int) -> None:
    async with house(FakeSession()) as here, here.web(**{"Content-Type": kind}) as web:
        assert (await web.post("/api/enter", content=body)).status_code == status


async def test_the_page_may_load_and_run_nothing_from_elsewhere() -> None:
    async with house(FakeSession()) as here, here.web() as web:
        for place in ("/", "/static/nowhere.js", "/api/enter"):
            policy = (await web.get(place)).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe-inline" not in policy
            assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/x.py"]
)
async def test_only_files_of_the_page_are_served(path: str) -> None:
    async with house(FakeSession()) as here, here.web() as web:
        assert (await web.get(path)).status_code == 404


# -- a conversation --------------------------------------------------------------------------------


async def test_what_is_typed_in_the_page_reaches_the_session() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as page:
        await page.say("SendText", text="what time is it")
        assert (await page.until("UserSaid"))["text"] == "what time is it"
        assert ("send_text", "what time is it") in session.calls


async def test_two_pages_are_told_the_same() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as one, here.page() as other:
        await one.say("SwitchPersona", slug="core")
        assert (await one.until("PersonaChanged"))["persona"]["slug"] == "core"
        assert (await other.until("PersonaChanged"))["persona"]["slug"] == "core"


async def test_a_page_that_is_loaded_anew_sees_the_answer_under_way() -> None:
    session = FakeSession()
    session.said = [
        UserSaid(turn=1, text="Why is the sky blue?", final=True),
        AgentSaid(turn=2, persona="jarvis", text="Because short waves"),
    ]
    async with house(session) as here:
        async with here.page() as page:
            assert len((await page.until("Replay"))["events"]) == 2
        async with here.page() as again:
            events = (await again.until("Replay"))["events"]
            assert events[1]["text"] == "Because short waves"
            session.emit(AgentSaid(turn=2, persona="jarvis", text=" scatter.", final=True))
            assert (await again.until("AgentSaid"))["text"] == " scatter."


async def test_a_page_that_ends_the_talk_ends_the_program() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as page:
        await page.say("StopSession")
        await page.until("Goodbye")
        await until(lambda: here.ended)
        assert await page.hung_up() == connection.AWAY


@pytest.mark.parametrize("text", ["{", '{"type": 5}', '{"type": "SendText"}', "[]", '"' * 50])
async def test_what_cannot_be_read_is_told_and_the_talk_goes_on(text: str) -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as page:
        await page.send(text)
        await page.until("CommandRefused")
        await page.say("SendText", text="still here")
        await page.until("UserSaid")


@pytest.mark.parametrize(
    "message",
    [
        json.dumps({"type": "TakeSound", "sample_rate": "loud"}),
        json.dumps({"type": "SendText", "text": "x" * 70_000}),
        b"\x00",
        b"\x00" * 2000,
    ],
    ids=["wrong type", "too long", "no sound", "too much sound"],
)
async def test_what_no_page_of_ours_sends_is_hung_up_on(message: str | bytes) -> None:
    async with house(FakeSession()) as here, here.page() as page:
        await page.send(message)
        assert await page.hung_up() in (connection.POLICY, 1009)


async def test_a_flood_is_hung_up_on_and_costs_nobody_else_anything() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as calm, here.page() as page:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(2000):
                await page.say("InterruptAnswer")
        await page.hung_up()
        await calm.say("SendText", text="all is well")
        await calm.until("UserSaid")


async def test_more_pages_than_there_is_room_for_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "MOST_PAGES", 1)
    async with house(FakeSession()) as here, here.page():
        with pytest.raises(InvalidStatus):
            async with here.page():
                pass


async def test_who_only_knocks_is_sent_away_for_who_comes_in() -> None:
    limits = Limits(total=8, each=4, stranger=0.3)
    async with house(FakeSession(), limits=limits) as here:
        silent = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(4)]
        async with here.page() as page:
            await page.say("SendText", text="hello")
            await page.until("UserSaid")
        for reader, writer in silent:
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()


# -- the sound -------------------------------------------------------------------------------------

BLOCK = (0).to_bytes(4, "little") + b"\x00\x30" * 480


async def test_a_page_that_takes_the_sound_is_heard_and_hears() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as page:
        assert (await page.until("SoundHolder"))["holder"] == "none"
        await page.say("TakeSound", sample_rate=24000)
        mine = await page.until("SoundHolder")
        assert (mine["holder"], mine["mine"]) == ("page", True)
        for number in range(8):
            await page.send(number.to_bytes(4, "little") + BLOCK[4:])
        await until(lambda: [name for name, _ in session.calls].count("take_frame") == 2)
        await until(lambda: len(page.sound) > 5)
        numbers = [int.from_bytes(each[:4], "little") for each in page.sound]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert {len(each) for each in page.sound} == {964}


async def test_who_has_no_sound_is_not_heard() -> None:
    session = FakeSession()
    async with house(session) as here, here.page() as page:
        for number in range(8):
            await page.send(number.to_bytes(4, "little") + BLOCK[4:])
        await page.say("SendText", text="a word")
        await page.until("UserSaid")
        assert "take_frame" not in [name for name, _ in session.calls]


async def test_the_page_that_took_it_last_has_the_sound() -> None:
    async with house(FakeSession()) as here, here.page() as one, here.page() as other:
        await one.say("TakeSound", sample_rate=24000)
        await one.until("SoundHolder", mine=True)
        await other.say("TakeSound", sample_rate=24000)
        await other.until("SoundHolder", mine=True)
        lost = await one.until("SoundHolder", mine=False)
        assert lost["holder"] == "page"
        await one.say("ReleaseSound")  # which is not its own any more
        await other.say("ReleaseSound")
        assert (await other.until("SoundHolder", mine=False))["holder"] == "none"


async def test_an_interruption_empties_the_page() -> None:
    async with house(FakeSession()) as here, here.page() as page:
        await page.say("TakeSound", sample_rate=24000)
        await page.until("SoundHolder", mine=True)
        here.audio.playback.clear()
        await page.until("FlushSound")


async def test_what_the_page_holds_back_is_not_heard_yet() -> None:
    async with house(FakeSession()) as here, here.page() as page:
        await page.say("TakeSound", sample_rate=24000)
        await page.until("SoundHolder", mine=True)
        await page.say("SoundBuffer", buffered=2400, played=0)
        await until(lambda: here.audio.output_delay() == pytest.approx(0.1))


async def test_a_page_that_is_gone_gives_the_sound_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.serving.web.sound.COMES_BACK_WITHIN", 0.05)
    async with house(FakeSession(), machine=True) as here, here.page() as other:
        assert (await other.until("SoundHolder"))["holder"] == "machine"
        async with here.page() as page:
            await page.say("TakeSound", sample_rate=24000)
            await page.until("SoundHolder", mine=True)
            assert (await other.until("SoundHolder"))["holder"] == "page"
        await other.until("SoundHolder", holder="machine")
        assert here.audio.microphone == "fake microphone"
