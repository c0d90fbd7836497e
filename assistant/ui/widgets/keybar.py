"""The footer: the keys that matter, as many as fit in whole words."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from assistant.ui.fitting import ClickableLine, Fragment, fit, pressing
from assistant.ui.keymap import BINDINGS, KEPT_LONGEST

_PLACES = {binding.id: place for place, binding in enumerate(BINDINGS)}


class KeyBar(ClickableLine):
    """Made from the bindings that are active now; a click on one does what its key does."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        shown: dict[str, tuple[Binding, str]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and enabled and binding.id and binding.id not in shown:
                shown[binding.id] = (binding, self.app.get_key_display(binding))
        fragments = [
            Fragment(identity, (f"{key} {binding.description}",), _priority(identity))
            for identity, (binding, key) in sorted(shown.items(), key=lambda item: _place(item[0]))
        ]
        lines = fit(fragments, self.content_size.width, gap=2)
        if not lines:
            return Content("")
        return Content("  ").join(self._item(*shown[fragment.key]) for fragment, _ in lines[0])

    @staticmethod
    def _item(binding: Binding, key: str) -> Content:
        item = Content.assemble((key, "bold $primary"), (f" {binding.description}", "$muted"))
        action = binding.action if "." in binding.action else f"app.{binding.action}"
        return pressing(item, action)


def _place(identity: str) -> int:
    """As in the list of all bindings, whatever keys they have; a focused widget's come first."""
    return _PLACES.get(identity, -1)


def _priority(identity: str) -> int:
    if identity in KEPT_LONGEST:
        return 1000 - KEPT_LONGEST.index(identity)
    return -_place(identity)


# The last row of a dialog: its keys.

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
