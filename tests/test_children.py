"""What is listed around a place, held to the annotations and to slow ways of the same."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hypviz.errors import SelectionError, SettingsError
from hypviz.explore.belonging import verdict
from hypviz.explore.children import listed_rows
from hypviz.explore.view import View
from tests.test_view import omega_with, textbook_angles

WIDE = 1.4


def scene_of(view: View, image: int = 2) -> int:
    return int(view.items.offsets[image])


def cards_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [card for band in answer["elsewhere"]["bands"] for card in band["classes"]]


def textbook_order(view: View, row: int) -> np.ndarray:
    """(N,) what orders the kinds elsewhere, in float64: the angle, and five times what the nearest contents leave of a cosine of 1."""
    edges, direction = view.hierarchy.edges, np.asarray(view.embedding.directions, np.float64)
    inside = edges.child[edges.parent == row]
    unlike = 1 - (direction @ direction[inside].T).max(axis=1) if len(inside) else 0.0
    return np.asarray(textbook_angles(view, row) + 5 * unlike)


@pytest.mark.parametrize("row", [0, 5, 60, 99])
def test_elsewhere_holds_the_cone_outside_the_own_picture_one_card_a_class_and_band(tiny_view: View, row: int) -> None:
    items, angle, order = tiny_view.items, textbook_angles(tiny_view, row), textbook_order(tiny_view, row)
    omega = omega_with(angle, 20, 60)
    answer = tiny_view.select({"row": row}, omega)
    inside = np.flatnonzero((angle <= omega) & (items.image != items.image[row]) & ~items.is_scene)
    band = tiny_view.lists.bands.of(tiny_view.embedding.radii[inside])
    expected = Counter(zip(band.tolist(), items.label[inside].tolist(), strict=True))
    found = {(one["band"], card["class"]): card["count"] for one in answer["elsewhere"]["bands"] for card in one["classes"]}
    assert found == expected and len(found) > 2
    assert answer["elsewhere"]["total"] == len(inside)
    for one in answer["elsewhere"]["bands"]:
        assert one["total"] == sum(card["count"] for card in one["classes"])
        scores = [card["score"] for card in one["classes"]]
        assert scores == sorted(scores), "within a band the best comes first"
        for card in one["classes"]:
            rivals = inside[(band == one["band"]) & (items.label[inside] == card["class"])]
            assert card["row"] == rivals[np.argmin(order[rivals])] and card["score"] == pytest.approx(order[card["row"]], abs=1e-3)
            assert (one["low"] is None or card["radius"] >= one["low"]) and (one["high"] is None or card["radius"] < one["high"])


def test_a_drawn_place_and_an_item_with_nothing_in_it_are_answered_by_the_ranking_alone(tiny_view: View) -> None:
    alone = [row for row in range(len(tiny_view.items)) if not len(tiny_view.hierarchy.descendants_of(row))]
    row = min(alone, key=lambda row: float(tiny_view.embedding.radii[row]))
    for asked in (row, scene_of(tiny_view)):
        query = tiny_view.index.query(asked)
        place = replace(query, row=None)
        rows, scores = tiny_view.lists.candidates(place, "entailment", math.pi, None)
        assert len(rows) > 20 and scores == pytest.approx(tiny_view.index.values_of(place, rows), abs=1e-6)
    assert np.array_equal(textbook_order(tiny_view, row), textbook_angles(tiny_view, row), equal_nan=True)


def test_a_band_is_called_by_a_level_only_where_what_it_lists_is_of_that_level(tiny_view: View) -> None:
    lists, met = tiny_view.lists, set()
    depth, radii = tiny_view.hierarchy.depth, tiny_view.embedding.radii
    for row in range(0, len(tiny_view.items), 3):
        rows, scores = lists.candidates(tiny_view.index.query(row), "entailment", omega_with(textbook_angles(tiny_view, row), 20, 60), None)
        for band in lists.elsewhere(rows, scores, by="entailment")["bands"]:
            here = rows[lists.bands.of(radii[rows]) == band["band"]]
            named = [lists.bands.first[band["band"]] <= depth[one] < [*lists.bands.first, 99][band["band"] + 1] for one in here]
            cards = [
                lists.bands.first[band["band"]] <= depth[one["row"]] < [*lists.bands.first, 99][band["band"] + 1] for one in band["classes"]
            ]
            assert band["of_level"] == pytest.approx(np.mean(named)) and band["level"] == lists.bands.names[band["band"]]
            if all(named):
                expected = band["level"]
            elif min(np.mean(named), np.mean(cards)) >= 2 / 3:
                expected = f"mostly {band['level']}"
            else:
                expected = lists.bands.within(band["band"])
            assert band["name"] == expected and band["levels"] == (not expected.startswith("radius"))
            met.add(expected.split()[0])
    assert {"mostly"} < met, met


def test_a_card_opens_to_all_its_items_best_first_and_in_stretches(tiny_view: View) -> None:
    row = 60
    wide = omega_with(textbook_angles(tiny_view, row), 60, 100)
    answer = tiny_view.select({"row": row}, wide)
    band, card = max(((one, card) for one in answer["elsewhere"]["bands"] for card in one["classes"]), key=lambda pair: pair[1]["count"])
    assert card["count"] > 3
    asked = {"by": "entailment", "band": band["band"], "label": card["class"]}
    whole = tiny_view.of_class({"row": row}, wide, **asked)
    assert whole["total"] == card["count"] == len(whole["items"])
    assert whole["items"][0]["row"] == card["row"]
    order = textbook_order(tiny_view, row)
    assert (np.diff([order[item["row"]] for item in whole["items"]]) > -1e-3).all()
    parts = [tiny_view.of_class({"row": row}, wide, **asked, offset=start, limit=2)["items"] for start in range(0, card["count"], 2)]
    assert [item for part in parts for item in part] == whole["items"]
    with pytest.raises(SelectionError, match="starts at 0 or later"):
        tiny_view.of_class({"row": row}, wide, **asked, offset=-1)


def test_nearest_and_cosine_list_forty_others_by_distance_and_by_direction(tiny_view: View) -> None:
    row, space = 60, tiny_view.embedding
    other = np.flatnonzero(tiny_view.items.image != tiny_view.items.image[row])
    direction = np.asarray(space.directions, np.float64)
    cosine = direction @ direction[row] / np.linalg.norm(direction, axis=1) / np.linalg.norm(direction[row])
    scaled = math.sqrt(space.curv) * np.asarray(space.radii, np.float64)
    distance = np.arccosh(np.cosh(scaled) * math.cosh(scaled[row]) - np.sinh(scaled) * math.sinh(scaled[row]) * cosine)
    for by, value in (("nearest", distance), ("cosine", -cosine)):
        answer = tiny_view.select({"row": row}, WIDE, by=by)
        assert answer["elsewhere"]["by"] == by and answer["elsewhere"]["total"] == 40
        rows = [
            item["row"]
            for one in answer["elsewhere"]["bands"]
            for card in one["classes"]
            for item in tiny_view.of_class({"row": row}, WIDE, by=by, band=one["band"], label=card["class"])["items"]
        ]
        assert set(rows) == set(other[np.argsort(value[other], kind="stable")[:40]].tolist()), by
        anywhere = np.delete(np.argsort(value, kind="stable"), np.flatnonzero(np.argsort(value, kind="stable") == row))
        assert [card["row"] for card in answer["children"]] == anywhere[:40].tolist(), "and the 40 best wherever they are"
    assert answer["members"] == tiny_view.select({"row": row}, WIDE)["members"], "the cone is the cone, whatever is listed"
    with pytest.raises(SettingsError, match="by must be"):
        tiny_view.select({"row": row}, WIDE, by="luck")


def test_the_own_picture_is_nested_objects_with_their_parts(tiny_view: View) -> None:
    row = scene_of(tiny_view)
    answer = tiny_view.select({"row": row}, WIDE)
    here, boxes = answer["here"], tiny_view.items.of_image(int(tiny_view.items.image[row]))[1:]
    assert answer["here_total"] == len(boxes) > len(here), "all in the picture, however deep"
    children = tiny_view.hierarchy.children_of(row)
    assert {card["row"] for card in here} == set(children.tolist()) and len(here) > 2
    for card in here:
        inside = [part for group in card["inside"] for part in group["rows"]]
        assert sorted(inside) == sorted(tiny_view.hierarchy.children_of(card["row"]).tolist())
        for group in card["inside"]:
            assert group["count"] == len(group["rows"]) and group["row"] == group["rows"][0]
            assert {tiny_view.items.name(part) for part in group["rows"]} == {group["label"]}
    x1, y1, x2, y2 = tiny_view.items.xyxy[[card["row"] for card in here]].T
    assert (np.diff((x2 - x1) * (y2 - y1)) <= 0).all(), "the largest first"
    assert any(card["inside"] for card in here)


def test_every_row_that_is_listed_is_named_once_for_the_disk(tiny_view: View) -> None:
    answer = tiny_view.select({"row": scene_of(tiny_view)}, math.pi)
    assert cards_of(answer) and answer["listed"] == listed_rows(answer["here"], answer["elsewhere"])
    assert len(set(answer["listed"])) == len(answer["listed"])
    assert {card["row"] for card in answer["here"] + cards_of(answer)} <= set(answer["listed"])


def test_the_way_to_the_root_ends_at_the_last_item_whose_cone_holds_the_place(tiny_view: View) -> None:
    cut = 0
    for row in range(0, len(tiny_view.items), 3):
        query = tiny_view.index.query(row)
        whole = tiny_view.index.path_to_root(query).tolist()
        angle = np.array([textbook_angles(tiny_view, other)[row] for other in whole[1:]])
        if len(angle) and np.abs(angle - WIDE).min() < 1e-3:
            continue
        holds = [False, *(angle <= WIDE).tolist()]
        last = max((place for place, held in enumerate(holds) if held), default=0)
        path = tiny_view.select({"row": row}, WIDE)["path"]
        assert [(card["row"], card["holds"]) for card in path] == list(zip(whole[: last + 1], holds[: last + 1], strict=True))
        cut += len(whole) > last + 1
    assert cut > 3


def test_a_place_that_is_no_item_has_nothing_annotated_in_it(tiny_view: View) -> None:
    answer = tiny_view.select({"image": 2, "box": [10, 10, 80, 90]}, math.pi)
    assert answer["here"] == [] and answer["here_total"] == 0 and answer["row"] is None
    listed = [tiny_view.items.image[card["row"]] for card in cards_of(answer)]
    assert listed and 2 not in listed, "its own picture is not elsewhere"


def test_the_command_lists_the_same_bands_as_the_page(tiny_view: View) -> None:
    row = 60
    wide = omega_with(textbook_angles(tiny_view, row), 60, 100)
    page = tiny_view.select({"row": row}, wide)["elsewhere"]["bands"]
    item = str(tiny_view.items.item_id[row])
    assert page and tiny_view.search(item_id=item, kinds=["bands"], omega=wide, limit=40)["bands"] == page


def test_a_whole_picture_has_no_parents_and_no_way_to_the_root(tiny_view: View) -> None:
    answer = tiny_view.select({"row": scene_of(tiny_view)}, 3.14)
    assert answer["parents"] == [] and answer["parents_total"] == 0
    assert [card["row"] for card in answer["path"]] == [answer["row"]]
    boxes = np.flatnonzero(~tiny_view.items.is_scene)
    assert any(tiny_view.select({"row": int(row)}, 3.14)["parents_total"] for row in boxes[:10]), "else this says nothing"


@pytest.mark.parametrize("row", [0, 5, 60, 99])
def test_how_much_of_what_is_listed_belongs_there_is_counted_beside_chance(tiny_view: View, row: int) -> None:
    items, edges = tiny_view.items, tiny_view.hierarchy.edges
    if items.is_scene[row]:
        below = {int(label) for label in items.label[items.of_image(int(items.image[row]))[1:]]}
    else:
        own = items.label[row]
        below = {int(items.label[c]) for p, c in zip(edges.parent, edges.child, strict=True) if items.label[p] == own and p != c}
    for by in ("entailment", "nearest", "cosine"):
        omega = omega_with(textbook_angles(tiny_view, row), 20, 60)
        belong = tiny_view.select({"row": row}, omega, by=by)["elsewhere"]["belong"]
        listed, _ = tiny_view.lists.candidates(tiny_view.index.query(row), by, omega, int(items.image[row]))
        others = [int(label) for label in items.label[(items.image != items.image[row]) & ~items.is_scene]]
        boxes = [int(items.label[one]) for one in listed if not items.is_scene[one]]
        if not boxes:
            assert belong is None
            continue
        assert (belong["verdict"] == "empty") == (not below), "that nothing belongs there is said"
        assert belong["share"] == pytest.approx(np.mean([label in below for label in boxes])) and belong["of"] == len(boxes)
        assert belong["chance"] == pytest.approx(np.mean([label in below for label in others]))


@pytest.mark.parametrize("row", [0, 5, 60, 99])
def test_how_many_of_the_parents_show_or_hold_the_class_is_counted_beside_chance(tiny_view: View, row: int) -> None:
    items, edges = tiny_view.items, tiny_view.hierarchy.edges
    answer = tiny_view.select({"row": row}, 1.2)
    if items.is_scene[row]:
        assert answer["parents_belong"] is None
        return
    label = int(items.label[row])
    around = {
        int(items.label[p]) for p, c in zip(edges.parent, edges.child, strict=True) if items.label[c] == label and not items.is_scene[p]
    }

    def over(one: int) -> bool:
        if items.is_scene[one]:
            return label in items.label[items.of_image(int(items.image[one]))[1:]].tolist()
        return int(items.label[one]) in around

    listed = [card["row"] for card in answer["parents"] if items.image[card["row"]] != items.image[row]]
    if not listed:
        assert answer["parents_belong"] is None
        return
    others = {
        scene: np.mean([over(one) for one in np.flatnonzero((items.image != items.image[row]) & (items.is_scene == scene)).tolist()])
        for scene in (True, False)
    }
    assert answer["parents_belong"]["share"] == pytest.approx(np.mean([over(one) for one in listed]))
    by_kind = np.mean([others[bool(items.is_scene[one])] for one in listed])
    assert answer["parents_belong"]["chance"] == pytest.approx(by_kind), "pictures are held against pictures, boxes against boxes"


@pytest.mark.parametrize(("found", "drawn", "expected"), [
    (30, [(100, 0.3)], "none"),
    (29, [(100, 0.3)], "none"),
    (2130, [(10_000, 0.21)], "none"),  # both are 21 %
    (160, [(1000, 0.13)], "hardly"),
    (50, [(1000, 0.01)], "better"),  # five times as often
    (3, [(39, 0.04)], "few"),
    (2, [(3, 0.3)], "few"),  # chance does as well in 22 of 100 trials
    (3, [(3, 0.3)], "better"),  # in 3 of 100
    (25, [(30, 0.7), (5, 0.2)], "few"),
    (29, [(30, 0.7), (5, 0.2)], "better"),
    (4, [(4, 1.0)], "none"),
])  # fmt: skip
def test_what_belongs_is_held_against_chance_and_against_too_few_to_tell(found: int, drawn: list[tuple[int, float]], expected: str) -> None:
    rng = np.random.default_rng(0)
    lucky = np.mean(sum(rng.binomial(count, rate, 20_000) for count, rate in drawn) >= found)
    assert expected in ("none", "hardly") or (lucky < 0.05) == (expected == "better"), "else the table is wrong"
    assert verdict(found, drawn) == expected


def test_the_share_of_a_cone_is_of_what_it_may_list(tiny_view: View) -> None:
    items = tiny_view.items
    boxes = int((~items.is_scene).sum())
    own = int((items.image == 2).sum()) - 1
    assert tiny_view.select({"row": scene_of(tiny_view)})["elsewhere"]["among"] == boxes - own
    assert tiny_view.select({"image": 2, "box": [10, 10, 80, 90]})["elsewhere"]["among"] == boxes - own
    assert tiny_view.select({"row": scene_of(tiny_view)}, math.pi)["elsewhere"]["total"] <= boxes - own
