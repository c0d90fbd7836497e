"""The mark at the end of `profile.md`: what each line said when the program made the file.

    <!-- Tells what was made from what a person changed since. Leave it here, as it is.
    3f2a9c81d0e4:b07c11d2aa09
    made 5c0e77d1a2b3 9d40cc12ef55
    -->

Per item a digest of its id and one of its text; then one of the whole text, and one of this list.
It stands in the file it is about, which is written whole or not at all: what the journals say by
now, or what another file says, can never be taken for an edit. Where the mark is not whole, an
editor was stopped half-way or a person has cut it off, and nobody can tell what was deleted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FIRST = "<!-- Tells what was made from what a person changed since. Leave it here, as it is."
_WHOLE = re.compile(
    rf"^{re.escape(_FIRST)}[ \t]*\n(?P<items>(?:[0-9a-f]{{12}}:[0-9a-f]{{12}}[ \t]*\n)*)"
    r"made (?P<text>[0-9a-f]{12}) (?P<list>[0-9a-f]{12})[ \t]*\n-->[ \t]*$",
    re.MULTILINE,
)
# No line of a memory begins at the margin with anything but a bullet.
_PIECE = re.compile(r"^<!-- Tells what was made[\s\S]*?(?:-->|(?=^[-*+#])|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """What a file said when it was made."""

    items: Mapping[str, str]
    """Digests of texts by those of ids."""
    text: str
    """Digest of all above the mark."""

    def is_text(self, text: str) -> bool:
        """Whether nobody has changed a letter."""
        return digest(text) == self.text


def digest(text: str) -> str:
    """Short: it tells one line from another, and guards against nobody."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def marked(text: str, items: Iterable[tuple[str, str]]) -> str:
    """`text` with its mark below; `items`: ids and texts of what is in it."""
    listed = "".join(f"{digest(id)}:{digest(said)}\n" for id, said in dict(items).items())
    return f"{text}\n{_FIRST}\n{listed}made {digest(text)} {digest(listed)}\n-->\n"


def unmarked(text: str) -> tuple[str, Made | None]:
    """The text without its mark, and the mark; None where it is missing, broken, or there twice."""
    found = list(_WHOLE.finditer(text))
    made = None
    if len(found) == 1 and len(_PIECE.findall(text)) == 1:
        match = found[0]
        listed = re.sub(r"[ \t]+$", "", match["items"], flags=re.MULTILINE)
        if digest(listed) == match["list"]:
            made = Made(dict(line.split(":") for line in listed.split()), match["text"])
    if made is not None and not text[found[0].end() :].strip():
        # As it was made there is a line break before the mark that is not of the text.
        return text[: found[0].start()].removesuffix("\n"), made
    return _PIECE.sub("", text), made
