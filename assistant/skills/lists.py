"""Shopping and to-do lists: added to, read, taken from, cleared. Their file is private."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from assistant.language.lexicon import spoken_list
from assistant.language.numbers import cardinal
from assistant.private_files import write_whole
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolError, tool

ListName = Literal["shopping", "to-do"]
_CALLED: dict[str, ListName] = {
    "shopping": "shopping", "grocery": "shopping", "groceries": "shopping", "food": "shopping",
    "to do": "to-do", "todo": "to-do", "task": "to-do", "tasks": "to-do", "chores": "to-do",
    "to dos": "to-do",
}  # fmt: skip
_KIND = rf"(?P<kind>{'|'.join(_CALLED)})"
_LIST = (
    rf"(?:(?:(?:my|the|our) )?{_KIND} list|(?:my|the|our) list"
    r"|(?:my|the|our) (?P<kind2>groceries|tasks|todo|to dos|chores))"
)
_ITEMS = r"(?P<items>\S+(?: \S+)*?)"
_NO_ITEM = re.compile(r"(?:me|him|her|us|them|it|that|this|these|those|you|myself|everyone)")
_FEWER = r"(?:remove|take|delete|cross|strike|tick|check|scratch)"
_ONLY_NOW = " I keep it only while I am running."


class Lists:
    """Every list, read and written whole at each change, so that two programs lose nothing."""

    def __init__(self, path: Path | None = None, *, keeps: bool = True) -> None:
        """Without a `path` there is nothing at the beginning. `keeps` False: what is there may be
        read, and changes end with the program."""
        self.path = path
        self.keeps = keeps and path is not None
        self._changed: dict[str, list[str]] | None = None
        """What there is, where changes are not kept."""
        self.recent: ListName | None = None
        """The one that the turn before was about."""
        self._lock = threading.Lock()

    def read(self) -> dict[str, list[str]]:
        """Raises `ToolError` where the file cannot be read."""
        if self._changed is not None or self.path is None:
            return {name: list(items) for name, items in (self._changed or {}).items()}
        try:
            found = json.loads(self.path.read_text("utf-8"))
            return {str(name): [str(each) for each in items] for name, items in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError):
            told = f"Your lists cannot be read: move {self.path.name} out of {self.path.parent}."
            raise ToolError(told, "Your lists cannot be read. Their file is damaged.") from None

    def change(self, name: str, more: list[str], fewer: list[str]) -> list[str]:
        """Put items on a list and take others off; returns those that were taken or put. Raises
        `ToolError` where it cannot be written: then nothing has changed."""
        with self._lock:
            lists = self.read()
            before = lists.get(name, [])
            known = {_same(each) for each in before}
            gone = {_same(each) for each in fewer}
            fresh = [each for each in more if _same(each) not in known]
            lists[name] = [each for each in before if _same(each) not in gone] + fresh
            self._write(lists)
            return fresh + [each for each in before if _same(each) in gone]

    def clear(self) -> None:
        """There are none any more. Raises `ToolError` where the file cannot be deleted."""
        with self._lock:
            self._changed = None if self.keeps or self.path is None else {}
            try:
                if self.path is not None:
                    self.path.unlink(missing_ok=True)
            except OSError as error:
                told = f"The lists could not be deleted ({error.strerror})."
                raise ToolError(told, told) from None

    def _write(self, lists: dict[str, list[str]]) -> None:
        if not self.keeps or self.path is None:
            self._changed = lists
            return
        try:
            write_whole(self.path, json.dumps(lists, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            told = f"The list could not be written ({error.strerror}); nothing has changed."
            raise ToolError(told, told) from None


def list_skills(lists: Lists) -> list[Skill]:
    """`add_to_list`, `read_list`, `remove_from_list`, `clear_list`, and what is said behind one of
    them."""

    @skill(
        says(rf"(?:add|ad|put|write|note|append|stick|jot|throw|pop|include)(?: down)? {_ITEMS} "
             rf"(?:to|on|onto|in|into|down on) {_LIST}", _items),
        says(rf"(?:add|put) (?:to|on) {_LIST} {_ITEMS}", _items),
        says(rf"(?:i|we) (?:need|have|want) to (?:buy|get) {_ITEMS} (?:(?:so|and|please) )*"
             rf"(?:put|add) (?:it|that|them) (?:on|to|onto) {_LIST}", _items),
        says(rf"(?:add(?: a| another)?(?: new)?|new) (?:(?P<kind>task|to do|todo)(?: list)?"
             rf"(?: item)?|(?P<kind2>shopping) list item)(?: to| called)? {_ITEMS}", _items),
        says(rf"note to self(?: to)? {_ITEMS}", lambda said: _items({**said, "kind": "to do"})),
        offered=True,
    )  # fmt: skip
    def add_to_list(items: list[str], name: ListName = "shopping") -> str:
        """Put items on the user's shopping or to-do list.

        Args:
            items: What to put on it.
            name: Which list.
        """
        lists.recent = name
        new = lists.change(name, items, [])
        if not new:
            return f"{_upper(spoken_list(items))} {_are(items)} on your {name} list already."
        rest = "" if lists.keeps else _ONLY_NOW
        return f"{_upper(spoken_list(new))} {_are(new)} on your {name} list now.{rest}"

    @skill(
        says(rf"what (?:is|are|do i have|have i got|have i|else is)(?: there)?(?: still| left)? on "
             rf"{_LIST}", _kind),
        says(rf"(?:what is|read|show|tell|give|list)(?: me)?(?: out)? {_LIST}(?: out)?(?: to me)?",
             _kind),
        says(rf"(?:how many|which) (?:things|items|tasks)(?: are| do i have)(?: there)?(?: still"
             rf"| left)? on {_LIST}", _kind),
        says(rf"(?:(?:my|the|our) )?{_KIND} list", _kind),
        says(r"what is (?:still |left )?to (?:do|be done)(?: today)?", name="to-do"),
        says(r"(?:do|did) (?:i|we) (?:still )?(?:need|have|want) to (?:buy|get) (?:anything"
             r"|something)(?: at the (?:shop|store|supermarket))?|what (?:do|did) (?:i|we)"
             r" (?:need|want) (?:from|at) the (?:shop|store|supermarket)", name="shopping"),
        says(rf"(?:is|are) there (?:anything|something)(?: still| left)? on {_LIST}", _kind),
        says(r"what (?:do|did) (?:i|we)(?: still)? (?:need|have|want) to (?:buy|get)"
             r"(?: at the (?:shop|store|supermarket))?", name="shopping"),
        says(r"what (?:do i (?:still )?have|is there(?: left)?|have i (?:still )?got) to (?:do"
             r"|get done)"
             r"(?: today| now)?|what are my (?:tasks|to dos|todos|chores)(?: for)?(?: today)?",
             name="to-do"),
        says(rf"(?:(?:is|are)(?: there)?(?: any)?|do i have|have i) (?P<item>\S+(?: \S+){{0,2}})"
             rf" on {_LIST}", _kind),
        offered=True,
    )  # fmt: skip
    def read_list(name: ListName | None = None, item: str = "") -> str:
        """Read the user's shopping or to-do list.

        Args:
            name: Which list; left out, all of them.
            item: Only whether this is on it.
        """
        found = {each: items for each, items in lists.read().items() if items}
        if item:
            on = [each for each, items in found.items() if name in (None, each)
                  if _same(item) in map(_same, items)]  # fmt: skip
            where = f"your {on[0]} list" if on else f"your {name or 'shopping'} list"
            return f"Yes, {item} is on {where}." if on else f"No, {item} is not on {where}."
        if name is None and not found:
            return "Your lists are empty."
        lists.recent = name
        told = [_told(each, found.get(each, [])) for each in ([name] if name else found)]
        return " ".join(told)

    @skill(
        says(rf"{_FEWER} {_ITEMS} (?:from|off|off of|out of) {_LIST}", _items),
        says(rf"(?:cross|strike|tick|check|scratch) (?:off|out) {_ITEMS} (?:from|on) {_LIST}",
             _items),
        says(rf"mark {_ITEMS} as (?:done|bought|finished) on {_LIST}", _items),
        offered=True,
    )  # fmt: skip
    def remove_from_list(items: list[str], name: ListName = "shopping") -> str:
        """Take items off the user's shopping or to-do list.

        Args:
            items: What to take off.
            name: Which list.
        """
        lists.recent = name
        gone = lists.change(name, [], items)
        if not gone:
            raise ToolError(f"{_upper(spoken_list(items))} {_are(items)} not on your {name} list.")
        return f"{_upper(spoken_list(gone))} {_are(gone)} off your {name} list."

    @skill(
        says(rf"(?:clear|empty|delete|erase|wipe|reset)(?: out)? {_LIST}", _kind),
        says(rf"(?:clear|remove|delete|take|erase) (?:everything|all(?: items| things)?)"
             rf" (?:from|off|on) {_LIST}", _kind),
        destroys=True,
    )  # fmt: skip
    def clear_list(name: ListName | None = None) -> str:
        """Take everything off the user's shopping or to-do list.

        Args:
            name: Which list.
        """
        found = {each: items for each, items in lists.read().items() if items}
        if name is None:
            if len(found) > 1:
                raise ToolError(
                    f"Which one? There are {spoken_list([f'a {n} list' for n in found])}."
                )
            name = "to-do" if "to-do" in found else "shopping"
        gone = lists.change(name, [], found.get(name, []))
        if not gone:
            return f"Your {name} list was empty already."
        return f"Your {name} list is empty now: {_things(len(gone))} went."

    return [clear_list, add_to_list, read_list, remove_from_list, _behind(lists)]


_IT = r"(?:it|that|the list|there)"
_READ_IT = re.compile(
    rf"(?:and |so )?(?:what is (?:on|in|there on) {_IT}|read {_IT}|what (?:else )?is (?:still )?on"
    rf" {_IT})(?: now| back| out| to me| again)*"
)
_TAKE_IT = re.compile(
    rf"(?:and |also |no |actually )*{_FEWER} (?:off )?(?P<items>\S+(?: \S+){{0,3}}?)(?: (?:off|from"
    rf"|out|again)(?: {_IT})?)?"
)
_ADD_IT = re.compile(
    r"(?:and |also |oh |no |actually )*(?:add|put)(?: also)? (?P<items>\S+(?: \S+){0,5}?)"
    rf"(?: (?:to|on|onto) {_IT}| too| as well| on there)+"
)


def _read(lists: Lists) -> dict[str, list[str]]:
    with suppress(ToolError):
        return lists.read()
    return {}


def _behind(lists: Lists) -> Skill:
    """`change_same_list`: the turn behind one about a list need not name it again."""

    def answered(words: str) -> Mapping[str, Any] | None:
        name, lists.recent = lists.recent, None
        if name is None:
            return None
        if _READ_IT.fullmatch(words):
            return {"name": name}
        for pattern, key in ((_ADD_IT, "more"), (_TAKE_IT, "fewer")):
            match = pattern.fullmatch(words)
            read = _items({"items": match["items"]}) if match else None
            if read is None:
                continue
            here = {_same(each) for each in _read(lists).get(name, [])}
            if key == "more" or all(_same(each) in here for each in read["items"]):
                return {"name": name, key: read["items"]}
        return None

    @tool(offered=False)
    def change_same_list(
        name: ListName, more: list[str] | None = None, fewer: list[str] | None = None
    ) -> str:
        """Go on with the list that was just spoken of."""
        lists.recent = name
        changed = lists.change(name, more or [], fewer or []) if more or fewer else []
        if changed:
            where = "on" if more else "off"
            return f"{_upper(spoken_list(changed))} {_are(changed)} {where} your {name} list."
        return _told(name, lists.read().get(name, []))

    return Skill(change_same_list.name, (), change_same_list, answered)


def _kind(said: dict[str, str]) -> Mapping[str, Any] | None:
    read: dict[str, Any] = {}
    if kind := said.get("kind") or said.get("kind2"):
        read["name"] = _CALLED[kind.lower()]
    if "item" in said:
        if said["item"].lower() in ("anything", "something", "there"):
            return None
        read["item"] = said["item"]
    return read


def _items(said: dict[str, str]) -> Mapping[str, Any] | None:
    kind = said.get("kind") or said.get("kind2") or ""
    name = _CALLED.get(kind.lower(), "shopping")
    parts = re.split(r", (?:and )?" if name == "to-do" else r",? and |, ", said["items"])
    items = [each.removeprefix("some ").strip() for each in parts]
    if any(not each or _NO_ITEM.fullmatch(each.lower()) for each in items):
        return None
    return {"items": items, "name": name}


_ARTICLE = re.compile(r"(?:the|a|an|my|some|any|that|those) ", re.IGNORECASE)


def _same(item: str) -> str:
    """What two ways to name the same thing have in common: "the eggs" is "egg"."""
    article = _ARTICLE.match(item)
    bare = item.casefold()[article.end() if article else 0 :]
    return bare if bare.endswith("ss") else bare.removesuffix("s")


def _told(name: str, items: list[str]) -> str:
    if not items:
        return f"Your {name} list is empty."
    return f"On your {name} list {_are(items)} {spoken_list(items)}."


def _things(count: int) -> str:
    return "one thing" if count == 1 else f"{cardinal(count)} things"


def _are(items: list[str]) -> str:
    many = len(items) > 1 or (items[0].endswith("s") and not items[0].endswith("ss"))
    return "are" if many else "is"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
