"""`assistant devices`: which microphones and speakers there are, and how they would be opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import ModuleType

from assistant.audio.devices.listing import Device, list_devices, listens_to_speaker, opens_at
from assistant.audio.devices.portaudio import (
    THREAD,
    PortAudioUnavailable,
    hung,
    kept_stderr,
    load_sounddevice,
    quiet_stderr,
)
from assistant.audio.devices.pulse import Kind, PulseState
from assistant.audio.devices.pulse import ask as ask_sound_server
from assistant.commands.tables import Column, console, print_json, print_table
from assistant.frames import SAMPLE_RATE

_LIMIT = 5.0
"""Seconds that asking all devices may take."""
_NO_DEVICES = (
    "Plug one in, or start a sound server (PipeWire or PulseAudio). You can type meanwhile."
)
_COLUMNS = (
    Column("Name", whole=True),
    Column(whole=True),
    Column("Index", whole=True, right=True),
    Column("Host API", whole=True),
    Column("Own rate", whole=True, right=True),
    Column("24 kHz"),
)
_MONITOR_REMEDY = "Plug a microphone in, or choose one in your system's sound settings."


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """A device and what was found by asking it."""

    device: Device
    opens_at_24k: bool
    resampled_from: int | None
    """Its own rate, where it is opened at that; None where 24 kHz opens or nothing does."""
    is_monitor: bool
    """A "microphone" that hears the speaker, because there is no other."""


def survey(timeout: float) -> list[DeviceReport]:
    """All devices, inputs first. Raises `PortAudioUnavailable`; returns within twice `timeout`."""
    with quiet_stderr():
        sd = load_sounddevice(timeout)
        asked = THREAD.submit(lambda: _ask_all(sd))
        with kept_stderr(asked.done):
            try:
                return asked.result(timeout)
            except TimeoutError:
                raise hung() from None


def devices_command(json_output: bool) -> int:
    """Print the devices; returns the exit code: 0, or 1 where there are none to be had."""
    try:
        reports = survey(_LIMIT)
    except PortAudioUnavailable as error:
        if json_output:
            print_json({"devices": [], "error": error.message, "remedy": error.remedy})
        else:
            _say(error.message, error.remedy)
        return 1
    if json_output:
        found: dict[str, object] = {"devices": [_as_json(report) for report in reports]}
        if not reports:
            found |= {"error": "There are no sound devices.", "remedy": _NO_DEVICES}
        print_json(found)
    else:
        _print_tables(reports)
    return 0 if reports else 1


def _ask_all(sd: ModuleType) -> list[DeviceReport]:
    kinds: tuple[Kind, Kind] = ("input", "output")
    pulse = ask_sound_server()
    devices = [device for kind in kinds for device in list_devices(sd, kind, pulse)]
    return [_ask(sd, device, pulse) for device in devices if not device.hears_speaker]


def _ask(sd: ModuleType, device: Device, pulse: PulseState | None) -> DeviceReport:
    at_24k = opens_at(sd, device, SAMPLE_RATE)
    resampled = not at_24k and opens_at(sd, device, device.default_rate)
    return DeviceReport(
        device=device,
        opens_at_24k=at_24k,
        resampled_from=device.default_rate if resampled else None,
        is_monitor=device.kind == "input" and listens_to_speaker(device, pulse),
    )


def _as_json(report: DeviceReport) -> dict[str, object]:
    device = report.device
    fields: dict[str, object] = asdict(device)
    del fields["hears_speaker"]
    fields |= {
        "index": device.index if device.route is None else None,
        "opens_at_24k": report.opens_at_24k,
        "resampled_from": report.resampled_from,
        "is_monitor": report.is_monitor,
    }
    return fields


def _print_tables(reports: list[DeviceReport]) -> None:
    titles: list[tuple[Kind, str]] = [("input", "Microphones"), ("output", "Speakers")]
    for kind, title in titles:
        of_kind = [report for report in reports if report.device.kind == kind]
        if not of_kind:
            _say(f"{title}: none.", _NO_DEVICES)
            continue
        print_table(_COLUMNS, [_row(report) for report in of_kind], title=title)
        print()
        if any(report.is_monitor and report.device.is_default for report in of_kind):
            _say(
                "The default microphone only hears the speaker: there is no other.", _MONITOR_REMEDY
            )
    if reports:
        print("* default   Choose others with --input-device and --output-device.")


def _row(report: DeviceReport) -> tuple[str, ...]:
    device = report.device
    return (
        device.name,
        "*" if device.is_default else "",
        str(device.index) if device.route is None else "",
        device.host_api,
        f"{device.default_rate} Hz",
        _how_it_opens(report),
    )


def _how_it_opens(report: DeviceReport) -> str:
    if report.opens_at_24k:
        return "yes"
    return "resampled" if report.resampled_from else "cannot be opened (in use?)"


def _say(text: str, remedy: str) -> None:
    out = console()
    out.print(text, soft_wrap=True, style="bold")
    if remedy:
        out.print(remedy, soft_wrap=True)
