"""`python -m benchmarks emotion [FOLDER]`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.emotion.recordings import Scores, score_folder
from benchmarks.emotion.sentences import NEUTRAL, Half, Scored, load, score


def emotion_command(folder: Path | None, *, verbose: bool, json_output: bool) -> int:
    """Words on our own sentences; voices on the recordings in `folder`, where there is one."""
    words = {half: score(sentences) for half, sentences in load().items()}
    voices = score_folder(folder) if folder is not None else None
    if json_output:
        print(json.dumps(_data(words, voices), indent=2))
        return 0
    for half, scored in words.items():
        _tell_words(half, scored)
    if verbose:
        for sentences in load().values():
            score(sentences, lambda *mistake: print(f"  {' → '.join(mistake[:2])}: {mistake[2]}"))
    if voices is not None:
        _tell_voices(voices)
    else:
        print("No recordings: make bench-emotion FOLDER=… (in the layout of RAVDESS or EmoDB).")
    return 0


def _tell_words(half: str, scored: Scored) -> None:
    kinds = ", ".join(f"{kind} {scored.right[kind]}/{n}" for kind, n in scored.total.items())
    total = sum(scored.total.values())
    print(
        f"words, {half} half: {scored.recall:.0%} of {total} kinds ({kinds}); "
        f"{scored.false_alarms} of {scored.neutral} {NEUTRAL} ones taken for a feeling"
    )


def _tell_voices(scores: Scores) -> None:
    told = ", ".join(f"{n} {group}" for group, n in scores.clips.items())
    print(
        f"voice: {scores.speakers} speakers, {told} clips, {scores.unvoiced} with too little voice;"
        " baselines of five neutral clips, drawn anew many times"
    )
    if scores.too_few:
        few = ", ".join(scores.too_few)
        print(f"  left out, with no more than five neutral clips to measure by: {few}")
    print(f"  AUC of arousal {scores.auc:.3f}")
    print(f"  neutral false alarms {scores.false_alarms:.1%}, raised ones found {scores.found:.1%}")
    print(f"  sad taken for raised {scores.low_as_raised:.1%}")
    print(f"  {scores.milliseconds:.1f} ms of processor time for a turn of five seconds")


def _data(words: Mapping[Half, Scored], voices: Scores | None) -> dict[str, object]:
    data: dict[str, object] = {
        f"words {half}": {"right": s.right, "total": s.total, "recall": s.recall}
        | {"false_alarms": s.false_alarms, "neutral": s.neutral}
        for half, s in words.items()
    }
    if voices is not None:
        data["voice"] = {
            "auc": voices.auc,
            "neutral_false_alarms": voices.false_alarms,
            "raised_found": voices.found,
            "sad_taken_for_raised": voices.low_as_raised,
            "speakers": voices.speakers,
            "left_out": list(voices.too_few),
            "clips": voices.clips,
            "unvoiced": voices.unvoiced,
            "ms_for_5_s": voices.milliseconds,
        }
    return data
