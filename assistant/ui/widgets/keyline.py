"""The last row of a dialog: its keys."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from assistant.ui.fitting import Fragment, fit
from assistant.ui.widgets.clickable import ClickableLine, pressing

Offer = tuple[str, str, str, int]
"""Key, what it does, the action of a click, and its priority: higher ones stay longer."""


class KeyLine(ClickableLine):
    """What can be done here, as much as fits in whole words; a click does it, too."""

    def __init__(self, offers: Sequence[Offer], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._offers = offers

    def render(self) -> Content:
        fragments = [
            Fragment(key, (f"{key} {what}",), priority, action=action)
            for key, what, action, priority in self._offers
        ]
        lines = fit(fragments, self.content_size.width, gap=3)
        return Content("   ").join(
            pressing(
                Content.assemble(
                    (fragment.key, "bold $primary"), (words.removeprefix(fragment.key), "$muted")
                ),
                fragment.action,
            )
            for fragment, words in (lines[0] if lines else [])
        )
