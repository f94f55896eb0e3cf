"""The form in which an encoder is fastest on this CPU, measured once, and taken only when it finds the same neighbours.

What was measured is kept in a small file in the home: the speed by backbone and machine, the agreement by the weights too.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hypviz.model.device import CPU_BATCH
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.folding import folded, mirrored
from hypviz.storage.files import write_file
from hypviz.storage.home import home
from hypviz.storage.json_types import Json

log = logging.getLogger(__name__)
MIN_AGREEMENT = 0.98
"""Share of crops whose nearest neighbour, among all that are tried, is the same in both formats."""
MIN_GAIN = 1.25
"""How many times faster bfloat16 must be."""
MAX_FOLDING_ERROR = 1e-4
"""Largest deviation of a feature by folding, as a share of the largest feature; rounding alone makes 1e-6."""
WORTH_S = 3.0
"""Seconds of work in float32 below which float32 it is, untried: the trial would take as long."""
CHANGES: dict[str, Callable[[nn.Module], nn.Module | None]] = {"folded": folded, "mirrored": mirrored}
"""What makes a copy with fewer passes over memory, in the order in which it is done."""
PROBED = 2
"""Crops on which a copy is held against the encoder when it was found to give the same features before."""
TIMED, COMPARED = 8, 64
"""Crops that the speed and the agreement are measured on, which takes a second or two for a network of some million weights."""
PARTS = ("speed", "agreement", "folding")
"""Of the file: crops per second by place, the share of same neighbours and the changes that keep the features by weights."""
KEPT = 200
"""Measurements in the file; the oldest go."""


def in_fastest_dtype(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, count: int) -> HyperbolicEncoder:
    """A copy of an encoder on the CPU that finds the same neighbours and is faster, or the encoder itself.

    In float32 with folded normalisation, or in bfloat16 where that agrees.  crops: (N, S, S, 3), some of those to be looked at, at
    least `COMPARED` for a copy to be made.  count: how many looks at a crop there will be.  The encoder is left as it is: it may be
    in training.
    """
    first = next(encoder.backbone.parameters())
    if first.device.type != "cpu" or first.dtype != torch.float32 or len(crops) < COMPARED:
        return encoder
    was_training = encoder.training
    chosen = _chosen(encoder.eval(), crops[:: len(crops) // COMPARED][:COMPARED], count)
    encoder.train(was_training)
    return chosen


def _chosen(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], count: int) -> HyperbolicEncoder:
    """The encoder, its folded copy, or that in bfloat16."""
    measurements = _read()
    place, weights = _machine(encoder), _weights(encoder)
    speed: dict[str, float] = measurements["speed"].get(place) or {"float32": _speed(encoder, crops)}
    if count / (speed["float32"] * torch.get_num_threads()) < WORTH_S:
        return encoder
    exact, holding = _folded(encoder, crops, measurements["folding"].get(weights))
    if measurements["folding"].get(weights) != holding:
        _keep("folding", weights, holding)
    if not {"folded", "bfloat16"} <= speed.keys():
        speed |= {"folded": _speed(exact, crops), "bfloat16": _speed(_rough(exact), crops)}
        _keep("speed", place, speed)
    if speed["bfloat16"] < MIN_GAIN * speed["folded"]:
        return exact
    if weights not in measurements["agreement"]:
        measurements["agreement"][weights] = agreement(_features(exact, crops), _features(_rough(exact), crops))
        _keep("agreement", weights, measurements["agreement"][weights])
    same = measurements["agreement"][weights]
    log.info(
        "Crops/s on a core: float32 %.0f, folded %.0f, bfloat16 %.0f, which has the same nearest neighbour for %.1f %%: %s.",
        speed["float32"], speed["folded"], speed["bfloat16"], 100 * same, "taken" if same >= MIN_AGREEMENT else "not taken",
    )  # fmt: skip
    return _rough(exact) if same >= MIN_AGREEMENT else exact


def _rough(encoder: HyperbolicEncoder) -> HyperbolicEncoder:
    return copy.deepcopy(encoder).to_bfloat16()


def _folded(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], known: list[str] | None) -> tuple[HyperbolicEncoder, list[str]]:
    """A copy that passes over memory less often and gives the same features (`model.folding`), or the encoder where there is none; and the
    changes that do.

    known: those that did for these weights before. They are made together and held to fewer crops; where that fails, each is tried again.
    """
    if isinstance(known, list) and set(known) <= CHANGES.keys():
        best = encoder
        for name in known:
            best = _changed(best, CHANGES[name]) or encoder
        if _deviation(best, crops[:PROBED], _features(encoder, crops[:PROBED])) <= MAX_FOLDING_ERROR:
            return best, known
    holding: list[str] = []
    best, exact = encoder, _features(encoder, crops[:TIMED])
    for name, change in CHANGES.items():
        tried = _changed(best, change)
        if tried is not None and _deviation(tried, crops[:TIMED], exact) <= MAX_FOLDING_ERROR:
            best, holding = tried, [*holding, name]
    return best, holding


def _changed(encoder: HyperbolicEncoder, change: Callable[[nn.Module], nn.Module | None]) -> HyperbolicEncoder | None:
    """A copy with another backbone; the other parts are shared: nothing here changes them."""
    tower = change(encoder.backbone)
    if tower is None:
        return None
    changed = copy.copy(encoder)
    changed._modules = {**encoder._modules, "backbone": tower}
    return changed


def _deviation(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], exact: NDArray[np.float32]) -> float:
    """The largest difference of a feature from the exact ones, as a share of the largest of those."""
    return float(np.abs(_features(encoder, crops) - exact).max() / max(float(np.abs(exact).max()), 1e-12))


def agreement(exact: NDArray[np.float32], rough: NDArray[np.float32]) -> float:
    """Share of rows (N, F) whose nearest neighbour (Euclidean, itself excluded) is the same in both, in 0…1.

    Where two neighbours are equally near to within float32's rounding, either counts: a blank crop has twins.
    """
    apart = _distances(exact)
    at = _distances(rough).argmin(axis=1)
    picked, least = apart[np.arange(len(at)), at], apart.min(axis=1)
    return float((picked <= least + 1e-6 * (1 + least)).mean())


def _distances(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, N) Euclidean distances, infinite on the diagonal."""
    values = features.astype(np.float64)
    square = (values**2).sum(axis=1)
    apart: NDArray[np.float64] = np.sqrt(np.maximum(square[:, None] + square[None, :] - 2 * values @ values.T, 0.0))
    np.fill_diagonal(apart, np.inf)
    return apart


@torch.inference_mode()
def _features(encoder: HyperbolicEncoder, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    parts = [encoder.backbone(encoder.normalise(np.array(crops[a : a + CPU_BATCH]))) for a in range(0, len(crops), CPU_BATCH)]
    features: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return features


def _speed(encoder: HyperbolicEncoder, crops: NDArray[np.uint8]) -> float:
    """Crops per second of processor time, on one thread.

    Other programs on the same cores lengthen the wall's time, not this one; the better of two passes counts, after one that
    makes the kernels.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = []
        for _ in range(3):
            start = time.thread_time()
            _features(encoder, crops[:TIMED])
            seconds.append(time.thread_time() - start)
    finally:
        torch.set_num_threads(threads)
    return TIMED / max(min(seconds[1:]), 1e-9)


def _machine(encoder: HyperbolicEncoder) -> str:
    """What a speed is kept by: backbone and input, the processor's abilities, torch."""
    setup = (encoder.settings.backbone, encoder.image_size, torch.backends.cpu.get_cpu_capability())
    return " ".join(map(str, (*setup, platform.machine(), torch.__version__)))


def _weights(encoder: HyperbolicEncoder) -> str:
    """What an agreement is kept by: the machine and the backbone's weights."""
    digest = hashlib.sha256(_machine(encoder).encode())
    for tensor in encoder.backbone.state_dict().values():
        digest.update(tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _path() -> Path:
    return home() / "speed.json"


def _read() -> Json:
    """What is kept; a missing or damaged file is an empty one, for it is quickly made again."""
    try:
        content = json.loads(_path().read_text(encoding="utf-8"))
        return {part: dict(content.get(part, {})) for part in PARTS}
    except (OSError, ValueError, AttributeError, TypeError):
        return {part: {} for part in PARTS}


def _keep(part: str, key: str, value: Any) -> None:
    content = _read()
    content[part] = dict([*content[part].items(), (key, value)][-KEPT:])
    try:
        home().mkdir(parents=True, exist_ok=True)
        write_file(_path(), lambda file: file.write_text(json.dumps(content, indent=1), encoding="utf-8"))
    except OSError as error:  # a home that cannot be written to costs a second each time, and nothing else
        log.info("The measured speed cannot be kept: %s.", error.strerror or error)
