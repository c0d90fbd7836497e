"""The persona's face on the screen: when it moves, how often, and in whose colours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from assistant.audio.levels import LevelHistory
from assistant.personas.loading import Persona
from assistant.ui.beat import Beat
from assistant.ui.faces.canvas import Picture, Run
from assistant.ui.faces.face import draw
from assistant.ui.faces.pose import OPENING_SECONDS, PACE, Moment, Mood, still
from assistant.ui.fade import CrossFade
from assistant.ui.letters import writes_blocks
from assistant.ui.model import StatusModel

FRAMES_PER_SECOND = 15
LARGE_CELLS = 700
LARGE_FRAMES_PER_SECOND = 10
"""Of a face of more cells, which costs more and needs less: it fills a corner of a large screen."""
IDLE_FRAMES_PER_SECOND = 5
"""Nothing happens: breath and glances need no more."""
REST_SECONDS = 90.0
"""After so long in which nothing has happened it keeps still, and costs nothing."""
STARTLED_SECONDS = 0.9

_LEVELS = 4
"""The loudness of a moment is that of the loudest of the last four levels (80 ms)."""
_FALL = 0.72
"""What is left of a loudness in the next frame: it rises at once and falls softly."""


def mood_of(status: StatusModel) -> Mood:
    """What the persona is about. Muted it sleeps, unless it has something to say."""
    if status.paused is not None:
        return "surprised"
    if status.muted and status.state in ("idle", "listening"):
        return "asleep"
    return "starting" if status.state == "initializing" else status.state


class PersonaFace(Widget):
    """A persona's figure. Its timer runs only while something moves: at 15 frames a second in a
    conversation (at 10 where it is large), at 5 in the first minutes of a silence, and not at all
    while the persona sleeps, after a longer silence, where moving parts are off, or where it is not
    on the screen. A click chooses another persona."""

    ALLOW_SELECT = False

    def __init__(
        self,
        persona: Persona,
        *,
        voice: LevelHistory | None = None,
        user: LevelHistory | None = None,
        beat: Beat | None = None,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`voice` and `user` are how loud both sides are; None: silence. It is drawn half-way
        between two moments of `beat`, so that what moves on them is drawn apart. `clock` gives
        seconds."""
        super().__init__(id=id, classes=classes)
        self._persona = persona
        self._histories = (voice, user)
        self._counts = [-1, -1]
        self._levels = [0.0, 0.0]
        self._beat = beat or Beat(1.0 / FRAMES_PER_SECOND)
        self._clock = clock
        self._mood: Mood = "starting"
        self._before: Mood = "starting"
        self._changed_at = self._ticked_at = self._begun_at = clock()
        self._opened_at = self._begun_at
        self._startled_until = 0.0
        self._turn = 0.0
        self._picture: Picture = []
        self._own: Style | None = None
        self._strips: list[Strip | None] = []
        self._timer: Timer | None = None
        self._rate = 0

    @property
    def mood(self) -> Mood:
        return self._mood

    @property
    def is_moving(self) -> bool:
        """Whether anything is drawn without something having happened."""
        return self._rate > 0

    def show_persona(self, persona: Persona, *, opening: bool = True) -> None:
        """Another persona's face, or the same one's from a changed file; it opens."""
        opening = opening and persona.slug != self._persona.slug
        self._persona = persona
        if opening:
            self._opened_at = self._clock()
        self._picture = []
        self._draw()
        self._pace()

    def show(self, status: StatusModel) -> None:
        """Do what the status says."""
        self._feel(mood_of(status))

    def startle(self) -> None:
        """It was interrupted."""
        self._startled_until = self._clock() + STARTLED_SECONDS
        if self._still:
            return  # a picture that must not move has no moments
        self._enter("surprised")

    def on_mount(self) -> None:
        self._pace()

    def on_unmount(self) -> None:
        self._rate = 0

    def on_resize(self) -> None:
        self._picture = []
        self._draw()
        self._pace()

    def on_show(self) -> None:
        self._pace()

    def on_hide(self) -> None:
        self._pace()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._own = None
        self._strips = [None] * len(self._strips)
        self.refresh()

    async def on_click(self) -> None:
        await self.run_action("app.pick_persona")

    def render_line(self, y: int) -> Strip:
        """One row, from the cache where it has not changed."""
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips[y]
        if strip is None:
            strip = self._strips[y] = self._row(y)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they are: there is no frame, nothing that a terminal would obey, and no colour
        but its own; so no filter is needed but the one of a cross-fade."""
        strips = [self.render_line(y) for y in crop.line_range]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    # --- moods -----------------------------------------------------------------------------

    @property
    def _still(self) -> bool:
        return self.app.animation_level == "none"

    def _feel(self, mood: Mood) -> None:
        if mood == "listening" and self._clock() < self._startled_until and not self._still:
            return  # for a moment yet; the timer comes back to it
        self._enter(mood)

    def _enter(self, mood: Mood) -> None:
        if mood != self._mood:
            self._before, self._mood = self._mood, mood
            self._changed_at = self._clock()
            self._draw()
            self._pace()

    def _wanted_rate(self, now: float) -> int:
        if not self.is_attached or self._still or not self.size or not self.display:
            return 0
        since = now - self._changed_at
        large = self.size.area > LARGE_CELLS
        lively = LARGE_FRAMES_PER_SECOND if large else FRAMES_PER_SECOND
        if now - self._opened_at < OPENING_SECONDS + 0.1 or since < 0.5:
            return lively
        if self._mood == "asleep":
            return 0
        if self._mood != "idle":
            return lively
        return IDLE_FRAMES_PER_SECOND if since < REST_SECONDS else 0

    def _pace(self) -> None:
        """As many frames a second as are needed now."""
        rate = self._wanted_rate(self._clock())
        if rate == self._rate:
            return
        self._rate = rate
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if rate:
            self._ticked_at = self._clock()
            self._timer = self.set_timer(self._beat.until(0.5), self._begin)

    def _begin(self) -> None:
        self._timer = self.set_interval(self._beat.every(self._rate), self._tick)

    def _tick(self) -> None:
        if self._mood == "surprised" and self._clock() >= self._startled_until > 0.0:
            self._startled_until = 0.0
            self._enter("listening")
        self._listen()
        self._draw()
        self._pace()

    def _listen(self) -> None:
        for side, history in enumerate(self._histories):
            loud = 0.0
            if history is not None and history.count != self._counts[side]:
                snapshot = history.snapshot(_LEVELS)
                self._counts[side] = snapshot.total
                loud = float(snapshot.levels.max())
            self._levels[side] = max(loud, self._levels[side] * _FALL)

    # --- drawing ---------------------------------------------------------------------------

    def _moment(self) -> Moment:
        if self._still:
            return still(self._mood)
        now = self._clock()
        elapsed = min(0.5, now - self._ticked_at)
        self._ticked_at = now
        self._turn += elapsed * PACE[self._mood] * self._persona.face.speed
        voice, user = self._levels
        return Moment(
            self._mood,
            self._before,
            since=now - self._changed_at,
            voice=voice,
            user=user,
            time=now - self._begun_at,
            turn=self._turn,
            opening=now - self._opened_at,
        )

    def _draw(self) -> None:
        """Anew, but only the rows that are different go to the terminal."""
        width, height = self.size
        if not width or not height or not self.is_attached:
            return
        picture = draw(
            self._persona,
            self._moment(),
            width,
            height,
            colorless=self.app.no_color,
            few_letters=not writes_blocks(),
        )
        old, self._picture = self._picture, picture
        if len(old) != height:
            self._strips = [None] * height
            self.refresh()
            return
        changed = [(y, *_changed(old[y], picture[y])) for y in range(height)]
        regions = [Region(left, y, right - left, 1) for y, left, right in changed if left < right]
        for region in regions:
            self._strips[region.y] = None
        if regions:
            self.refresh(*regions)

    def _row(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._picture):
            return Strip.blank(width, self.rich_style)
        if self._own is None:
            self._own = self.rich_style
        own = self._own
        segments = [
            Segment(text, _style(own, ink, ground)) for text, ink, ground in self._picture[y]
        ]
        for line_filter in self.get_line_filters():
            if isinstance(line_filter, CrossFade):
                segments = line_filter.apply(segments, self.background_colors[1])
        return Strip(segments, width)


def _changed(old: list[Run], new: list[Run]) -> tuple[int, int]:
    """The cells of a row that are others now: from … to; the same twice where none is."""
    left = _alike(old, new)
    width = sum(len(run.text) for run in new)
    if left == width:
        return width, width
    return left, width - _alike(reversed(old), reversed(new))


def _alike(old: Iterable[Run], new: Iterable[Run]) -> int:
    """How many cells both begin with, in whole runs."""
    cells = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        cells += len(one.text)
    return cells


@lru_cache(maxsize=4096)
def _style(own: Style, ink: int | None, ground: int | None) -> Style:
    return own + Style(color=_name(ink), bgcolor=_name(ground))


def _name(code: int | None) -> str | None:
    return None if code is None else f"#{code:06x}"
