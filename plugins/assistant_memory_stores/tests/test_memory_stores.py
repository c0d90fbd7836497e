"""Memory in mem0 and in Qdrant's engine in this process, both real."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

import assistant_memory_stores
from assistant.config.schema import MemoryConfig
from assistant.memory.base import Filters, MemoryFailure
from assistant.memory.factory import open_store
from tests.memory.conftest import raw
from tests.memory.contract import StoreContract
from tests.memory.samples import ID, kept, parrot, said

PACKAGES = {"mem0": ("mem0", "qdrant_client"), "qdrant": ("qdrant_client",)}


def needs(name: str) -> None:
    """Not by importing them: mem0 looks at the environment then."""
    missing = [package for package in PACKAGES[name] if find_spec(package) is None]
    if missing:
        pytest.skip(f"memory in {name} needs {', '.join(missing)}")


def make(name: str, folder: Path) -> Any:
    needs(name)
    module = import_module(f"assistant_memory_stores.{name}")
    return module.QdrantStore(path=folder) if name == "qdrant" else module.Mem0Store(folder)


@pytest.fixture(params=["mem0", "qdrant"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Opens the same store each time."""
    return lambda: make(request.param, tmp_path / "kept")


@pytest.fixture
def shelves(place: Callable[[], Any]) -> Iterator[Any]:
    store = place()
    yield store
    store.close()


def test_a_conversation_is_the_same_the_next_day(place: Callable[[], Any], tmp_path: Path) -> None:
    store = place()
    store.write(parrot())
    store.close()
    store = place()
    assert store.journals() == [ID]
    assert store.read(ID) == parrot()
    assert [memory.id for memory in store.memories()] == [f"{ID}/2", f"{ID}/1"]
    store.close()
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.joinpath("kept").rglob("*")}
    assert modes <= {0o600, 0o700}


class TestContract(StoreContract):
    """Of mem0 and of Qdrant."""


def test_who_is_meant_and_nothing_is_asked(shelves: Any) -> None:
    shelves.write(parrot())
    found = shelves.search("Ada parrot talk Friday", Filters(person="user"))
    assert {hit.id for hit in found if hit.memory is not None} == {f"{ID}/1"}
    assert shelves.search("") == []


def test_what_was_forgotten_is_in_no_byte_and_does_not_come_back(
    shelves: Any, tmp_path: Path
) -> None:
    journal = parrot()
    shelves.write(journal)
    assert b"picasso" in raw(tmp_path)
    gone = shelves.forget([f"{ID}/1"])
    assert (gone.memories, gone.turns) == (1, 2)
    assert b"picasso" not in raw(tmp_path)
    assert b"talk on friday" in raw(tmp_path)
    shelves.write(journal)
    assert b"picasso" not in raw(tmp_path)
    assert shelves.forget([ID]).journals == 1
    assert shelves.journals() == []
    assert b"friday" not in raw(tmp_path)
    shelves.close()
    assert b"friday" not in raw(tmp_path)


def test_half_a_character_does_not_stop_it(shelves: Any) -> None:
    journal = parrot()
    journal.turns.append(said(5, "caf\udce9"))
    journal.memories.append(kept(3, "The caf\udce9 is closed.", 5))
    shelves.write(journal)
    assert shelves.read(ID).turns[-1].text == "caf\ufffd"
    assert len(shelves.memories()) == 3


def test_two_programs_at_one_folder_are_told_what_to_do(place: Callable[[], Any]) -> None:
    store = place()
    with pytest.raises(MemoryFailure) as failure:
        place()
    assert "another program" in failure.value.message
    assert failure.value.remedy
    store.close()


def test_a_qdrant_server_that_does_not_run_is_told() -> None:
    needs("qdrant")
    from assistant_memory_stores.qdrant import QdrantStore

    with pytest.raises(MemoryFailure) as failure:
        QdrantStore(url="http://127.0.0.1:9")
    assert "memory.qdrant.url" in failure.value.remedy


def test_qdrants_findings_are_made_anew_from_its_journals(tmp_path: Path) -> None:
    store = make("qdrant", tmp_path / "kept")
    store.write(parrot())
    before = [(hit.id, hit.score) for hit in store.search("parrot Picasso")]
    assert store.rebuild() == 1
    assert [(hit.id, hit.score) for hit in store.search("parrot Picasso")] == before
    store.close()


def test_what_other_programs_gave_mem0_is_known_and_can_be_forgotten(tmp_path: Path) -> None:
    store = make("mem0", tmp_path / "kept")
    store.write(parrot())
    store._mem0.add("Ada drinks oolong tea.", user_id="user", infer=False)
    store._mem0.add("Grace drinks coffee.", user_id="grace", infer=False)
    [hit] = store.search("oolong")
    assert hit.text == "Ada drinks oolong tea."
    assert "Grace drinks coffee." not in {memory.text for memory in store.memories()}
    assert store.read(hit.id.partition("/")[0]).memories[0].text == hit.text
    assert store.search("oolong", Filters(persona="jarvis")) == []
    assert store.forget([hit.id]).memories == 1
    assert b"oolong" not in raw(tmp_path)
    store.close()


def test_its_conversations_are_not_among_mem0s_memories_of_the_user(tmp_path: Path) -> None:
    store = make("mem0", tmp_path / "kept")
    store.write(parrot())
    entries = store._mem0.get_all(filters={"user_id": "user"}, top_k=100)["results"]
    assert {entry["memory"] for entry in entries} == {memory.text for memory in store.memories()}
    store.close()


class Embeddings(BaseHTTPRequestHandler):
    """A model server on this machine that knows embeddings, as far as mem0 asks for them."""

    asked: ClassVar[list[tuple[str, int]]] = []

    def do_POST(self) -> None:
        from assistant_memory_stores.mem0_embedder import StaticEmbedder

        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, len(data)))
        texts = json.loads(data)["input"]
        rows = StaticEmbedder().embed_batch([texts] if isinstance(texts, str) else texts)
        listed = [
            {"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)
        ]
        answer = json.dumps({"object": "list", "model": "m", "data": listed}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_ones_own_mem0_is_used_and_no_model_is_made_to_read_long_prompts(tmp_path: Path) -> None:
    needs("mem0")
    from assistant_memory_stores.mem0 import Mem0Store

    with ThreadingHTTPServer(("127.0.0.1", 0), Embeddings) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        model = {"openai_base_url": url, "api_key": "none"}
        vectors = {"path": str(tmp_path / "own"), "on_disk": True, "embedding_model_dims": 128}
        settings = tmp_path / "mem0.json"
        settings.write_text(
            json.dumps(
                {
                    "vector_store": {"provider": "qdrant", "config": vectors},
                    "embedder": {"provider": "openai", "config": {**model, "model": "m"}},
                    "llm": {"provider": "openai", "config": {**model, "model": "m"}},
                }
            )
        )
        store = Mem0Store(tmp_path / "kept", settings=settings)
        store.write(parrot())
        assert store.search("what is my parrot called?")[0].id == f"{ID}/1"
        store.forget([f"{ID}/1"])
        assert b"picasso" not in raw(tmp_path / "kept")
        store.close()
        server.shutdown()
    assert {path for path, _ in Embeddings.asked} == {"/v1/embeddings"}
    assert max(size for _, size in Embeddings.asked) < 3_000


SILENT = """
import sys
called = []
wanted = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request")
sys.addaudithook(lambda event, values: called.append(values) if event in wanted else None)
from pathlib import Path
from assistant_memory_stores.mem0 import Mem0Store
from tests.memory.samples import parrot, ID
store = Mem0Store(Path(sys.argv[1]))
store.write(parrot())
store.search("What is Picasso?")
store.forget([ID])
store.close()
heavy = {"torch", "onnxruntime", "spacy"} & sys.modules.keys()
print(called, sorted(heavy))
"""


def test_mem0_calls_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("mem0")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")
    monkeypatch.delenv("MEM0_TELEMETRY", raising=False)
    monkeypatch.delenv("MEM0_DIR", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[] []\n", done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_broken_mem0_configuration_is_told_by_its_name(tmp_path: Path, text: str | None) -> None:
    needs("mem0")
    from assistant_memory_stores.mem0 import Mem0Store

    settings = tmp_path / "mem0.json"
    if text is not None:
        settings.write_text(text)
    with pytest.raises(MemoryFailure, match=r"mem0\.json") as failure:
        Mem0Store(tmp_path / "kept", settings=settings)
    assert failure.value.remedy


@pytest.mark.parametrize("name", ["mem0", "qdrant"])
def test_the_settings_choose_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(name, tmp_path / "elsewhere").close()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = MemoryConfig.model_validate({"store": name})
    store = open_store(config).store
    store.write(parrot())
    assert b"picasso" in raw(tmp_path / "assistant" / "memory" / name)
    store.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["mem0", "qdrant"])
def test_what_cannot_be_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = MemoryConfig.model_validate({"store": name, "encryption": "keyring"})
    with pytest.raises(MemoryFailure, match="plain text"):
        open_store(sealed).memories()
    monkeypatch.setattr(assistant_memory_stores, "find_spec", lambda package: None)
    with pytest.raises(MemoryFailure) as failure:
        open_store(MemoryConfig.model_validate({"store": name})).memories()
    assert f"pip install './plugins/assistant_memory_stores[{name}]'" in failure.value.remedy
