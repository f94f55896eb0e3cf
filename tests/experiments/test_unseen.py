"""Judging the recipe for photographs on pictures left out: parts share no picture, and nothing of a part reaches the training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypviz.clipart import write_dataset
from hypviz.config import EncoderSettings, HierarchySettings
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import Hierarchy, build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.experiments import unseen
from hypviz.experiments.photos import PICTURES
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.model.fresh_head import with_polar_head


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Items, Hierarchy]:
    folder = tmp_path_factory.mktemp("scenes")
    annotations = write_dataset(folder, range(16), size=(160, 120), workers=0)
    items = import_items(read_coco(annotations, folder / "images"))[0]
    return items, build_hierarchy(items, HierarchySettings())


def test_parts_are_disjoint_and_all_of_the_series(world: tuple[Items, Hierarchy]) -> None:
    items, _ = world
    names = [name.rsplit("/", 1)[-1] for name in items.images.file_name.tolist()]
    with pytest.raises(DataError, match="others to learn from"):
        unseen.series_parts(items, "", 2)
    with pytest.raises(DataError, match="0 of 16"):
        unseen.series_parts(items, "no such beginning", 2)
    series = np.array([name in names[:10] for name in names])
    changed = np.array([f"a/left_{k}.jpg" if one else f"a/kept_{k}.jpg" for k, one in enumerate(series)])
    renamed = replace(items, images=replace(items.images, file_name=changed))
    parts = unseen.series_parts(renamed, "left_", 3)
    assert np.array_equal(np.sum(parts, axis=0), series.astype(int))
    assert sorted(int(part.sum()) for part in parts) == [3, 3, 4]


def test_what_is_left_out_is_on_neither_side_of_the_split(world: tuple[Items, Hierarchy]) -> None:
    items, _ = world
    left_out = np.arange(len(items.images)) % 4 == 0
    split = unseen.split_without(items, left_out)
    assert not (split.train & left_out).any() and not (split.validation & left_out).any()
    assert not (split.train & split.validation).any() and split.train.any() and split.validation.any()


def test_pictures_left_out_change_nothing_of_the_training(world: tuple[Items, Hierarchy], monkeypatch: pytest.MonkeyPatch) -> None:
    items, hierarchy = world
    left_out = np.arange(len(items.images)) % 4 == 0
    features = np.random.default_rng(1).random((1, len(items), 24)).astype(np.float32)
    monkeypatch.setattr(unseen, "BACKBONE_FEATURES", 24)
    settings = {"tune.views": 0, "tune.epochs": 2, "train.batch_pairs": 16, "pairs.by_series": False}
    encoder = with_polar_head(EncoderSettings("timm:test_vit", embed_dim=8))
    monkeypatch.setattr("hypviz.model.encoder.build_backbone", _bare(24))
    heads = []
    for change in (0.0, 5.0):
        changed = features.copy()
        changed[:, left_out[items.image]] += change
        photographs = unseen.Photographs(items, hierarchy, changed, encoder)
        trained, _, look = unseen.trained_without(photographs, left_out, 0, settings)
        heads.append(trained.head.weight.detach().numpy())
    assert np.array_equal(heads[0], heads[1])
    rows = unseen.judge_without(photographs, left_out, 0, settings)
    assert set(rows) == {unseen.OURS, unseen.COSINE, unseen.CHANCE, unseen.UNTOUCHED, unseen.IN_CONTEXT}
    assert rows[unseen.UNTOUCHED] != rows[unseen.IN_CONTEXT]
    placed = in_pictures(look.embedding(trained, np.arange(len(items))), picture_rows(items), replace(encoder, **PICTURES))
    assert placed.radii[items.is_scene].max() < PICTURES["boxes_from"]
    page = unseen.table([rows, rows])
    assert "as listed less: untouched" in page and len({line.count("|") for line in page.splitlines()}) == 1


def _bare(features: int):  # type: ignore[no-untyped-def]
    from torch import nn

    from hypviz.model.backbone import Backbone

    return lambda *_, **__: Backbone(nn.Identity(), features, 32, (0.5,) * 3, (0.5,) * 3)
