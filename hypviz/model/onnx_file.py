"""The image tower and the head of an encoder as one ONNX file: pictures in, unit directions and radii out.

The normalisation is in the graph. What is known of pictures and their boxes together (`inference.in_pictures`) is not: a graph sees each
picture by itself. The file says so, and states the numbers that are needed for it.
"""

from __future__ import annotations

import importlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from hypviz import __version__
from hypviz.errors import CheckpointError, SettingsError
from hypviz.model.card import checkpoint_hash, find_checkpoint, origin_of
from hypviz.model.checkpoint import load_checkpoint
from hypviz.storage.files import write_file

if TYPE_CHECKING:
    from hypviz.model.card import Card
    from hypviz.model.encoder import HyperbolicEncoder

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The format, what torch writes it with, and what runs it: the extra `onnx`."""
INPUT, OUTPUTS = "pictures", ("directions", "radii")
TOLERANCE = 1e-4
"""Largest difference from hypviz's own embedding in onnxruntime: of a direction's component; of a radius, in true units or as a share of
it, whichever is more: whole pictures may lie at 1e-6, and their order counts."""
CHECKED = (1, 3)
"""Batch sizes that a new file is tried with; a size that got stuck in the graph fails the second."""
MAX_BYTES = (2 << 30) - (1 << 20)
"""Of the weights: a single ONNX file, a protobuf message, ends at 2 GiB, and the graph needs a little."""
SCOPE = (
    "The image tower and head alone: each picture, or crop of a box, by itself, squashed to the square. Where boxes_from, context or "
    "contents is not 0, hypviz moves the embeddings of a picture and its boxes together afterwards (hypviz.inference.in_pictures); "
    "this graph does not."
)


@dataclass(frozen=True)
class OnnxFile:
    """What was written. about: the metadata in the file.  difference: the largest from hypviz's own embedding, see `TOLERANCE`."""

    path: Path
    bytes: int
    about: dict[str, str]
    difference: float


class _Graph(nn.Module):
    """(B, 3, S, S) in 0…1 → directions (B, D), radii (B,)."""

    def __init__(self, encoder: HyperbolicEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        encoder = self.encoder
        return encoder.project(encoder.backbone((pictures - encoder.mean) / encoder.std))


def write_onnx(path: Path, checkpoint: str | Path) -> OnnxFile:
    """Write a checkpoint's image tower and head to `path` (.onnx), after it was compared with hypviz in onnxruntime.

    The graph: `pictures` (B, 3, S, S) float32, RGB in 0…1 → `directions` (B, D) of unit length and `radii` (B,) in true units, for any B.
    Its metadata are those of `metadata_of`. checkpoint: as in `card.find_checkpoint`.
    SettingsError for another ending, a missing package or weights of more than 2 GiB, which a single ONNX file cannot hold;
    CheckpointError for a checkpoint that cannot be read or exported, or whose graph gives other embeddings.
    """
    if path.suffix.lower() != ".onnx":
        raise SettingsError(f"An ONNX file ends in .onnx, got {path}; name it so.")
    onnx, _, runtime = _packages()
    weights = find_checkpoint(checkpoint)
    encoder, card = load_checkpoint(weights)
    _check_size(encoder, card)
    graph = _Graph(encoder.float()).eval()
    about = metadata_of(encoder, card, weights)
    content = _content(onnx, graph, about)
    difference = _difference(runtime, graph, content)
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"The ONNX graph of {card.name} differs in onnxruntime from hypviz by {difference:.2g}, where {TOLERANCE:g} is allowed; "
            f"{path.name} was not written. Try other versions of {', '.join(PACKAGES)}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, lambda part: part.write_bytes(content))
    return OnnxFile(path, len(content), about, difference)


def metadata_of(encoder: HyperbolicEncoder, card: Card, weights: Path) -> dict[str, str]:
    """What an ONNX file says of itself, each value as JSON but for plain words: what it is, whose, what it takes and what it leaves out.

    `curv` is of the geometry `hyperbolic` (curvature −curv). `mean` and `std` are in the graph already. `checkpoint` is the hash that
    hypviz keys embeddings by.
    """
    settings = encoder.settings
    numbers = {
        "curv": encoder.curv.item(),
        "dimension": settings.embed_dim,
        "image_size": encoder.image_size,
        "mean": encoder.mean.flatten().tolist(),
        "std": encoder.std.flatten().tolist(),
        "boxes_from": settings.boxes_from,
        "context": settings.context,
        "contents": settings.contents,
    }
    words = {"name": card.name, "licence": card.licence, "description": card.description, "backbone": settings.backbone}
    words |= {"geometry": settings.geometry, "fit": "squash", "checkpoint": checkpoint_hash(weights), "origin": origin_of(weights)}
    words |= {"hypviz": __version__, "scope": SCOPE}
    return {name: text for name, text in words.items() if text} | {name: json.dumps(number) for name, number in numbers.items()}


def _packages() -> list[Any]:
    """The modules of `PACKAGES`; SettingsError when one is not installed."""
    try:
        return [importlib.import_module(name) for name in PACKAGES]
    except ImportError as error:
        raise SettingsError(
            f'An ONNX file needs the packages {", ".join(PACKAGES)} ({error.name} is missing here): pip install "hypviz[onnx]".'
        ) from None


def _check_size(encoder: HyperbolicEncoder, card: Card) -> None:
    size = sum(4 * tensor.numel() for part in (encoder.backbone, encoder.head) for tensor in part.state_dict().values())
    if size > MAX_BYTES:
        raise SettingsError(f"{card.name} has {size:,} bytes of weights in float32; a single ONNX file holds at most {MAX_BYTES:,}.")


def _content(onnx: Any, graph: _Graph, about: dict[str, str]) -> bytes:
    """The bytes of the ONNX file: traced by torch, without traces of this machine, with the metadata."""
    example = torch.rand(2, 3, graph.encoder.image_size, graph.encoder.image_size, generator=torch.Generator().manual_seed(0))
    try:
        with _quiet(), torch.no_grad():
            program: Any = torch.onnx.export(
                graph, (example,), input_names=[INPUT], output_names=list(OUTPUTS), dynamo=True, verbose=False, external_data=False,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )  # fmt: skip
    except Exception as error:  # an exporter of whole networks raises whatever a layer makes it stumble over
        raise CheckpointError(
            f"torch {torch.__version__} cannot write {about['backbone']} as ONNX ({type(error).__name__}); "
            "choose a checkpoint of another backbone."
        ) from error
    model = program.model_proto
    for part in _parts(model):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")  # torch names files and lines of this machine in them
    model.producer_name, model.producer_version, model.doc_string = "hypviz", __version__, SCOPE
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's hundreds of lines on what it folded, and torch's warnings of its own parts: the result is compared instead."""
    loggers = [logging.getLogger(name) for name in ("onnx_ir", "onnxscript", "torch.onnx")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _parts(model: Any) -> Iterator[Any]:
    """All of a model that can have metadata."""
    for graph in (model.graph, *model.functions):
        yield graph
        yield from graph.node
        yield from graph.value_info
    yield from (*model.graph.input, *model.graph.output, *model.graph.initializer)


@torch.no_grad()
def _difference(runtime: Any, graph: _Graph, content: bytes) -> float:
    """The largest difference of onnxruntime's embeddings from the encoder's own, see `TOLERANCE`; NaN where one is no number."""
    runtime.disable_telemetry_events()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    random, size, encoder = torch.Generator().manual_seed(1), graph.encoder.image_size, graph.encoder
    worst = 0.0
    for count in CHECKED:
        noise = torch.rand(count, 3, size, size, generator=random)
        blots = nn.functional.interpolate(torch.rand(count, 3, 8, 8, generator=random), (size, size), mode="bilinear")
        pictures = blots * noise.sqrt()  # neither alone is like a picture
        directions, radii = (value.numpy() for value in encoder(encoder.standardise(pictures)))
        outputs = session.run(list(OUTPUTS), {INPUT: pictures.numpy()})
        if outputs[0].shape != directions.shape or outputs[1].shape != radii.shape:
            return float("inf")
        off = np.append((outputs[0] - directions).ravel(), (outputs[1] - radii) / np.minimum(1, radii))
        worst = float(np.maximum(worst, np.abs(off).max()))  # NaN stays
    return worst
