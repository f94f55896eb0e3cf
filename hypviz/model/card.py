"""The card of a checkpoint: NAME.json beside NAME.safetensors. Reading it needs no torch, so the page starts quickly.

In a repository of its own (`model.repository`) a checkpoint is model.safetensors with config.json, which is the same card.

The file of a published model (`model.published`) needs no card: what it says of itself is one, and reading that does need torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypviz.config import EncoderSettings, from_mapping, to_mapping
from hypviz.errors import CheckpointError, SettingsError, UnknownWeightsError
from hypviz.hub.address import address_of, is_hub_address
from hypviz.hub.readme import NOT_STATED
from hypviz.model.hub_checkpoint import CONFIG, WEIGHTS, fetch_checkpoint
from hypviz.model.hyper3_config import read_config
from hypviz.paths import CHECKPOINTS
from hypviz.search.retrieval import Retrieval
from hypviz.storage.files import read_limited, write_file
from hypviz.storage.home import own_checkpoints
from hypviz.storage.json_types import Json

SCHEMA = 1
MAX_CARD = 8 << 20
"""Bytes of a card; those of long trainings have some 100 kB."""


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: how to rebuild it, how it was made, how good it is, and who may use it."""

    name: str
    encoder: EncoderSettings
    curv: float = 1.0
    temperature: float = 0.07
    omega_children: float = 0.5
    """Cone threshold on ext(parent, child) in radians, calibrated on validation pairs."""
    omega_parents: float = 0.5
    """Threshold on π − ext(child, parent) in radians, calibrated likewise."""
    licence: str = NOT_STATED
    description: str = ""
    training: Json = field(default_factory=dict)
    metrics: Json = field(default_factory=dict)
    retrieval: Retrieval | None = None
    """Cones by level and the ranking of each direction, as validation chose them; None for the two thresholds above and the
    angle."""

    @property
    def answers(self) -> Retrieval:
        """What children and parents are for this checkpoint, see `search.retrieval`."""
        return self.retrieval or Retrieval.single(self.omega_children, self.omega_parents)

    @property
    def restricted(self) -> bool:
        """Whether the licence forbids commercial use, which is said wherever the checkpoint is picked."""
        return "-NC" in self.licence.upper() or "NO COMMERCIAL" in self.licence.upper()

    @property
    def licence_to_note(self) -> str:
        """The licence in a few words where it has to be seen before a checkpoint is used: it forbids commercial use, or is that of a
        published file which does not state it. "" for any other.

        >>> Card("a", EncoderSettings(), licence="CC-BY-NC-4.0 (no commercial use), as released").licence_to_note
        'CC-BY-NC-4.0'
        >>> Card("a", EncoderSettings(), licence="not stated by its authors; built on others' code").licence_to_note
        'not stated by its authors'
        """
        noted = self.restricted or self.licence.startswith(f"{NOT_STATED} ")
        return re.split(r" ?[;,(]", self.licence, maxsplit=1)[0] if noted else ""

    def to_json(self) -> Json:
        """JSON-ready content of the card."""
        return {"schema": SCHEMA, **to_mapping(self)}


def weights_path(path: Path) -> Path:
    """NAME.safetensors of a checkpoint given as NAME, NAME.safetensors or NAME.json; a name may hold dots.

    >>> weights_path(Path("runs/clip-v1.2")).name, weights_path(Path("a.json")).name
    ('clip-v1.2.safetensors', 'a.safetensors')
    """
    return path.with_name(f"{path.name.removesuffix('.safetensors').removesuffix('.json')}.safetensors")


def card_path(weights: Path) -> Path:
    """Where the card of a weights file is, or would be: NAME.json, and config.json for the model.safetensors of a repository."""
    beside, config = weights.with_suffix(".json"), weights.with_name(CONFIG)
    return config if weights.name == WEIGHTS and not beside.is_file() and config.is_file() else beside


def origin_of(weights: Path) -> str:
    """The address on a hub, with its commit, that a weights file was fetched from; "" for one that was here."""
    address = address_of(weights)
    return "" if address is None else str(address)


def checkpoint_label(name: str | Path) -> str:
    """A checkpoint for people and records: its address where it is of a hub, else the last part of its name.

    >>> checkpoint_label("runs/mine.safetensors"), checkpoint_label("hf://ada/cones@v1")
    ('mine.safetensors', 'hf://ada/cones@v1')
    """
    return str(name) if is_hub_address(name) else origin_of(Path(name)) or Path(name).name


def find_checkpoint(name: str | Path, *, folder: Path | None = None) -> Path:
    """The .safetensors file of a path, of a folder that `save_pretrained` wrote, of hf://OWNER/MODEL[@REVISION], or of the name of a
    shipped checkpoint or of one kept in the page (those in `folder` alone when it is given); CheckpointError lists what there is."""
    if is_hub_address(name):
        return fetch_checkpoint(str(name))
    folders = [CHECKPOINTS, own_checkpoints()] if folder is None else [folder]
    for candidate in (Path(name), Path(f"{name}.safetensors"), Path(name, WEIGHTS), *(each / f"{name}.safetensors" for each in folders)):
        if candidate.is_file():
            return weights_path(candidate) if candidate.suffix == ".json" else candidate
    known = ", ".join(known for each in folders for known in list_checkpoints(each)) or "none"
    raise CheckpointError(f"No checkpoint {str(name)!r}: expected a file NAME.safetensors or one of those here ({known}).")


def list_checkpoints(folder: Path | None = None) -> list[str]:
    """Names of the checkpoints in a folder that have both files."""
    return sorted(p.stem for p in (folder or CHECKPOINTS).glob("*.safetensors") if p.with_suffix(".json").is_file())


def read_card(path: Path) -> Card:
    """The card beside a checkpoint's file, or that of a published model; CheckpointError says what is wrong with it."""
    card = card_path(path)
    if not card.is_file():
        return _of_published(path)
    try:
        content = json.loads(read_limited(card, MAX_CARD))
        if card.name == CONFIG and isinstance(content, dict) and "schema" not in content:  # of another program, beside its weights
            with contextlib.suppress(UnknownWeightsError):  # no weights of another program: a damaged card
                return _of_published(path)
        schema = content.pop("schema")
        if not isinstance(schema, int):
            raise TypeError(f"its schema is {schema!r:.40}, no whole number")
        if schema > SCHEMA:
            raise CheckpointError(f"Card {card} has schema {schema}, this hypviz reads up to {SCHEMA}; update hypviz.")
        parts: dict[str, Any] = {"encoder": from_mapping(EncoderSettings, content["encoder"])}
        if content.get("retrieval") is not None:
            parts["retrieval"] = Retrieval.from_json(content["retrieval"])
        return from_mapping(Card, {**content, **parts})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        reason = str(error) if isinstance(error, SettingsError) else f"{type(error).__name__}: {error}"
        raise CheckpointError(f"Card {card} is no hypviz checkpoint card ({reason}).") from error


def _of_published(path: Path) -> Card:
    from hypviz.model.published import describe_file

    return Card(**describe_file(path))


def write_card(path: Path, card: Card) -> None:
    """Write the card beside a .safetensors file, atomically."""
    write_file(path.with_suffix(".json"), card_writer(card))


def card_writer(card: Card) -> Callable[[Path], object]:
    """What writes a card into a file, for `storage.files.write_files`."""
    text = json.dumps(card.to_json(), indent=2, ensure_ascii=False) + "\n"
    return lambda part: part.write_text(text, encoding="utf-8")


def checkpoint_hash(path: Path) -> str:
    """Hash of a weights file's bytes, and of what stands beside it: its card's rules for boxes in pictures, hyper3-clip's configuration.

    An embedding made with it is keyed by this.
    """
    status, card = path.stat(), card_path(path)
    weights = _hash_of(path, status.st_size, status.st_mtime_ns)
    rules = _picture_rules(card, card.stat().st_mtime_ns) if card.is_file() and card != path else ()
    with contextlib.suppress(CheckpointError):  # a damaged one says so when the weights are read
        if config := read_config(path.parent):
            rules += (json.dumps(config, sort_keys=True),)
    return hashlib.sha256(" ".join([weights, *rules]).encode()).hexdigest()[:16] if rules else weights


@lru_cache(maxsize=64)
def _picture_rules(card: Path, _mtime_ns: int) -> tuple[str, ...]:
    """What `inference.in_pictures` reads of a card, where it is not 0; empty for a file that is no card."""
    try:
        encoder = json.loads(read_limited(card, MAX_CARD))["encoder"]
        values = {name: float(encoder.get(name, 0.0)) for name in ("boxes_from", "context", "contents")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return ()
    edge = values.pop("boxes_from")
    others = tuple(f"{name} {value:g}" for name, value in values.items() if value)
    return (f"{edge:g}", *others) if edge or others else ()


@lru_cache(maxsize=64)
def _hash_of(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16] if hasattr(hashlib, "file_digest") else _slow(path)


def _slow(path: Path) -> str:
    digest = hashlib.sha256()  # Python 3.10 has no file_digest
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
