"""What the machine says about itself, and machines that lie, fail, or do not answer."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from assistant.models import hardware
from assistant.models.hardware import Card, Hardware, nvidia_cards, parse_cards, visible
from tests.fakes import until

GIB = 1024**3
TWO = "NVIDIA GeForce RTX 4090, 24564, 23001, 555.42.02\nNVIDIA RTX A2000, 6138, 5900, 555.42.02\n"


def smi(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `nvidia-smi` is this shell script."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_two_cards() -> None:
    first, second = parse_cards(TWO)
    assert first == Card(0, "NVIDIA GeForce RTX 4090", 24564 * 2**20, 23001 * 2**20, "555.42.02")
    assert (second.index, second.name) == (1, "NVIDIA RTX A2000")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "No devices were found",
        "<html>, 1",
        "a, b",
        '"',
        "\x00\xff,,,,,,",
        ", 100, 100, 555",
    ],
)
def test_what_is_no_card_is_left_out(text: str) -> None:
    assert parse_cards(text) == ()


def test_a_card_that_does_not_tell_its_memory_is_a_card_still() -> None:
    cards = parse_cards("Warning: the driver is old\nNVIDIA Thor, [N/A], [N/A], 580.0\n")
    assert cards == (Card(0, "NVIDIA Thor", None, None, "580.0"),)
    assert parse_cards("X, -5, 1e9, 5\n") == (Card(0, "X", None, None, "5"),)


def test_the_driver_is_asked_and_understood(tmp_path: Path) -> None:
    environ = smi(tmp_path, f'echo "$@" > {tmp_path}/asked\ncat <<END\n{TWO}END')
    cards, trouble = nvidia_cards(environ)
    assert ([card.index for card in cards], trouble) == ([0, 1], "")
    asked = (tmp_path / "asked").read_text()
    assert "--query-gpu=name,memory.total,memory.free,driver_version" in asked
    assert "--format=csv,noheader,nounits" in asked


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Failed to initialize NVML: Driver mismatch' >&2; exit 9", "Driver mismatch"),
        ("echo 'NVIDIA-SMI has failed'; exit 9", "NVIDIA-SMI has failed"),
        ("exit 6", "exit code 6"),
        ("echo nonsense", "names no card"),
        ("printf '\\377\\376, \\000,'", "names no card"),
    ],
)
def test_a_broken_driver_is_told_in_its_own_words(tmp_path: Path, script: str, words: str) -> None:
    cards, trouble = nvidia_cards(smi(tmp_path, script))
    assert cards == ()
    assert words in trouble


def test_a_driver_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    cards, trouble = nvidia_cards(smi(tmp_path, "sleep 3 & wait"), limit=0.2)
    assert (cards, "did not answer within 0.2 s" in trouble) == ((), True)


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    environ = smi(tmp_path, "")
    (tmp_path / "nvidia-smi").write_bytes(b"\x7fELF nothing")
    cards, trouble = nvidia_cards(environ)
    assert (cards, trouble.startswith("nvidia-smi cannot be run")) == ((), True)


def test_without_a_driver_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert nvidia_cards({"PATH": str(tmp_path)}) == ((), "")


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        (None, "ab"),
        ("0,1", "ab"),
        ("1", "b"),
        ("1,0", "ba"),
        (" 1 ", "b"),
        ("", ""),
        ("-1", ""),
        ("1,-1,0", "b"),
        ("7", ""),
        ("GPU-8932f937", "ab"),
        ("none", ""),
    ],
)
def test_cards_that_were_hidden_are_not_counted(setting: str | None, names: str) -> None:
    cards = (Card(0, "a", 1, 1), Card(1, "b", 2, 2))
    left = visible(cards, setting)
    assert "".join(card.name for card in left) == names
    assert [card.index for card in left] == list(range(len(left)))


def test_an_apple_chip_shares_its_memory_with_the_rest() -> None:
    mac = Hardware("Darwin", "arm64", memory=16 * GIB)
    assert mac.apple_silicon
    assert 10 * GIB < mac.metal_memory < 12 * GIB
    assert not Hardware("Darwin", "x86_64").apple_silicon
    assert not Hardware("Linux", "arm64").apple_silicon


def test_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = hardware.survey()
    assert found.memory > 100_000_000
    assert 0 < found.available <= found.memory or sys.platform != "linux"
    assert (found.cards, found.trouble) == ((), "")


@pytest.mark.skipif(sys.platform == "darwin", reason="asked of the system there")
@pytest.mark.parametrize(
    ("machine", "cpuinfo", "lacks"),
    [
        ("x86_64", "processor : 0\nflags\t\t: fpu sse4_2 avx\n", True),
        ("x86_64", "processor : 0\nflags\t\t: fpu avx avx2 fma\n", False),
        ("x86_64", "", False),
        ("aarch64", "Features : asimd\n", False),
    ],
)
def test_an_old_x86_processor_is_known_by_its_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, cpuinfo: str, lacks: bool
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert hardware.lacks_avx2(file) is lacks
    assert hardware.lacks_avx2(tmp_path / "none") is False


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [
        ("processor\t: 0\nmodel name\t: Some CPU @ 2.60GHz\nflags\t: avx2\n", "Some CPU @ 2.60GHz"),
        ("processor\t: 0\nBogoMIPS\t: 108.00\n\nHardware\t: BCM2835\n", "BCM2835"),
    ],
)
def test_the_processor_is_known_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cpuinfo: str, name: str
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert hardware.processor(file) == name
    assert hardware.processor(tmp_path / "none"), "at least the architecture"


def test_there_is_a_core() -> None:
    assert hardware.cores() >= 1


@pytest.mark.parametrize(
    ("supplies", "on"),
    [
        ({}, False),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}}, True),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}, "AC": {"online": "1"}}, False),
        ({"BAT0": {"type": "Battery", "status": "Full"}, "AC": {"online": "0"}}, False),
        ({"mouse": {"type": "Battery", "status": "Discharging", "scope": "Device"}}, False),
    ],
)
def test_a_machine_is_on_its_battery_where_that_alone_gives_power(
    tmp_path: Path, supplies: dict[str, dict[str, str]], on: bool
) -> None:
    for name, files in supplies.items():
        (tmp_path / name).mkdir()
        for file, said in files.items():
            (tmp_path / name / file).write_text(f"{said}\n")
    assert hardware.on_battery(tmp_path) is on
    assert hardware.on_battery(tmp_path / "none") is False


async def test_macos_is_asked_for_its_battery_beside_the_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow() -> bool:
        asked.set()
        assert answered.wait(10)
        return False

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(hardware, "_power", None)
    monkeypatch.setattr(hardware, "_says_battery", slow)
    assert hardware.on_battery()  # not known yet: it is spared
    assert asked.wait(10)
    assert hardware.on_battery()  # nobody asks twice at a time
    answered.set()
    await until(lambda: not hardware.on_battery())
