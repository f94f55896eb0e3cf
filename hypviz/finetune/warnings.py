"""What a person should know about a training, each in one sentence: over-fitting, no gain, a set too small to tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hypviz.storage.json_types import Json

FEW_IMAGES = 20
"""Fewer pictures to validate on say little."""
STREAK = 4
"""Epochs over which training loss and validation are compared."""
RISE = 0.02
"""Share by which the validation loss must have risen above its lowest to be called over-fitting."""


def set_warnings(split: Json, classes: Sequence[tuple[str, int]], *, images: int) -> list[Json]:
    """Of a set and its split, before training. classes: (name, boxes); images: with boxes."""
    warnings = []
    if split["validation"] < FEW_IMAGES:
        pictures = "picture is" if split["validation"] == 1 else "pictures are"
        text = f"Only {split['validation']} {pictures} validated on: the metrics jump by chance, take small gains for nothing."
        warnings.append(_warning("few-pictures", text))
    rare = [name for name, count in classes if count < 5]
    if rare:
        few = ", ".join(rare[:5]) + ("…" if len(rare) > 5 else "")
        text = f"{len(rare)} of {len(classes)} classes have fewer than 5 boxes ({few}); they can hardly be learned."
        warnings.append(_warning("rare-classes", text))
    missing = split.get("missing", [])
    if missing:
        few = ", ".join(missing[:5]) + ("…" if len(missing) > 5 else "")
        text = f"{len(missing)} classes are on one side of the split only ({few}): they are learned or judged, not both."
        warnings.append(_warning("one-sided", text))
    if images > 5_000:
        text = f"{images:,} pictures are a lot for this page; `python -m hypviz train` on a GPU suits them better."
        warnings.append(_warning("large", text))
    return warnings


def licence_warnings(licence: str) -> list[Json]:
    """Of the licence of the start, where it limits what may be done with the result."""
    if "-NC" not in licence.upper() and "NO COMMERCIAL" not in licence.upper():
        return []
    return [_warning("licence", f"What you start from is licensed {licence}: the result may not be used commercially either.")]


def course_warnings(history: Sequence[Json]) -> list[Json]:
    """Of the epochs so far; `history` as the job's, the start first."""
    warnings = []
    over = over_fitting(history)
    if over:
        warnings.append(_warning("over-fitting", over))
    if len(history) > 2 * STREAK and max(range(len(history)), key=lambda row: history[row]["score"]) == 0:
        text = "No epoch was better on the validation pictures than the model you started from; what is kept is that one."
        warnings.append(_warning("no-gain", text))
    return warnings


def over_fitting(history: Sequence[Json]) -> str:
    """One sentence when the training loss falls while validation gets worse since its best epoch; "" otherwise."""
    epochs = [row for row in history if row.get("train_loss") is not None]
    if len(epochs) < STREAK + 1:
        return ""
    best = max(epochs, key=lambda row: row["score"])
    since = epochs[epochs.index(best) :]
    lowest = min((row["validation_loss"] for row in epochs if row.get("validation_loss") is not None), default=None)
    last = float(np.mean([row["score"] for row in since[-2:]]))
    if len(since) <= STREAK or last >= best["score"]:
        return ""
    falls, now = since[-1]["train_loss"] < best["train_loss"], since[-1]["validation_loss"]
    rises, worse = lowest is not None and now > lowest * (1 + RISE), last < best["score"] - 0.01
    if not (falls and (rises or worse)):
        return ""
    lost = (
        f"the validation score went from {best['score']:.3f} to {last:.3f}"
        if worse
        else f"the validation loss, {lowest:.2f} at its lowest, rose to {now:.2f}"
    )
    return (
        f"Over-fitting: since epoch {best['epoch']} the training loss fell from {best['train_loss']:.2f} to {since[-1]['train_loss']:.2f}, "
        f"while {lost}; the weights of epoch {best['epoch']} are kept."
    )


def shortcoming_warnings(sentences: Sequence[str]) -> list[Json]:
    """Of a result that is no success; sentences: those of `judging.shortcomings`."""
    return [_warning("no-success", text) for text in sentences]


def _warning(kind: str, text: str) -> Json:
    return {"kind": kind, "text": text}
