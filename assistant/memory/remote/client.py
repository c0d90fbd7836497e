"""Another machine's memory, over HTTP (`http_protocol`).

Where it cannot be reached, what is written is kept in the memory of this process and searched
there; it is handed over, once, as soon as the server answers again.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

import httpx

from assistant.memory.base import (
    ANY,
    Filters,
    Forgotten,
    Found,
    Journal,
    Memory,
    MemoryFailure,
)
from assistant.memory.remote.access import TOKEN, checked_address
from assistant.memory.remote.protocol import (
    MAX_LIMIT,
    MAX_QUERY,
    ROOT,
    Forget,
    KnownJournal,
    ListRequest,
    Misunderstood,
    Search,
    Trouble,
    Written,
    bring_up_to_date,
    decode,
    encode,
    known_of,
)
from assistant.memory.store.in_memory import InMemoryStore, plan_of

CONNECT = 2.0
"""Seconds in which a server on the same network answers a call."""
ANSWER = 10.0
"""Seconds in which it does what it is asked."""
RETRY = 5.0
"""Seconds for which nothing is searched on a server that could not be reached."""
_GATEWAY = (502, 503, 504)
"""What a proxy says for a server that is away."""
_log = logging.getLogger(__name__)
T = TypeVar("T")
Listener = Callable[[str, str], None]


class _Away(Exception):
    """The server cannot be reached; says why."""


class HttpStore:
    """A `MemoryStore`; may be used from several threads. Raises `MemoryFailure` where the server
    answers and refuses; where it does not answer, it goes on and says so once."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        listener: Listener = lambda text, remedy: None,
        retry: float = RETRY,
    ) -> None:
        """`listener(text, remedy)` hears of the server's going and coming; `retry`: in seconds.
        Raises `MemoryFailure` where the address is none."""
        self.url = checked_address(url)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=self.url + ROOT,
            headers=headers,
            timeout=httpx.Timeout(ANSWER, connect=CONNECT),
            verify=ssl.create_default_context(),
            trust_env=False,  # what is remembered does not pass through a proxy of the environment
        )
        self._listener = listener
        self._retry = retry
        self._kept = InMemoryStore()
        self._known: dict[str, KnownJournal] = {}
        """What the server has had of each journal that was written here."""
        self._owed: list[str] = []
        """Ids of what is to be forgotten there."""
        self._lock = threading.Lock()
        """For what follows."""
        self._away = False
        self._told = False
        """That it is away."""
        self._tried = float("-inf")
        self._changing = threading.RLock()
        """One change at a time: an older state of a journal may not come after a newer one."""

    def report_to(self, listener: Listener) -> None:
        self._listener = listener

    def write(self, journal: Journal) -> None:
        """`journal` is brought up to date with what was changed or forgotten on the server."""
        with self._changing:
            self._strike(journal)
            try:
                self._hand_over(but=journal.id)
                now = self._put(journal)
            except _Away as away:
                self._kept.write(journal)
                self._lost(away)
            else:
                self._kept.drop(journal.id)
                bring_up_to_date(journal, now)
                self._found()

    def deferred(self) -> str:
        return "my memory server cannot be reached" if self._kept.journals() else ""

    def journals(self) -> Sequence[str]:
        def ask() -> Sequence[str]:
            return self._ask("GET", "/journals", list[str])

        return self._read(ask, self._kept.journals)

    def read(self, journal: str) -> Journal:
        def ask() -> Journal:
            found = self._ask("GET", f"/journals/{quote(journal, safe='')}", Journal)
            self._require(journal, found)
            self._known[found.id] = known_of(found)
            return found

        return self._read(ask, lambda: self._kept.read(journal))

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        def ask() -> Sequence[Memory]:
            return self._ask("POST", "/memories", list[Memory], ListRequest(filters))

        return self._read(ask, lambda: self._kept.memories(filters))

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        asked = Search(query[:MAX_QUERY], filters, max(0, min(limit, MAX_LIMIT)))

        def ask() -> Sequence[Found]:
            return self._ask("POST", "/search", list[Found], asked)

        return self._read(ask, lambda: self._kept.search(query, filters, limit))

    def forget(self, ids: Sequence[str]) -> Forgotten:
        """Where the server is away, what it has is forgotten when it is back; until then it is not
        forgotten, and that is a `MemoryFailure`."""
        with self._changing:
            try:
                self._hand_over()
                gone = self._ask("POST", "/forget", Forgotten, Forget(list(ids)))
            except _Away as away:
                self._kept.forget(ids)
                self._owed += [id for id in ids if id not in self._owed]
                self._lost(away)
                raise MemoryFailure(
                    f"forgotten here, but not yet at {self.url}, which cannot be reached",
                    "It is forgotten there too if the server answers again before this ends.",
                ) from None
            self._found()
            return gone

    def close(self) -> None:
        """Hand over what can be. Raises `MemoryFailure` where something had to be left behind."""
        try:
            with self._changing:
                self._hand_over()
        except _Away as away:
            left = len(self._kept.journals())
            raise MemoryFailure(
                f"{self.url} cannot be reached ({away}): of what was kept for it, conversations: "
                f"{left}, things to forget: {len(self._owed)}; they are lost",
                "Start the server before the next conversation.",
            ) from None
        finally:
            self._client.close()

    # -- what is owed to the server (with `_changing` held) ----------------------------------------

    def _hand_over(self, but: str = "") -> None:
        """All but the journal `but`; what the server refuses stays here and is told."""
        if self._owed:
            # First: what is forgotten is not in the journals that are kept here.
            self._ask("POST", "/forget", Forgotten, Forget(self._owed))
            self._owed = []
        handed = 0
        for id in self._kept.journals():
            if id == but:
                continue
            try:
                self._put(self._kept.read(id))
            except MemoryFailure as failure:
                self._tell(failure.message, failure.remedy or "Look at the server's log.")
                continue
            self._kept.drop(id)
            handed += 1
        if handed:
            self._found()

    def _put(self, journal: Journal) -> Journal:
        message = Written(journal, self._known.get(journal.id, KnownJournal()))
        path = f"/journals/{quote(journal.id, safe='')}"
        now = self._ask("PUT", path, Journal, message)
        self._require(journal.id, now)
        self._known[journal.id] = known_of(now)
        return now

    def _strike(self, journal: Journal) -> None:
        """What was to be forgotten does not come back with the next state of a conversation that
        has not heard of it: neither what was forgotten here before the server had it, nor what it
        is still to forget."""
        self._kept.strike(journal)
        if ids := [id for id in self._owed if id != journal.id]:
            plan_of(ids, [journal])

    # -- asking ------------------------------------------------------------------------------------

    def _read(self, ask: Callable[[], T], here: Callable[[], T]) -> T:
        if self._away and time.monotonic() < self._tried + self._retry:
            return here()
        try:
            if self._is_owing() and self._changing.acquire(blocking=False):
                try:
                    self._hand_over()
                finally:
                    self._changing.release()
            found = ask()
        except _Away as away:
            self._lost(away)
            return here()
        self._found()
        return found

    def _ask(self, method: str, path: str, type: type[T], message: object = None) -> T:
        """Raises `_Away` where nobody answers, and `MemoryFailure` where the answer is no."""
        content = b"" if message is None else encode(message)
        try:
            response = self._client.request(method, path, content=content)
        except httpx.TransportError as error:
            raise _Away(_reason(error)) from None
        except (httpx.RequestError, httpx.InvalidURL) as error:  # packed in a way it does not say
            raise self._other(str(error)) from None
        try:
            if response.status_code == httpx.codes.OK:
                return decode(response.content, type)
            trouble = decode(response.content, Trouble)
        except Misunderstood as error:
            if response.status_code in _GATEWAY:
                raise _Away(f"it answers {response.status_code}") from None
            _log.warning("memory server: %s", error)
            raise MemoryFailure(
                f"{self.url} does not answer as a memory server does ({response.status_code})",
                "Look at memory.server; is it of the same version?",
            ) from None
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise MemoryFailure(
                f"{self.url} wants another token", f"Put it into the variable {TOKEN}."
            )
        raise MemoryFailure(trouble.error, trouble.remedy)

    def _require(self, id: str, found: Journal) -> None:
        if found.id != id:
            raise self._other(f"asked for {id}, it tells of {found.id}")

    def _other(self, why: str) -> MemoryFailure:
        _log.warning("memory server: %s", why)
        return MemoryFailure(
            f"{self.url} does not answer as a memory server does",
            "Look at memory.server; is it of the same version?",
        )

    def _lost(self, away: _Away) -> None:
        with self._lock:
            self._tried = time.monotonic()
            first, self._away, self._told = not self._told, True, True
        if first:
            self._tell(
                f"the memory at {self.url} cannot be reached ({away}): what is said is kept here "
                "until it answers",
                "Start `assistant memory serve` there; what is kept is lost if this ends before.",
            )

    def _found(self) -> None:
        with self._lock:
            self._away = False
            if not self._told or self._is_owing():
                return
            self._told = False
        self._tell(f"the memory at {self.url} answers again, and has all that was kept", "")

    def _is_owing(self) -> bool:
        return bool(self._owed or self._kept.journals())

    def _tell(self, text: str, remedy: str) -> None:
        _log.warning("memory: %s", text)
        self._listener(text, remedy)


def _reason(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
