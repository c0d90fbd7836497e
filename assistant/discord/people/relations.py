"""How people stand to each other, by what those who agreed have told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assistant.discord.people.agreements import People
from assistant.discord.people.naming import comparable, is_named, spoken_forms
from assistant.memory.base import Claim, Filters, Memory, MemoryStore
from assistant.memory.extraction.facts import RELATION_TO
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolReply


def told_of(store: MemoryStore, names: Mapping[str, str]) -> list[str]:
    """The ids of what somebody has told of a person: memories about him, whenever they were told,
    and whatever else names him since he has that name (`names`: name → ISO time, "" for always).
    On the thread that reads memory. Raises `MemoryFailure`."""
    forms = dict.fromkeys(form for name in names for form in spoken_forms(name) or [name])
    about = [memory.id for form in forms for memory in store.memories(Filters(person=form))]
    return list(dict.fromkeys((*about, *_naming(store, names))))


def _naming(store: MemoryStore, names: Mapping[str, str]) -> Iterator[str]:
    since = {name: datetime.fromisoformat(at) if at else None for name, at in names.items()}
    for id in store.journals():
        journal = store.read(id)
        said = [(each.id, each.text, each.at) for each in journal.memories]
        said += [(f"{id}#{turn.number}", turn.text, turn.at) for turn in journal.turns]
        for each, text, at in said:
            if any(is_named(text, name) and (not s or at >= s) for name, s in since.items()):
                yield each


Node = int | str
"""A person: the user id of one who has agreed, else the name in small letters."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What somebody told of two people, in a sentence."""

    one: Node
    other: Node
    text: str


def relations_in(memories: Sequence[Memory], teller: int, people: People) -> list[Relation]:
    """Those that one person told, the newest first; none that names somebody who has not agreed."""
    found = []
    for memory in memories:
        named = _two_named(memory.claim)
        if named is None or people.names_stranger(memory.text):
            continue
        one, other = (_node(each, teller, people) for each in named)
        if one != other:
            found.append(Relation(one, other, people.with_present_names(memory.text)))
    return found


def _two_named(claim: Claim | None) -> tuple[str, str] | None:
    """Whose relation a claim is: ("Ben", "user"), ("Ben", "Anna")."""
    if claim is None or not claim.attribute.startswith(RELATION_TO):
        return None
    return claim.subject, claim.attribute.removeprefix(RELATION_TO)


def _node(name: str, teller: int, people: People) -> Node:
    return teller if name == "user" else node_of(name, people)


def node_of(name: str, people: People) -> Node:
    """The one who has agreed and is, or was, called so."""
    name = name.strip()
    called = (user for user in people.agreed() if people.is_called(user, name))
    return next(called, comparable(name))


def told_of_one(who: Node, relations: Sequence[Relation]) -> list[str]:
    """How one stands to others: sentences, each once."""
    return _once(each.text for each in relations if who in (each.one, each.other))


def told_of_two(one: Node, other: Node, relations: Sequence[Relation]) -> list[str]:
    """How two stand to each other, straight or by a third whom both know; [] where nobody told."""
    straight = [each.text for each in relations if {one, other} == {each.one, each.other}]
    if straight:
        return _once(straight)
    for third, first in _beside(one, relations):
        second = next((text for far, text in _beside(other, relations) if far == third), None)
        if second is not None:
            return [first, second]
    return []


def _beside(one: Node, relations: Sequence[Relation]) -> list[tuple[Node, str]]:
    beside = [(each.other, each.text) for each in relations if each.one == one]
    return beside + [(each.one, each.text) for each in relations if each.other == one]


def _once(texts: Iterable[str]) -> list[str]:
    return list({text.casefold().rstrip("."): text for text in texts}.values())


# Asked for in words.

_NAME = r"[^?!.,]{1,40}?"
_TWO = rf"(?P<who>{_NAME}) and (?P<other>{_NAME})"
_ASKS = (
    says(rf"who is (?P<who>{_NAME})(?: (?:to|for) (?P<other>{_NAME}))?"),
    says(rf"(?:how|where|from where) do {_TWO} know each other(?: from)?"),
    says(rf"how does (?P<who>{_NAME}) know (?P<other>{_NAME})"),
    says(rf"how do (?P<who>i) know (?P<other>{_NAME})"),
    says(rf"(?:how )?are {_TWO} (?:related|connected|family|friends|married|a couple)"
         r"(?: to each other)?"),
    says(rf"how (?:do|are) {_TWO} (?:stand|related) to each other"),
    says(rf"what (?:is|are) (?P<who>{_NAME}) to (?P<other>{_NAME})"),
    says(rf"(?:what|how) is (?P<who>{_NAME})(?:'s| s) relation(?:ship)? (?:to|with) "
         rf"(?P<other>{_NAME})"),
)  # fmt: skip


def relation_skill(
    told: Callable[[str, str], Awaitable[str]], is_known: Callable[[str], bool]
) -> Skill:
    """ "Who is Ben?", "how do Anna and Ben know each other?". `told(who, other)` answers, `other`
    is "" where one is asked for; `is_known` tells whether somebody of that name may be meant, for
    who Napoleon is somebody else has to say."""

    def of_people(said: dict[str, str]) -> Mapping[str, str] | None:
        return said if all(is_known(name) for name in said.values()) else None

    @skill(*(replace(each, read=of_people) for each in _ASKS), offered=True)
    async def how_people_stand(who: str, other: str = "") -> ToolReply:
        """Tell who somebody in the voice channel is to others, by what people told who agreed.

        Args:
            who: The name of a person.
            other: The name of a second person, if it is asked how the two stand to each other.
        """
        text = await told(who, other)
        return ToolReply(text, spoken=text)

    return how_people_stand
