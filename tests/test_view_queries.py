"""Cones, what they share, regions and lists: held to the textbook angle and to the points as they are sent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hypviz.errors import SelectionError, SettingsError
from hypviz.explore.bitsets import unpack_mask
from hypviz.explore.view import View
from hypviz.explore.view_queries import MAX_CONES, ViewQueries
from hypviz.geometry.entailment import textbook_exterior_angle
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.viz.disk import unpack

NOISE = 2e-3


@pytest.fixture(scope="module")
def queries(tiny_view: View) -> ViewQueries:
    return tiny_view.queries


def angles(view: View, row: int) -> np.ndarray:
    """ext(row, ·) by the published formula in float64, NaN for the row itself."""
    e = view.embedding
    root = math.sqrt(e.curv)
    direction = np.asarray(e.directions, np.float64)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    space = np.sinh(root * e.radii.astype(np.float64))[:, None] / root * direction
    with np.errstate(invalid="ignore"):
        found = np.array(textbook_exterior_angle(space[row], space, curv=e.curv))
    found[row] = np.nan
    return found


def members(answer: dict[str, Any]) -> set[int]:
    return set(np.flatnonzero(unpack_mask(answer["members"], 141)).tolist())


def between(found: set[int], angle: np.ndarray, limit: float) -> bool:
    return set(np.flatnonzero(angle <= limit - NOISE)) <= found <= set(np.flatnonzero(angle <= limit + NOISE))


@pytest.mark.parametrize("row", [0, 30, 77])
def test_a_cone_of_either_kind_holds_what_the_textbook_says(tiny_view: View, queries: ViewQueries, row: int) -> None:
    angle = angles(tiny_view, row)
    wide = queries.cone({"row": row}, 2.0)
    assert wide["omega"] == 2.0 and between(members(wide), angle, 2.0) and wide["members_total"] == len(members(wide))
    own = queries.cone({"row": row}, 2.0, "aperture")
    r = math.sqrt(tiny_view.embedding.curv) * float(tiny_view.embedding.radii[row])
    assert own["omega"] == pytest.approx(math.asin(min(1, 0.2 / math.sinh(r))), rel=1e-6)
    assert between(members(own), angle, own["omega"])
    assert own["row"] == row and own["radius"] == pytest.approx(float(tiny_view.embedding.radii[row]))
    assert own["angles"]["hierarchy"] == pytest.approx(float(tiny_view.angles[row]))


def test_an_aperture_needs_hyperbolic_geometry(tiny_view: View) -> None:
    from hypviz.explore.cone_sets import half_angle

    flat = Index(Embedding(tiny_view.embedding.directions, tiny_view.embedding.radii, geometry="euclidean"))
    with pytest.raises(SettingsError, match="hyperbolic geometry only; this checkpoint is euclidean"):
        half_angle(flat, flat.query(0), kind="aperture", omega=1.0)
    with pytest.raises(SettingsError, match="kind must be one of angle, aperture"):
        half_angle(flat, flat.query(0), kind="wide", omega=1.0)


def test_what_cones_have_in_common_is_inside_all_and_ranked_by_the_summed_angle(tiny_view: View, queries: ViewQueries) -> None:
    apexes = np.argsort(tiny_view.embedding.radii)[:3].tolist()  # the most general items: their cones are wide
    each = np.stack([angles(tiny_view, row) for row in apexes])
    answer = queries.common([{"row": row} for row in apexes], 2.6)
    inside = members(answer)
    sure = set(np.flatnonzero((each <= 2.6 - NOISE).all(axis=0)))
    maybe = set(np.flatnonzero((each <= 2.6 + NOISE).all(axis=0)))
    assert sure <= inside <= maybe and answer["total"] == len(inside) > 3
    total = each.sum(axis=0)
    shown = [card["row"] for card in answer["items"]]
    assert [card["angle"] for card in answer["items"]] == pytest.approx(total[shown].tolist(), abs=3 * NOISE)
    best = sorted(inside, key=lambda row: total[row])[: len(shown)]
    assert total[shown].tolist() == pytest.approx(total[best].tolist(), abs=3 * NOISE)
    assert len(shown) == min(40, len(inside)) and not inside & set(apexes)
    alone = queries.common([{"row": apexes[0]}], 2.6)
    assert members(alone) == members(queries.cone({"row": apexes[0]}, 2.6))


def test_too_many_or_no_cones_are_refused(queries: ViewQueries) -> None:
    for apexes in ([], [{"row": 0}] * (MAX_CONES + 1)):
        with pytest.raises(SelectionError, match=f"Choose 1 to {MAX_CONES} items"):
            queries.common(apexes, 1.0)


@pytest.mark.parametrize("method", ["hierarchy", "pca"])
def test_a_region_holds_the_points_that_are_drawn_in_it(tiny_view: View, queries: ViewQueries, method: str) -> None:
    arrays = unpack(tiny_view.points(method))[1]
    home = arrays["drawn"].astype(np.float64) * np.exp(1j * arrays["angle"].astype(np.float64))
    centre = 0.3 + 0.2j
    view = (home - centre) / (1 - centre.conjugate() * home)
    box = [[-0.4, -0.5], [0.5, -0.5], [0.5, 0.3], [-0.4, 0.3]]
    answer = queries.region({"layout": method, "view": {"centre": [0.3, 0.2]}, "polygon": box})
    inside = (view.real > -0.4) & (view.real < 0.5) & (view.imag > -0.5) & (view.imag < 0.3)
    assert members(answer) == set(np.flatnonzero(inside)) and answer["total"] == inside.sum() > 3
    far = queries.region({"layout": method, "window": {"angle": [0, 7], "radius": [0, float(np.median(arrays["radius"]))]}})
    assert members(far) == set(np.flatnonzero(arrays["radius"] <= np.median(arrays["radius"])))


@pytest.mark.parametrize("order", ["row", "radius", "label", "image", "distortion"])
def test_a_list_comes_in_stretches_of_one_order(tiny_view: View, queries: ViewQueries, order: str) -> None:
    wanted = {"depths": [1, 2]}
    parts = [queries.listing(wanted, offset=offset, limit=40, order=order) for offset in range(0, 141, 40)]
    items = [item for part in parts for item in part["items"]]
    assert {item["row"] for item in items} == set(np.flatnonzero(np.isin(tiny_view.hierarchy.depth, [1, 2])))
    assert all(part["total"] == len(items) for part in parts)
    distortion = tiny_view.disks.distortion()
    keys = {"row": "row", "radius": "radius", "label": "label", "image": "file"}
    values = [float(distortion[item["row"]]) if order == "distortion" else item[keys[order]] for item in items]
    assert values == sorted(values) and len(set(values)) > 1
    down = queries.listing(wanted, limit=200, order=order, down=True)["items"]
    turned = [float(distortion[item["row"]]) if order == "distortion" else item[keys[order]] for item in down]
    assert turned == sorted(values, reverse=True)


def test_a_listed_item_says_all_that_is_known_of_it(tiny_view: View, queries: ViewQueries) -> None:
    row = int(tiny_view.hierarchy.edges.child[-1])
    item = queries.listing({"rows": [row]})["items"][0]
    assert item["xyxy"] == tiny_view.items.xyxy[row].tolist() and item["image"] == int(tiny_view.items.image[row])
    assert item["parents"] == tiny_view.hierarchy.parents_of(row).tolist() and item["depth"] == int(tiny_view.hierarchy.depth[row])
    assert (item["split"], item["licence"], item["source"]) == ("not stated", "CC0-1.0", "annotation")
    assert item["flags"] == [
        n for bit, n in enumerate(("outside_cone", "inverted", "unlabelled")) if tiny_view.disks.columns.flags[row] >> bit & 1
    ]


def test_a_stretch_or_order_that_is_none_is_refused(queries: ViewQueries) -> None:
    for stretch in ({"offset": -1}, {"limit": 0}, {"limit": 501}):
        with pytest.raises(SelectionError, match="1 to 500 items"):
            queries.listing({}, **stretch)
    with pytest.raises(SettingsError, match="order must be one of"):
        queries.listing({}, order="size")
