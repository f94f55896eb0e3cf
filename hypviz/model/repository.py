"""A checkpoint as a repository: model.safetensors, config.json (the card) and README.md, which says what it is and how to load it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypviz import __version__
from hypviz.hub.readme import licence_header, readme, table
from hypviz.model.card import Card, card_writer
from hypviz.model.hub_checkpoint import CONFIG, WEIGHTS
from hypviz.storage.files import write_files

if TYPE_CHECKING:
    from torch import Tensor

README = "README.md"
_OF_WEIGHTS = ("schema", "name", "licence", "encoder", "curv")
"""The part of the card that stands in the weights file, too."""
PIPELINE = "image-feature-extraction"
LIBRARY = "hypviz"
VALIDATION, CHANCE = "validation", "chance"
"""The parts of a card's metrics that stand beside each other."""


def write_model(folder: Path, tensors: Mapping[str, Tensor], card: Card, *, place: str = "") -> Path:
    """Write the three files, all or none, into a folder that may be there; returns the weights file.

    place: the address that README.md tells people to load it from; the folder's name where it has none.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = model_readme(card, place or folder.absolute().name)
    write_files(
        {
            folder / README: lambda part: part.write_bytes(text),
            folder / CONFIG: card_writer(card),
            folder / WEIGHTS: lambda part: save_file(plain, part, metadata=weights_metadata(card)),
        }
    )
    return folder / WEIGHTS


def weights_metadata(card: Card) -> dict[str, str]:
    """What the weights file says of itself: enough to tell what it is without the files beside it.

    One key, with all of it as JSON: safetensors writes several in any order, and the same encoder would have another hash each time.
    """
    about = {"version": __version__, **{key: value for key, value in card.to_json().items() if key in _OF_WEIGHTS}}
    return {LIBRARY: json.dumps(about, ensure_ascii=False)}


def model_readme(card: Card, place: str) -> bytes:
    """README.md: a header that hubs read, what the model is, its figures beside chance, and how to load it from `place`."""
    encoder = card.encoder
    header: dict[str, Any] = {
        **licence_header(card.licence),
        "library_name": LIBRARY,
        "pipeline_tag": PIPELINE,
        "tags": [LIBRARY, "hyperbolic", "entailment-cones", "visual-hierarchy", "image-retrieval", "image-embeddings", "arxiv:2411.17490"],
    }
    figures = _part(card, VALIDATION)
    if figures:
        header["model-index"] = [{"name": card.name, "results": [_result(figures)]}]
    facts = [
        ("backbone", f"`{encoder.backbone}`"),
        ("geometry", f"{encoder.geometry}, {encoder.embed_dim} dimensions, curvature −{card.curv:.4g}"),
        ("head", encoder.head),
        ("cones", f"calibrated, half-angle {card.answers.cones.omegas[0]:.4g} rad at the innermost level"),
        ("licence", card.licence),
    ]
    parts = [
        f"# {card.name}",
        card.description or "An encoder of pictures and of boxes in them into one space, general near its centre, specific farther out.",
        table(("", ""), facts),
        _figures(figures, _part(card, CHANCE)),
        _loading(place),
    ]
    return readme(header, "\n\n".join(part for part in parts if part))


def _part(card: Card, name: str) -> dict[str, float]:
    """A part of the card's metrics, of numbers alone."""
    part = card.metrics.get(name)
    return {key: float(value) for key, value in part.items() if isinstance(value, (int, float))} if isinstance(part, dict) else {}


def _result(figures: Mapping[str, float]) -> dict[str, Any]:
    return {
        "task": {"type": PIPELINE, "name": "Retrieval by entailment"},
        "dataset": {"type": "validation", "name": "Pictures held out of the training"},
        "metrics": [{"type": "other", "name": name, "value": value} for name, value in figures.items()],
    }


def _figures(figures: Mapping[str, float], chance: Mapping[str, float]) -> str:
    if not figures:
        return ""
    rows = [(name, f"{value:.4g}", f"{chance[name]:.4g}" if name in chance else "") for name, value in figures.items()]
    words = (
        "Judged on pictures held out of the training. By chance: a ranking at random; for cones, one that holds everything "
        "(F1) and as much as belongs inside (share)."
    )
    return f"## Figures\n\n{words}\n\n{table(('figure', 'value', 'by chance'), rows)}"


def _loading(place: str) -> str:
    return f"""## How to load it

    pip install "hypviz[hub]"

```python
from hypviz.model.encoder import HyperbolicEncoder

encoder = HyperbolicEncoder.from_pretrained("{place}")
directions, radii = encoder(encoder.normalise(crops))  # crops: (B, S, S, 3) of uint8, S = encoder.image_size
```

    hypviz embed --workspace WORKSPACE --checkpoint {place}
    hypviz app --data PICTURES --checkpoint {place}

Written by hypviz {__version__}. The method is that of *Learning Visual Hierarchies in Hyperbolic Space for Image Retrieval* (Wang et al.,
ICCV 2025, [arXiv 2411.17490](https://arxiv.org/abs/2411.17490)); `config.json` holds how it was trained."""
