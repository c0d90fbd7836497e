"""The backend on the stand-in: what is heard of it, who it is, and what is told when it fails."""

from __future__ import annotations

from assistant import frames as f
from tests.backends.moshi_cpp.conftest import Driver, MakeProgram, MakeWeights, persona


def test_it_speaks_by_itself_in_words_and_sound(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    engine = driver.load(make_program(), make_weights(), prompt=persona("Ada", "NATF1"))
    driver.push(count=60)
    assert driver.words == "I am Ada the machine. My voice is NATF1."
    assert engine.startswith("moshi.cpp personaplex-7b-q4_k-GGUF on CPU")
