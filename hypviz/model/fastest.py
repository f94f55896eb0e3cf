"""The number format in which an encoder is fastest on this CPU, measured once, and taken only when it finds the same neighbours.

What was measured is kept in a small file in the home: the speed by backbone and machine, the agreement by the weights too.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hypviz.files import write_file
from hypviz.home import home
from hypviz.model.device import CPU_BATCH
from hypviz.model.encoder import HyperbolicEncoder

log = logging.getLogger(__name__)
MIN_AGREEMENT = 0.98
"""Share of crops whose nearest neighbour, among all that are tried, is the same in both formats."""
MIN_GAIN = 1.25
"""How many times faster bfloat16 must be."""
WORTH_S = 3.0
"""Seconds of work in float32 below which float32 it is, untried: the trial would take as long."""
TIMED, COMPARED = 8, 64
"""Crops that the speed and the agreement are measured on, which takes a second or two for a network of some million weights."""
KEPT = 200
"""Measurements in the file; the oldest go."""


def in_fastest_dtype(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, count: int) -> HyperbolicEncoder:
    """A bfloat16 copy of an encoder on the CPU when that is faster and agrees with float32, else the encoder itself.

    crops: (N, S, S, 3), some of those to be looked at, at least `COMPARED` for bfloat16 to be taken.  count: how many looks at a
    crop there will be.  The encoder is left as it is: it may be in training.
    """
    first = next(encoder.backbone.parameters())
    if first.device.type != "cpu" or first.dtype != torch.float32 or len(crops) < COMPARED:
        return encoder
    was_training = encoder.training
    chosen = _chosen(encoder.eval(), crops[:: len(crops) // COMPARED][:COMPARED], count)
    encoder.train(was_training)
    return encoder if chosen is None else chosen


def _chosen(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], count: int) -> HyperbolicEncoder | None:
    """The copy in bfloat16, or None where float32 is to be kept."""
    kept = _read()
    place, weights = _machine(encoder), _weights(encoder)
    speed: dict[str, float] = kept["speed"].get(place) or {"float32": _speed(encoder, crops)}
    if count / (speed["float32"] * torch.get_num_threads()) < WORTH_S:
        return None
    rough = copy.deepcopy(encoder).to_bfloat16().eval()
    if "bfloat16" not in speed:
        speed["bfloat16"] = _speed(rough, crops)
        _keep("speed", place, speed)
    if speed["bfloat16"] < MIN_GAIN * speed["float32"]:
        return None
    if weights not in kept["agreement"]:
        kept["agreement"][weights] = agreement(_features(encoder, crops), _features(rough, crops))
        _keep("agreement", weights, kept["agreement"][weights])
    log.info(
        "float32 %.0f crops/s on a core, bfloat16 %.0f, the same nearest neighbour for %.1f %%.",
        speed["float32"], speed["bfloat16"], 100 * kept["agreement"][weights],
    )  # fmt: skip
    return rough if kept["agreement"][weights] >= MIN_AGREEMENT else None


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
    found: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return found


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
    what = (encoder.settings.backbone, encoder.image_size, torch.backends.cpu.get_cpu_capability())
    return " ".join(map(str, (*what, platform.machine(), torch.__version__)))


def _weights(encoder: HyperbolicEncoder) -> str:
    """What an agreement is kept by: the machine and the backbone's weights."""
    digest = hashlib.sha256(_machine(encoder).encode())
    for tensor in encoder.backbone.state_dict().values():
        digest.update(tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _path() -> Path:
    return home() / "speed.json"


def _read() -> dict[str, Any]:
    """What is kept; a missing or damaged file is an empty one, for it is quickly made again."""
    try:
        content = json.loads(_path().read_text(encoding="utf-8"))
        return {part: dict(content[part]) for part in ("speed", "agreement")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"speed": {}, "agreement": {}}


def _keep(part: str, key: str, value: Any) -> None:
    content = _read()
    content[part] = dict([*content[part].items(), (key, value)][-KEPT:])
    try:
        home().mkdir(parents=True, exist_ok=True)
        write_file(_path(), lambda file: file.write_text(json.dumps(content, indent=1), encoding="utf-8"))
    except OSError as error:  # a home that cannot be written to costs a second each time, and nothing else
        log.info("The measured speed cannot be kept: %s.", error.strerror or error)
