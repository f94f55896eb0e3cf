"""Near-duplicates, held to a slow way."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.errors import SelectionError
from hypviz.search import orders
from hypviz.search.embedding import Embedding
from hypviz.search.orders import near_duplicates


def random_embedding(count: int, seed: int = 0) -> Embedding:
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, 6))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions.astype(np.float32), rng.uniform(0.5, 2, count).astype(np.float32), 0.7)


@pytest.mark.parametrize("cells", [1, 1 << 22])
def test_closest_pairs_come_first_side_by_side(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "CELLS", cells)
    space = random_embedding(40)
    directions, radii = np.array(space.directions), np.array(space.radii)
    directions[31], radii[31] = directions[4], radii[4] + 1e-3
    space = Embedding(directions, radii, space.curv)
    order, closest = near_duplicates(space, np.arange(40))
    assert sorted(order.tolist()) == list(range(40)) and set(order[:2].tolist()) == {4, 31}
    scaled = np.sqrt(space.curv) * radii.astype(float)
    inner = np.cosh(scaled)[:, None] * np.cosh(scaled) - np.sinh(scaled)[:, None] * np.sinh(scaled) * (directions @ directions.T)
    distance = np.arccosh(np.maximum(inner, 1)) / np.sqrt(space.curv) + np.diag(np.full(40, np.inf))
    assert closest == pytest.approx(distance.min(axis=1), abs=2e-3)


def test_too_many_to_pair_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_PAIRED", 10)
    with pytest.raises(SelectionError, match="at most 10 items, got 40"):
        near_duplicates(random_embedding(40), np.arange(40))


def test_one_item_has_no_partner() -> None:
    order, closest = near_duplicates(random_embedding(3), np.array([2]))
    assert order.tolist() == [0] and np.isinf(closest).all()
