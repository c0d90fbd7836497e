"""`assistant memory edit ID`: a journal or the profile in the user's editor, or one sentence."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.memory.show import PROFILE, find_journal, find_memory
from assistant.commands.memory.store import clean, nothing_yet, opened
from assistant.commands.runner import FAILED, complain
from assistant.config.schema import Config
from assistant.memory.base import Claim, Memory, MemoryFailure
from assistant.memory.profile.edits import NAME

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore

_EDITORS = ("sensible-editor", "nano", "vim", "vi", "notepad")
"""Where neither VISUAL nor EDITOR names one."""


def edit_command(config: Config, id: str, text: str | None = None) -> int:
    """`text`: what a memory should say instead. Raises `MemoryFailure`."""
    if nothing_yet(config):
        return 0
    if text is not None:
        return _correct(config, id, text)
    with opened(config) as store:
        path, before = _file(store, id), {each.id: each for each in store.history()}
    _let_edit(path)
    with opened(config) as store:  # it looks for what was edited
        after = {each.id: each for each in store.history()}
        problems = [each for each in store.problems() if each.path == path]
    print(_difference(before, after), file=sys.stderr)
    for problem in problems:
        complain(str(problem))
    if problems:
        complain(
            "what is not understood is kept in the file, and left out",
            f"assistant memory edit {shlex.quote(id)}",
        )
    return FAILED if problems else 0


def _correct(config: Config, id: str, text: str) -> int:
    text = clean(text)
    if not text:
        raise MemoryFailure(
            "a memory has to say something", f"To be rid of it: assistant memory forget {id}"
        )
    with opened(config) as store:
        memory = find_memory(store, id)
        if memory is None:
            raise MemoryFailure(
                f"there is no memory “{clean(id)[:80]}”",
                "`assistant memory list` names those there are.",
            )
        if memory.replaced_by:
            raise MemoryFailure(
                f"“{clean(memory.text)[:80]}” is history already",
                f"Correct what holds now: {memory.replaced_by}",
            )
        new = store.correct(memory.id, text, corrected_claim(memory, text))
    print(f"{clean(new.text)}  ({new.id})")
    print("What it said before is kept as its history.", file=sys.stderr)
    return 0


def corrected_claim(memory: Memory, text: str) -> Claim | None:
    """The claim with the new value, where the sentence is the same but for that; else None."""
    claim = memory.claim
    if claim is None or not claim.value or claim.value not in memory.text:
        return None
    begin, _, end = memory.text.partition(claim.value)
    fits = text.startswith(begin) and text.endswith(end) and len(text) > len(begin) + len(end)
    if not fits:
        return None
    return replace(claim, value=text[len(begin) : len(text) - len(end)])


def _file(store: FileStore, id: str) -> Path:
    if id == PROFILE:
        path = store.folder / NAME
    else:
        memory = find_memory(store, id)
        path = store.tree.path(
            memory.journal if memory else find_journal(store, id.partition("#")[0])
        )
    if store.tree.cipher.ending:
        raise MemoryFailure(
            "memory is encrypted: an editor would leave its words on the disk",
            "Correct one sentence with --text “…”, or `assistant memory decrypt` first.",
        )
    return path


def _let_edit(path: Path) -> None:
    editor = _editor()
    try:
        code = subprocess.run([*editor, str(path)], check=False).returncode
    except OSError as error:
        raise MemoryFailure(
            f"the editor {editor[0]} cannot be started ({(error.strerror or str(error)).lower()})",
            "Name another in EDITOR.",
        ) from None
    if code:
        complain(f"the editor ended with code {code}", f"the file is {path}")
    if path.exists():
        path.chmod(0o600)  # some editors write a new one, readable for others
    for left in path.parent.iterdir():
        if path.name in left.name and left != path and not left.name.startswith(".profile"):
            complain(f"the editor left a copy: {left}", "Forgetting does not reach it: delete it.")


def _editor() -> Sequence[str]:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    if words:
        return words
    found = next((name for name in _EDITORS if shutil.which(name)), None)
    if found is None:
        raise MemoryFailure("there is no editor", "Name one: EDITOR=nano assistant memory edit …")
    return [found]


def _difference(before: dict[str, Memory], after: dict[str, Memory]) -> str:
    new = len(after.keys() - before.keys())
    gone = len(before.keys() - after.keys())
    changed = sum(before[id] != after[id] for id in before.keys() & after.keys())
    parts = [
        f"{count} {what}"
        for count, what in ((new, "new"), (changed, "changed"), (gone, "taken out"))
        if count
    ]
    return f"Memories: {', '.join(parts)}." if parts else "No memory has changed."
