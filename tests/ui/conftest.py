"""A dashboard on a fake session, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from assistant.config.schema import UiConfig
from assistant.ui.app import DashboardApp
from assistant.ui.hints import Hints
from assistant.ui.offer import FindOffer, no_offer
from tests.fakes import READY, FakeSession

Clock = Callable[[], datetime]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("NO_COLOR", raising=False)
    Hints().load()  # the dashboard was here before


@pytest.fixture
def session() -> FakeSession:
    """A session in which all went well."""
    return FakeSession(on_start=READY)


@pytest.fixture
def make_app() -> Callable[..., DashboardApp]:
    def make(
        session: FakeSession, *, offer: FindOffer = no_offer, **settings: object
    ) -> DashboardApp:
        return DashboardApp(
            session,
            UiConfig.model_validate({"animation": False, **settings}),
            clock=lambda: datetime(2026, 11, 21, 18, 19, 7),
            offer=offer,
        )

    return make
