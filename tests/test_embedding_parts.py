"""What was embedded before a stop or a kill is not embedded again, and is the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypviz.clipart import write_dataset
from hypviz.config import EncoderSettings, HierarchySettings
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items
from hypviz.inference import embed, embedding_parts
from hypviz.inference.embed import embed_workspace
from hypviz.inference.embedding_parts import FOLDER
from hypviz.model.card import Card
from hypviz.model.checkpoint import save_checkpoint
from hypviz.model.encoder import build_encoder
from hypviz.workspace.store import Workspace

SETTINGS = EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32)
GATHERED, PART = 8, 16
Progress = Callable[[int, int | None], None]


class StoppedError(Exception):
    """As a job that is stopped raises it from the progress it is told."""


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Items:
    folder = tmp_path_factory.mktemp("scenes")
    return import_items(read_coco(write_dataset(folder, range(3), size=(160, 120), workers=0), folder / "images"))[0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("model") / "model", build_encoder(SETTINGS, seed=2).eval(), Card("model", SETTINGS))


@pytest.fixture
def workspace(items: Items, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws", items, build_hierarchy(items, HierarchySettings()), name="three")


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many crops were looked at, each time."""
    seen: list[int] = []
    real = embed.encode
    monkeypatch.setattr(embed, "encode", lambda encoder, crops, **more: seen.append(len(crops)) or real(encoder, crops, **more))
    monkeypatch.setattr(embed, "GATHERED", GATHERED)
    monkeypatch.setattr(embedding_parts, "PART", PART)
    return seen


def stop_at(count: int) -> Progress:
    def heard(done: int, total: int | None) -> None:
        if done >= count:
            raise StoppedError

    return heard


def whole(items: Items, model: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Directions and radii of a run that nothing broke off."""
    found = embed_workspace(Workspace.create(folder, items, build_hierarchy(items, HierarchySettings()), name="other"), model)
    return np.array(found.directions), np.array(found.radii)


def test_a_stopped_run_is_gone_on_with_and_ends_as_one_that_was_left_alone(
    workspace: Workspace, items: Items, model: Path, embedded: list[int], tmp_path: Path
) -> None:
    directions, radii = whole(items, model, tmp_path / "alone")
    for count in (20, 36):
        with pytest.raises(StoppedError):
            embed_workspace(workspace, model, on_progress=stop_at(count))
    kept = sorted((workspace.folder / FOLDER).rglob("*.npz"))
    assert kept, "also what does not fill a part"
    embedded.clear()
    heard: list[int] = []
    found = embed_workspace(workspace, model, on_progress=lambda done, total: heard.append(done))
    assert sum(embedded) <= len(items) - 36 + 2 * GATHERED, "the first crops once more, to choose the number format by"
    assert heard[0] >= 36 and heard[-1] == len(items) and heard == sorted(heard)
    np.testing.assert_allclose(found.directions, directions, atol=1e-5)
    np.testing.assert_allclose(found.radii, radii, rtol=1e-5)
    assert not (workspace.folder / FOLDER).exists(), "it is in the embedding now"


def test_a_killed_run_leaves_its_full_parts(workspace: Workspace, items: Items, model: Path, embedded: list[int], tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from hypviz.inference import embed, embedding_parts; from hypviz.workspace.store import Workspace\n"
        f"embed.GATHERED, embedding_parts.PART = {GATHERED}, {PART}\n"
        "stop = lambda done, total: os._exit(7) if done > 35 else None\n"
        "embed.embed_workspace(Workspace.open(Path(sys.argv[1])), sys.argv[2], on_progress=stop)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(workspace.folder), str(model)], check=False).returncode == 7
    embed_workspace(workspace, model)
    assert sum(embedded) <= len(items) - 2 * PART + GATHERED
    assert np.array_equal(workspace_rows(workspace, model), np.arange(len(items)))


def workspace_rows(workspace: Workspace, model: Path) -> np.ndarray:
    """For each item the row of a fresh embedding that its stored direction is nearest to."""
    stored = np.array(embed_workspace(workspace, model).directions)
    fresh = np.array(embed_workspace(workspace, model, force=True).directions)
    return np.argmax(stored @ fresh.T, axis=1)


@pytest.mark.parametrize("harm", ["torn", "of other shape", "not finite"])
def test_a_damaged_part_is_embedded_anew(
    workspace: Workspace, items: Items, model: Path, embedded: list[int], tmp_path: Path, harm: str
) -> None:
    with pytest.raises(StoppedError):
        embed_workspace(workspace, model, on_progress=stop_at(40))
    first = min((workspace.folder / FOLDER).rglob("*.npz"), key=lambda path: int(path.stem.rsplit("-", 1)[1]))
    arrays = dict(np.load(first))
    if harm == "torn":
        first.write_bytes(first.read_bytes()[:200])
    elif harm == "of other shape":
        np.savez(first, **arrays | {"directions": arrays["directions"][:, :5]})
    else:
        np.savez(first, **arrays | {"radii": np.full_like(arrays["radii"], np.nan)})
    directions, radii = whole(items, model, tmp_path / "alone")
    found = embed_workspace(workspace, model)
    np.testing.assert_allclose(found.directions, directions, atol=1e-5)
    np.testing.assert_allclose(found.radii, radii, rtol=1e-5)


def test_parts_of_other_data_or_asked_for_anew_are_not_used(workspace: Workspace, items: Items, model: Path, embedded: list[int]) -> None:
    with pytest.raises(StoppedError):
        embed_workspace(workspace, model, on_progress=stop_at(40))
    place = next((workspace.folder / FOLDER).iterdir())
    other = place.with_name(place.name[:-4] + "0000")
    place.rename(other)
    embedded.clear()
    embed_workspace(workspace, model)
    assert sum(embedded) == len(items) and not other.exists()
    with pytest.raises(StoppedError):
        embed_workspace(workspace, model, force=True, on_progress=stop_at(40))
    embedded.clear()
    embed_workspace(workspace, model, force=True)
    assert sum(embedded) == len(items)


def test_a_set_that_is_embedded_at_once_leaves_no_file(
    workspace: Workspace, model: Path, embedded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_parts, "PART", 4096)
    written: list[str] = []
    monkeypatch.setattr(embedding_parts, "keep", lambda folder, name, write: written.append(name))
    embed_workspace(workspace, model)
    assert not written
