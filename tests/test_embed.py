"""Embedding: every item in its own row, by the weights as they are, made once per checkpoint."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hypviz.clipart import write_dataset
from hypviz.config import EncoderSettings, HierarchySettings
from hypviz.data.crops import crop_square
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items
from hypviz.data.pictures import open_upright
from hypviz.inference.embed import embed_items, embed_picture, embed_untrained, embed_workspace, encode
from hypviz.inference.in_pictures import in_pictures
from hypviz.model import checkpoint as checkpoints
from hypviz.model.card import Card, checkpoint_hash, write_card
from hypviz.model.checkpoint import save_checkpoint
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.search.embedding import Embedding
from hypviz.workspace.store import Workspace

SETTINGS = EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32, curv_init=0.6)


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Items:
    folder = tmp_path_factory.mktemp("scenes")
    return import_items(read_coco(write_dataset(folder, range(3), size=(160, 120), workers=0), folder / "images"))[0]


@pytest.fixture(scope="module")
def encoder() -> HyperbolicEncoder:
    return build_encoder(SETTINGS, seed=2).eval()


@pytest.fixture
def workspace(items: Items, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws", items, build_hierarchy(items, HierarchySettings()), name="three")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The checkpoints loaded during the test."""
    seen: list[Path] = []
    real: Callable[..., object] = checkpoints.load_checkpoint

    def load(path: Path) -> object:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(checkpoints, "load_checkpoint", load)
    return seen


def one_by_one(items: Items, encoder: HyperbolicEncoder) -> tuple[np.ndarray, np.ndarray]:
    """Directions and radii of all items, each picture and crop on its own."""
    rows = []
    for row in range(len(items)):
        crop = crop_square(open_upright(items.path(row)), items.xyxy[row], encoder.image_size)
        with torch.no_grad():
            direction, radius = encoder(encoder.normalise(np.stack([crop])))
        rows.append((direction[0].numpy(), radius[0].item()))
    return np.stack([d for d, _ in rows]), np.array([r for _, r in rows])


@pytest.mark.parametrize(("batch", "workers"), [(256, 2), (7, 0)])
def test_every_row_is_the_embedding_of_its_own_item(items: Items, encoder: HyperbolicEncoder, batch: int, workers: int) -> None:
    directions, radii = one_by_one(items, encoder)
    heard: list[tuple[int, int]] = []
    found = embed_items(items, encoder, batch=batch, workers=workers, on_progress=lambda *done: heard.append(done))
    np.testing.assert_allclose(found.directions, directions, atol=1e-5)
    np.testing.assert_allclose(found.radii, radii, rtol=1e-5)
    assert len(np.unique(found.directions.round(4), axis=0)) > 0.9 * len(items)  # or any order would pass
    assert (found.curv, found.geometry) == (pytest.approx(0.6), "hyperbolic")
    assert heard == [(min(done, len(items)), len(items)) for done in range(batch, len(items) + batch, batch)]


def test_a_pictures_boxes_are_embedded_as_its_items_are(items: Items, encoder: HyperbolicEncoder) -> None:
    rows = items.of_image(1)
    picture: Image.Image = open_upright(items.path(int(rows[0])))
    found = embed_picture(encoder, picture, items.xyxy[rows].tolist())
    whole = embed_items(items, encoder).take(rows)
    np.testing.assert_allclose(found.directions, whole.directions, atol=1e-5)
    np.testing.assert_allclose(found.radii, whole.radii, rtol=1e-5)


def test_running_out_of_memory_changes_nothing_but_the_batch(
    items: Items, encoder: HyperbolicEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)
    wanted = encode(encoder, crops)
    real, asked = encoder.backbone.forward, []

    def short_of_memory(images: torch.Tensor) -> torch.Tensor:
        asked.append(len(images))
        if len(images) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(images)

    monkeypatch.setattr(encoder.backbone, "forward", short_of_memory)
    found = encode(encoder, crops)
    assert asked == [11, 5, 2, 2, 2, 2, 2, 1]
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-5)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5)


# --- workspaces


def test_the_stored_embedding_is_used_the_second_time(
    workspace: Workspace, encoder: HyperbolicEncoder, tmp_path: Path, loads: list[Path]
) -> None:
    path = save_checkpoint(tmp_path / "model", encoder, Card("model", SETTINGS))
    first = embed_workspace(workspace, path, device="cpu")
    second = embed_workspace(workspace, tmp_path / "model", device="cpu")
    assert loads == [path]
    assert np.array_equal(first.directions, second.directions)
    assert np.array_equal(first.radii, second.radii)
    assert (first.curv, first.geometry) == (second.curv, second.geometry)
    directions, radii = one_by_one(workspace.items, encoder)
    np.testing.assert_allclose(second.directions, directions, atol=1e-5)
    np.testing.assert_allclose(second.radii, radii, rtol=1e-5)


def test_other_weights_under_the_same_name_are_embedded_anew(
    workspace: Workspace, encoder: HyperbolicEncoder, tmp_path: Path, loads: list[Path]
) -> None:
    path = save_checkpoint(tmp_path / "model", encoder, Card("model", SETTINGS))
    first = embed_workspace(workspace, path, device="cpu")
    save_checkpoint(path, build_encoder(SETTINGS, seed=9).eval(), Card("model", SETTINGS))
    second = embed_workspace(workspace, path, device="cpu")
    assert len(loads) == 2
    assert not np.allclose(first.directions, second.directions)
    save_checkpoint(path, encoder, Card("model", SETTINGS))  # the first weights again
    assert np.array_equal(embed_workspace(workspace, path, device="cpu").directions, first.directions)
    assert len(loads) == 2


def test_force_embeds_again(workspace: Workspace, encoder: HyperbolicEncoder, tmp_path: Path, loads: list[Path]) -> None:
    path = save_checkpoint(tmp_path / "model", encoder, Card("model", SETTINGS))
    for _ in range(2):
        embed_workspace(workspace, path, device="cpu", force=True)
    assert len(loads) == 2


def test_an_untrained_encoder_takes_its_norms_from_the_data(items: Items) -> None:
    plain = embed_items(items, build_encoder(SETTINGS).eval())
    adapted = embed_untrained(items, SETTINGS, device="cpu")
    spread = [np.linalg.norm(each.directions.mean(axis=0)) for each in (plain, adapted)]
    assert spread[1] < 0.9 * spread[0]  # without, all directions are nearly one
    np.testing.assert_array_equal(embed_untrained(items, SETTINGS, device="cpu").directions, adapted.directions)


def test_norms_that_have_seen_pictures_are_kept(items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(settings: EncoderSettings) -> HyperbolicEncoder:
        encoder = build_encoder(settings)
        for name, buffer in encoder.backbone.named_buffers():
            if name.endswith("running_mean"):
                buffer.add_(0.01)  # as published weights come
        return encoder

    monkeypatch.setattr("hypviz.model.encoder.build_encoder", build)
    np.testing.assert_allclose(
        embed_untrained(items, SETTINGS, device="cpu").directions, embed_items(items, build(SETTINGS).eval()).directions
    )


PICTURE = np.array([0, 0, 2, 2, 2])
"""Two pictures, rows 0 and 2, with one box and two."""


def test_whole_pictures_are_placed_below_all_boxes_and_keep_their_order() -> None:
    radii = np.array([1e-4, 0.9, 1e-3, 0.002, 3.0], np.float32)
    whole = np.arange(5) == PICTURE
    learned = Embedding(np.eye(5, dtype=np.float32), radii, 0.4)
    placed = in_pictures(learned, PICTURE, EncoderSettings(boxes_from=0.3))
    assert placed.radii[whole].max() < 0.3 <= placed.radii[~whole].min()
    for kind in (whole, ~whole):
        assert np.array_equal(np.argsort(placed.radii[kind]), np.argsort(radii[kind]))
    np.testing.assert_allclose(placed.radii[~whole], 0.3 + radii[~whole], rtol=1e-6)
    assert placed.radii[2] > 1.1 * placed.radii[0], "pictures that were nearly at the root can be told apart"
    np.testing.assert_array_equal(placed.directions, learned.directions)
    untouched = in_pictures(learned, PICTURE, EncoderSettings())
    np.testing.assert_array_equal(untouched.directions, learned.directions)
    np.testing.assert_array_equal(untouched.radii, learned.radii)


def test_radii_of_pictures_and_boxes_have_the_values_of_their_formulas() -> None:
    e = Embedding(np.eye(4, dtype=np.float32), np.array([0.0, 1.0, 3.0, 0.5], np.float32), 2.0)
    placed = in_pictures(e, np.array([0, 1, 2, 0]), EncoderSettings(boxes_from=1.5))
    tiniest = 1.5 / (1 + math.log1p(1 / float(np.finfo(np.float32).tiny)))
    assert placed.radii.tolist() == pytest.approx([tiniest, 1.5 / (1 + math.log(2)), 1.5 / (1 + math.log(4 / 3)), 2.0])
    assert (placed.curv, placed.geometry, placed.directions is e.directions, placed.radii.dtype) == (2.0, "hyperbolic", True, np.float32)
    flat = Embedding(e.directions, e.radii, geometry="cosine")
    assert in_pictures(flat, np.array([0, 1, 2, 0]), EncoderSettings(boxes_from=1.5)).radii is flat.radii


def test_boxes_are_seen_in_their_pictures_and_pictures_with_their_contents() -> None:
    """Against the formulas in float64, for rows in any order and pictures with and without boxes."""
    rng = np.random.default_rng(0)
    picture = np.array([3, 1, 3, 3, 1, 5, 3])
    u = rng.normal(size=(7, 6))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    learned = Embedding(u.astype(np.float32), np.ones(7, np.float32))
    placed = in_pictures(learned, picture, EncoderSettings(context=0.5, contents=2.0))
    expected = u.copy()
    for row in (1, 3):
        mean = u[(picture == row) & (np.arange(7) != row)].mean(axis=0)
        expected[row] += 2.0 * mean / np.linalg.norm(mean)
    for row in (0, 2, 4, 6):
        expected[row] += 0.5 * expected[picture[row]] / np.linalg.norm(expected[picture[row]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(placed.directions, expected, atol=1e-6)
    np.testing.assert_array_equal(placed.directions[5], learned.directions[5])  # a picture without boxes
    np.testing.assert_array_equal(learned.directions, u.astype(np.float32))  # what came in is not written to


def test_a_box_against_its_picture_stays_as_it_is() -> None:
    learned = Embedding(np.array([[1, 0], [-1, 0]], np.float32), np.ones(2, np.float32))
    placed = in_pictures(learned, np.array([0, 0]), EncoderSettings(context=1.0))
    np.testing.assert_array_equal(placed.directions, learned.directions)


def test_an_embedding_of_a_set_and_of_a_picture_are_placed_alike(items: Items) -> None:
    encoder = build_encoder(EncoderSettings("demo-small", head="polar", boxes_from=0.4, context=0.5, contents=1.0)).eval()
    embedding = embed_items(items, encoder)
    assert embedding.radii[items.is_scene].max() < 0.4 < embedding.radii[~items.is_scene].min()
    rows = items.of_image(0)
    picture, boxes = open_upright(items.path(int(rows[0]))), items.xyxy[rows].tolist()
    again = embed_picture(encoder, picture, boxes)
    np.testing.assert_allclose(again.radii, embedding.radii[rows], rtol=1e-3)
    np.testing.assert_allclose(again.directions, embedding.directions[rows], atol=1e-3)
    drawn = embed_picture(encoder, picture, boxes[-1:], whole=embedding.directions[rows[0]])
    np.testing.assert_allclose(drawn.directions[0], embedding.directions[rows[-1]], atol=1e-3)
    assert drawn.radii.shape == (1,)
    np.testing.assert_allclose(drawn.radii[0], embedding.radii[rows[-1]], rtol=1e-3)
    upload = embed_picture(encoder, picture, boxes[-1:])
    assert upload.directions.shape == drawn.directions.shape
    alone = embed_picture(build_encoder(EncoderSettings("demo-small", head="polar", boxes_from=0.4)).eval(), picture, boxes[-1:])
    whole = embed_picture(build_encoder(EncoderSettings("demo-small", head="polar", boxes_from=0.4)).eval(), picture, boxes[:1])
    assert upload.directions[0] @ whole.directions[0] > alone.directions[0] @ whole.directions[0], "it is seen in its picture"


def test_where_boxes_lie_is_part_of_what_an_embedding_is_keyed_by(tmp_path: Path) -> None:
    settings = EncoderSettings("demo-small", head="polar")
    path = save_checkpoint(tmp_path / "one", build_encoder(settings), Card("one", settings))
    before = checkpoint_hash(path)
    write_card(path, Card("one", replace(settings, boxes_from=0.3)))
    os.utime(path.with_suffix(".json"), ns=(1, 1))
    assert checkpoint_hash(path) != before and len(checkpoint_hash(path)) == len(before)
    write_card(path, Card("one", replace(settings, boxes_from=0.3, context=0.5)))
    os.utime(path.with_suffix(".json"), ns=(2, 2))
    in_context = checkpoint_hash(path)
    write_card(path, Card("one", replace(settings, boxes_from=0.3, contents=0.5)))
    os.utime(path.with_suffix(".json"), ns=(3, 3))
    assert len({before, in_context, checkpoint_hash(path)}) == 3
