"""The footer: the keys that matter, as many as fit in whole words."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from assistant.ui.fitting import Fragment, fit
from assistant.ui.keymap import BINDINGS, KEPT_LONGEST
from assistant.ui.widgets.clickable import ClickableLine, pressing

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
