"""Published models of pictures and words as their authors write them, each by a reader of its format: MERU's (MERU, HyCoCLIP, UNCHA,
HAC; `published_meru`), hyper3-clip's (`published_hyper3`) and OpenCLIP's (`published_open_clip`).

A card NAME.json beside the file overrules what its reader says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from hypviz.errors import CheckpointError, HypvizError, UnknownWeightsError
from hypviz.hub.address import address_of
from hypviz.model.backbone import read_shape
from hypviz.model.hub_checkpoint import WEIGHTS
from hypviz.model.hyper3_config import CONFIGS
from hypviz.model.published_hyper3 import from_hyper3, is_hyper3
from hypviz.model.published_meru import from_meru, is_meru
from hypviz.model.published_open_clip import from_open_clip, is_open_clip
from hypviz.model.published_parts import Translated, head_count
from hypviz.model.weights import read_weights

log = logging.getLogger(__name__)
Reader = Callable[[Mapping[str, Tensor], Path], Translated]
READERS: tuple[tuple[Callable[[Mapping[str, Tensor]], bool], Reader], ...] = (
    (is_meru, from_meru),
    (is_hyper3, from_hyper3),
    (is_open_clip, from_open_clip),
)
"""Whether tensors are of a format, and what reads it."""


def is_published(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of a published model with both towers, as its authors write them."""
    return _kind(tensors) is not None


def translate(tensors: Mapping[str, Tensor], *, source: Path) -> Translated:
    """A published model as an encoder of ours; CheckpointError for a format that is not known, or sizes that are not there."""
    kind = _kind(tensors)
    if kind is None:
        raise UnknownWeightsError(
            f"Checkpoint {source} has no card: expected {source.with_suffix('.json').name} beside it, or a published MERU, HyCoCLIP, "
            "UNCHA, HAC, hyper3-clip or OpenCLIP model with both towers, which needs none. Weights of an image tower alone go into "
            "training: --weights FILE."
        )
    try:
        return kind(tensors, source)
    except HypvizError:
        raise
    except (IndexError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{source} has the names of a published model's weights, but not their shapes ({error}).") from error


def describe_file(path: Path) -> dict[str, Any]:
    """The content of a card for a published file that has none: encoder settings, curvature, licence, description."""
    beside = [path.with_name(name) for name in CONFIGS]
    status = [(file.stat().st_size, file.stat().st_mtime_ns) for file in (path, *beside) if file.is_file()]
    return dict(_describe(path, tuple(status)))


@lru_cache(maxsize=16)
def _describe(path: Path, _status: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    settings, _, about = translate(read_weights(path), source=path)
    if doubt := _doubt_about_heads(settings.backbone):
        log.warning("%s: %s", path.name, doubt)
        about = about | {"description": f"{about['description']} {doubt}"}
    return {"name": _name(path), "encoder": settings, **about}


def _name(path: Path) -> str:
    """What to call a file: as its repository or folder where all of them have one name."""
    if path.name != WEIGHTS:
        return path.stem
    address = address_of(path)
    return address.repo.rpartition("/")[2] if address else path.absolute().parent.name


def _doubt_about_heads(backbone: str) -> str:
    """What to know where two customs give a ViT of this width different numbers of attention heads; "" where they agree."""
    if not backbone.startswith("meru:"):
        return ""
    sizes = read_shape(backbone.removeprefix("meru:"), "LWAP")
    usual = head_count(sizes["W"])
    if sizes["A"] == usual:
        return ""
    return (
        f"Its image tower of width {sizes['W']} is read with {sizes['A']} attention heads, as MERU's released models have; weights do not "
        f"tell, and timm's ViT of that width has {usual}: if its pictures look scattered, name the right number in a card beside the file."
    )


def _kind(tensors: Mapping[str, Tensor]) -> Reader | None:
    return next((reader for is_its, reader in READERS if is_its(tensors)), None)
