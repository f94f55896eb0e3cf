"""Checks of an embedding: the tree that knows itself, worlds broken on purpose, and the textbook angle."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.health import HealthSettings, health_report, vectors
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from tests.evaluation.worlds import hierarchy_of, random_world, slow_angle, tree_world


def test_vectors_that_know_the_tree_are_healthy() -> None:
    items, embedding = tree_world()
    health = health_report(items, hierarchy_of(items), embedding, omega=1.5)
    assert health.find("entailment").count == health.find("inversion").count == health.find("near_root").count == 0
    assert health.notes == () and health.omega == 1.5


@pytest.mark.parametrize("block", [3, vectors.PAIRS])
def test_violations_are_those_of_the_textbook_angle(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(vectors, "PAIRS", block)
    items, embedding = random_world()
    hierarchy = hierarchy_of(items)
    found = health_report(items, hierarchy, embedding, omega=1.2).find("entailment")
    pairs = [(p, c) for p in range(len(items)) for c in hierarchy.children_of(p).tolist()]
    angles = {pair: slow_angle(embedding, *pair) for pair in pairs}
    wrong = sorted((pair for pair in pairs if angles[pair] > 1.2), key=lambda pair: -angles[pair])
    assert found.of == len(pairs) and 0 < len(wrong) < len(pairs)
    assert [tuple(pair) for pair in found.rows.tolist()] == wrong
    np.testing.assert_allclose(found.values, [angles[pair] for pair in wrong], atol=1e-4)


def test_a_violation_is_a_child_that_a_search_does_not_find() -> None:
    items, embedding = random_world(seed=2)
    hierarchy, index = hierarchy_of(items), Index(embedding)
    wrong = {tuple(pair) for pair in health_report(items, hierarchy, embedding, omega=1.0).find("entailment").rows.tolist()}
    for parent in range(len(items)):
        inside = set(index.cone_members(index.query(parent), 1.0).tolist())
        for child in hierarchy.children_of(parent).tolist():
            assert (child in inside) != ((parent, child) in wrong)


def test_inversions_are_parents_not_nearer_to_the_root() -> None:
    items, embedding = tree_world()
    hierarchy = hierarchy_of(items)
    radii = embedding.radii.copy()
    first = int(np.flatnonzero(~items.is_scene)[0])
    radii[first] = 1.0  # as far out as its parts, so neither is nearer
    found = health_report(items, hierarchy, replace(embedding, radii=radii), omega=1.5).find("inversion")
    assert found.rows.tolist() == [[first, child] for child in hierarchy.children_of(first)]
    assert found.values.tolist() == [0.0, 0.0]


def test_cones_saturate_near_the_root() -> None:
    items, embedding = tree_world()
    radii = embedding.radii.copy()
    radii[3], radii[7] = 0.004, 0.0
    hierarchy = hierarchy_of(items)
    for curv in (1.0, 4.0):
        health = health_report(items, hierarchy, replace(embedding, radii=radii, curv=curv), omega=1.5)
        assert health.find("near_root").rows.tolist() == [7, 3]
        flat = [row for row in range(len(items)) if math.sinh(math.sqrt(curv) * float(radii[row])) <= 0.2]
        assert sorted(health.find("saturated").rows.tolist()) == flat
        wide = health_report(items, hierarchy, embedding, omega=1.5, settings=HealthSettings(aperture_k=10)).find("saturated")
        assert wide.count == len(items)


@pytest.mark.parametrize(("geometry", "keys", "word"), [("cosine", set(), "Radii"), ("euclidean", {"inversion", "near_root"}, "Saturated")])
def test_other_geometries_leave_out_what_has_no_meaning_and_say_so(geometry: str, keys: set[str], word: str) -> None:
    items, embedding = random_world()
    health = health_report(items, hierarchy_of(items), replace(embedding, geometry=geometry), omega=1.0)
    assert {check.key for check in health.checks} & {"inversion", "near_root", "saturated"} == keys
    assert len(health.notes) == 1 and health.notes[0].startswith(word)
    assert health.find("entailment").count > 0


def test_the_report_is_valid_json() -> None:
    items, embedding = random_world()
    content = health_report(items, hierarchy_of(items), embedding, omega=1.2).to_json(limit=5)
    plain = json.loads(json.dumps(content, allow_nan=False))
    entry = next(entry for entry in plain["checks"] if entry["key"] == "entailment")
    assert entry["shown"] == 5 and entry["ids"][0] == items.item_id[entry["rows"][0]].tolist()


def test_what_does_not_fit_is_refused_in_one_sentence() -> None:
    items, embedding = random_world()
    hierarchy = hierarchy_of(items)
    with pytest.raises(DataError, match="embedding has 3 rows"):
        health_report(items, hierarchy, embedding.take(np.arange(3)), omega=1.0)
    with pytest.raises(SettingsError, match="omega must be an angle"):
        health_report(items, hierarchy, embedding, omega=4.0)
    with pytest.raises(SettingsError, match="give omega"):
        health_report(items, hierarchy, embedding)
    broken = embedding.directions.copy()
    broken[1] = np.nan
    with pytest.raises(DataError, match="An angle is NaN"):
        health_report(items, hierarchy, Embedding(broken, embedding.radii), omega=1.0)
