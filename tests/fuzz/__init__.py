"""Parsers under inputs that nobody wrote: `python -m tests.fuzz.run`, time-boxed.

A target is a module `target_*.py` beside this one with

- `NAME: str`, the folder of its corpus below `corpus/`;
- `SEEDS: list[bytes]`, inputs of every form that the parser knows: the mutations start there;
- `def one(data: bytes) -> None`, which hands `data` to the parser and raises only on a fault: an
  exception of a kind that is not promised, or a promise broken (`assert`). Kinds that are promised
  are caught there, by name.

`one` is called many thousand times: it has no state, writes below a temporary folder if at all,
and needs no network. What was found is kept in `corpus/NAME/` by its hash, and `test_corpus.py`
replays it with every run of the tests, so that a fault once mended stays so.
"""
