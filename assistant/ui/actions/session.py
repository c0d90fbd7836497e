"""Keys that ask something of the session: who speaks, who answers, microphone, voice, devices,
memory."""

from __future__ import annotations

import logging
from contextlib import suppress

from textual import on
from textual.widgets import Input, TextArea

from assistant.brain.base import BrainChoice
from assistant.memory.deletion.plan import DeletionPreview
from assistant.terminal.sanitize import clean_text
from assistant.ui.actions.base import DashboardBase
from assistant.ui.messages import Typed
from assistant.ui.plain_words import ways_told
from assistant.ui.screens.devices import DevicesScreen, shown_devices
from assistant.ui.screens.memory import MemoryScreen, shown_memory, without
from assistant.ui.screens.picker import BrainScreen, PickerScreen

_log = logging.getLogger(__name__)


class SessionActions(DashboardBase):
    """What these keys do."""

    # --- personas --------------------------------------------------------------------------

    def choose_persona(self, slug: str) -> None:
        """Ask the session for another persona."""
        if slug != self.session.persona.slug:
            self.spawn(self.session.change_persona(slug), "The persona could not be changed")

    def action_choose_persona(self, slug: str) -> None:
        self.choose_persona(slug)

    def action_persona_number(self, number: int) -> None:
        personas = self.session.personas()
        if number <= len(personas):
            self.choose_persona(personas[number - 1].slug)

    def action_step_persona(self, step: int) -> None:
        slugs = [persona.slug for persona in self.session.personas()]
        if slugs:
            current = self.session.persona.slug
            place = slugs.index(current) if current in slugs else 0
            self.choose_persona(slugs[(place + step) % len(slugs)])

    def action_pick_persona(self) -> None:
        def chosen(slug: str | None) -> None:
            # The session may have changed persona while the picker was open.
            self.preview(self.session.persona)
            if slug is not None:
                self.choose_persona(slug)

        personas = self.session.personas()
        current = self.session.persona.slug
        if not isinstance(self.screen, PickerScreen):
            self.push_screen(
                PickerScreen(personas, current, self.preview, self.play_sample), chosen
            )

    def play_sample(self, slug: str) -> None:
        """Let this persona's voice be heard."""
        with suppress(KeyError):  # its file is gone meanwhile
            self.session.sample(slug)

    # --- who answers -----------------------------------------------------------------------

    async def brains(self) -> list[BrainChoice]:
        """Who could answer; none where that cannot be found out, which is in the log then."""
        try:
            return await self.session.brains()
        except Exception:
            _log.exception("while looking who could answer")
            return []

    def choose_brain(self, name: str) -> None:
        """Ask the session for another brain; what comes of it, it tells."""
        self.session.change_brain(name)

    def action_pick_brain(self) -> None:
        self.spawn(self._pick_brain(), "Who could answer could not be found out")

    async def _pick_brain(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None and name != current:
                self.choose_brain(name)

        brains = await self.brains()
        if not brains:
            self.notify("Who could answer could not be found out.", severity="warning")
            return
        current = next((each.name for each in brains if each.in_use), None)
        if self.screen is self._dashboard:
            self.push_screen(BrainScreen(brains), chosen)

    # --- talking ---------------------------------------------------------------------------

    @on(Typed)
    def _typed(self, message: Typed) -> None:
        self.spawn(self.session.send_text(message.text), "The line could not be sent")

    def action_toggle_microphone(self) -> None:
        if self.status.audio_known and self.status.microphone is None:
            self.notify("No microphone was found.", severity="warning")
        elif self.status.push_to_talk and not self.status.muted:
            self.session.talk_key(not self.status.talking)
        else:
            self.session.set_muted(not self.status.muted)

    def action_toggle_push_to_talk(self) -> None:
        self.session.set_push_to_talk(not self.status.push_to_talk)

    def action_interrupt(self) -> None:
        self.session.interrupt()

    def action_repeat(self) -> None:
        self.session.repeat()

    def action_change_volume(self, by: float) -> None:
        volume = self.session.set_volume(min(1.0, max(0.0, self.status.volume + by)))
        self.notify(f"Volume {volume:.0%}", timeout=1.5)

    def action_change_rate(self, by: float) -> None:
        rate = self.session.set_speech_rate(min(2.0, max(0.5, self.status.rate + by)))
        self.notify(f"Speech rate ×{rate:.1f}", timeout=1.5)

    def action_copy_or_stop(self) -> None:
        """What a person may mean by ctrl+c, the harmless reading first."""
        focused = self.screen.focused
        selected = self.screen.get_selected_text()
        if isinstance(focused, Input | TextArea) and focused.selected_text:
            selected = focused.selected_text
        if selected:
            self.copy_to_clipboard(clean_text(selected))
        elif self.status.state in ("thinking", "speaking") or self.status.paused is not None:
            self.session.interrupt()
        else:
            self.exit()

    # --- devices, memory -------------------------------------------------------------------

    def action_pick_devices(self) -> None:
        if shown_devices(self) is None:
            self.push_screen(DevicesScreen(self.session, self.status, self.spawn, self._clock))

    def action_show_memory(self, at: str = "") -> None:
        """The panel, with the cursor on a memory where its id or words are told."""
        if not self.session.memory.enabled:
            self.notify(
                "Run: assistant config set memory.enabled true",
                title="Nothing is remembered: memory is off.",
                severity="warning",
                markup=False,
            )
        elif shown_memory(self) is None:
            names = {persona.slug: persona.name for persona in self.session.personas()}
            self.push_screen(
                MemoryScreen(
                    self.session.memory,
                    self.status,
                    lambda slug: names.get(slug, slug),
                    self.spawn,
                    at,
                )
            )

    def _forgotten(self, deletion: DeletionPreview) -> None:
        self.status.recalled = without(self.status.recalled, deletion)
        texts = [way for text in deletion.texts for way in ways_told(text)]
        self._dashboard.activity.forget(texts)
        self._dashboard.transcript.forget(texts)
