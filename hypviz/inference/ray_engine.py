"""Embed a data set on a cluster by Ray Data: pictures decoded on CPUs, encoders in actors, the result as Parquet in parts.

The same vectors as by `hypviz.inference.embed`, but that directions are rounded to float16, whatever the blocks and batches: a picture
with all its boxes is one row throughout. Ray's own row checkpoints remember which pictures are written, so a run that was stopped goes
on where it was; workers that die are replaced, and what they held is computed anew.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.data.crops import iter_crops
from hypviz.errors import SettingsError, WorkspaceError
from hypviz.inference.embed import GATHERED, checkpoint_for, in_fastest_dtype
from hypviz.inference.ray_pipeline import RaySettings, run_pipeline
from hypviz.progress import OnProgress
from hypviz.workspace.parts import ABOUT, PICTURES, PROGRESS, VECTORS, About, Place, count_pictures, open_place
from hypviz.workspace.work import write_work

if TYPE_CHECKING:
    from pathlib import Path

    from hypviz.data.items import Items
    from hypviz.model.encoder import HyperbolicEncoder
    from hypviz.workspace.store import Workspace


def check_ray() -> None:
    """SettingsError where Ray Data is not installed."""
    try:
        _ray()
    except ImportError:
        raise SettingsError('--engine ray needs the package ray: pip install "hypviz[ray]", or choose --engine local.') from None


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)  # that its own bars are off
    return ray


def embed_parts(
    items: Items,
    encoder: HyperbolicEncoder,
    place: Place,
    about: About,
    *,
    settings: RaySettings | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> About:
    """Embed every item into the folder `place`; returns what its hypviz.json then says. What is complete already is left as it is.

    about: what the vectors belong to. force: begin anew. The cluster is the one that RAY_ADDRESS names or that runs on this machine, else
    one of this machine's cores for as long as this takes. Every machine of it must see the pictures under the same paths.
    Raises WorkspaceError when the place holds vectors of another checkpoint or data, DataError for a picture that cannot be read.
    """
    settings = settings or RaySettings()
    check_ray()
    if force:
        place.clear(ABOUT, PICTURES, VECTORS, PROGRESS)
    earlier = place.read_about()
    if earlier is not None and (earlier.checkpoint, earlier.data_hash) != (about.checkpoint, about.data_hash):
        raise WorkspaceError(
            f"{place.url} holds vectors of {earlier.name or 'other data'} by checkpoint {earlier.checkpoint}, not of these data by "
            f"{about.checkpoint}; choose another --out, or --force to remove them."
        )
    if earlier is not None and earlier.complete:
        return earlier
    with _cluster() as ray:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        if earlier is None:
            place.clear(PICTURES, VECTORS, PROGRESS)
            write_work(place, items, rows_per_file=settings.rows_per_block(len(items.images), cores))
            place.write_about(about)
        run_pipeline(ray, place, about, _form(items, encoder, ray), settings, on_progress)
    written = count_pictures(place)
    if written != len(items.images):
        raise WorkspaceError(f"{place.url} has {written:,} of {len(items.images):,} pictures after the run; run the same command again.")
    whole = replace(about, complete=True)
    place.write_about(whole)
    place.clear(PROGRESS)
    return whole


def embed_workspace_parts(
    workspace: Workspace,
    checkpoint: str | Path,
    url: str = "",
    *,
    settings: RaySettings | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[About, str]:
    """Embed a workspace by a checkpoint into parts at `url`, by default in the workspace, and let the workspace read them there.

    Returns what the parts' hypviz.json says, and where they are. SettingsError for a workspace of own vectors.
    """
    from hypviz.model.card import checkpoint_hash, origin_of
    from hypviz.model.checkpoint import load_checkpoint

    check_ray()
    if workspace.vectors is not None:
        raise SettingsError(f"{workspace.name} is a workspace of own vectors, so there is nothing to embed.")
    path = checkpoint_for(workspace, checkpoint)
    key, items = checkpoint_hash(path), workspace.items
    encoder, card = load_checkpoint(path)
    place = open_place(url or workspace.folder / "parts" / f"{key}-{items.data_hash}")
    about = About(
        key, items.data_hash, encoder.curv.item(), encoder.settings.geometry, encoder.settings.embed_dim,
        items=len(items), pictures=len(items.images), name=workspace.name, root=str(items.root),
    )  # fmt: skip
    about = embed_parts(items, encoder, place, about, settings=settings, force=force, on_progress=on_progress)
    workspace.link_parts(key, place.url, extra={"checkpoint": card.name, "origin": origin_of(path)})
    return about, place.url


@contextmanager
def _cluster() -> Iterator[Any]:
    """Ray, connected; a cluster that is begun here ends with the block, and answers on this machine only."""
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    quiet = {"log_to_driver": False, "logging_level": logging.WARNING}
    try:
        ray.init(**quiet, address=os.environ.get("RAY_ADDRESS") or "auto")
    except ConnectionError:
        cores = max(2, os.cpu_count() or 1)
        ray.init(**quiet, address="local", num_cpus=cores, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        yield ray
    finally:
        ray.shutdown()


def _form(items: Items, encoder: HyperbolicEncoder, ray: Any) -> HyperbolicEncoder:
    """The encoder in the number format that the local engine would choose for the same items here."""
    if ray.cluster_resources().get("GPU"):
        return encoder
    rows = np.arange(min(GATHERED, len(items)))
    _, crops = next(iter_crops(items, rows, size=encoder.image_size, batch=GATHERED, workers=2))
    return in_fastest_dtype(encoder, crops, count=len(items))
