"""A view's answers: held to a slow brute force with the textbook angle, to the annotations, and to direct encoding."""

from __future__ import annotations

import base64
import json
import math
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hypviz.explore.view
from hypviz.config import HierarchySettings
from hypviz.data.crops import crop_square
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.pictures import open_upright
from hypviz.errors import CheckpointError, DataError, SelectionError, SettingsError
from hypviz.explore.view import View
from hypviz.inference.embed import encode
from hypviz.viz import layout
from hypviz.viz.disk import unpack
from hypviz.workspace.store import Workspace
from tests.conftest import random_picture
from tests.worlds import TinyWorld, picture_bytes

LIMIT = 40
NOISE = 1e-3
"""Radians: what float32 cosines of 16-d directions may be off."""


def textbook_angles(view: View, row: int) -> np.ndarray:
    """ext(row, y) for all y, by equation 6 of MERU in the Lorentz model, float64; NaN for the row itself."""
    curv = view.embedding.curv
    radii = np.asarray(view.embedding.radii, np.float64)[:, None]
    direction = np.asarray(view.embedding.directions, np.float64)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    space = np.sinh(math.sqrt(curv) * radii) / math.sqrt(curv) * direction
    time = np.sqrt(1 / curv + (space**2).sum(axis=1))
    inner = curv * (space @ space[row] - time * time[row])
    inner[row] = np.nan
    above = time + time[row] * inner
    below = np.linalg.norm(space[row]) * np.sqrt(inner**2 - 1)
    return np.arccos(np.clip(above / below, -1, 1))


def omega_with(angle: np.ndarray, low: int, high: int) -> float:
    """A threshold in the widest gap, so that rounding cannot decide, with low…high items inside."""
    order = np.sort(angle[~np.isnan(angle)])
    gaps = np.diff(order[low - 1 : high + 1])
    assert gaps.max() > 2 * NOISE
    place = low - 1 + int(gaps.argmax())
    return float((order[place] + order[place + 1]) / 2)


def decoded_members(answer: dict[str, Any], count: int) -> list[int]:
    """The bitset, decoded bit by bit as the page does."""
    data = base64.b64decode(answer["members"])
    assert len(data) == (count + 7) // 8
    return [row for row in range(8 * len(data)) if data[row >> 3] >> (row & 7) & 1]


def angles_of_parts(view: View, row: int) -> Any:
    """Textbook angles, infinite for whole pictures, which are listed as children of nothing."""
    return np.where(view.items.is_scene, np.inf, textbook_angles(view, row))


def rows(cards: list[dict[str, Any]]) -> list[int]:
    return [card["row"] for card in cards]


@pytest.mark.parametrize("row", [0, 5, 23, 60, 99, 140])
def test_children_are_what_a_brute_force_finds(tiny_view: View, row: int) -> None:
    angle = textbook_angles(tiny_view, row)
    omega = omega_with(angle, 8, 30)
    inside = np.flatnonzero(angle <= omega)
    answer = tiny_view.select({"row": row}, omega)
    parts = inside[~tiny_view.items.is_scene[inside]]  # a whole picture is in the cone, but a part of nothing
    assert answer["children_total"] == len(parts)
    assert sorted(rows(answer["children"])) == parts.tolist()
    assert decoded_members(answer, len(tiny_view.items)) == inside.tolist()
    for card in answer["children"]:
        assert card["angle"] == pytest.approx(angle[card["row"]], abs=NOISE)


def test_at_most_forty_children_are_shown_the_best_by_angle_from_general_to_specific(tiny_view: View) -> None:
    seen = 0
    for row in range(len(tiny_view.items)):
        angle = angles_of_parts(tiny_view, row)
        best = np.argsort(angle)[:LIMIT]
        if np.diff(np.sort(angle)[LIMIT - 1 : LIMIT + 1])[0] < 2 * NOISE:
            continue
        seen += 1
        answer = tiny_view.select({"row": row}, omega_with(angle, 60, 100))
        assert 60 <= answer["children_total"] <= 100
        assert set(rows(answer["children"])) == set(best.tolist())
        radii = [card["radius"] for card in answer["children"]]
        assert radii == sorted(radii) and len(set(radii)) > 1
        assert len(decoded_members(answer, len(tiny_view.items))) >= answer["children_total"]
    assert seen >= 20


@pytest.mark.parametrize("row", [0, 5, 60])
def test_one_of_each_class_is_the_closest_of_that_class_in_the_cone(tiny_view: View, row: int) -> None:
    angle = angles_of_parts(tiny_view, row)
    omega = omega_with(angle, 20, 39)
    inside = np.flatnonzero(angle <= omega)
    item = str(tiny_view.items.item_id[row])
    found = tiny_view.search(item_id=item, picture=None, kinds=["children"], omega=omega, limit=40, each=True)
    closest = {tiny_view.items.name(int(child)): float(angle[child]) for child in inside[np.argsort(-angle[inside])]}
    assert found["children_total"] == len(closest) == len(found["children"]) > 2
    assert {card["label"]: pytest.approx(card["angle"], abs=NOISE) for card in found["children"]} == closest
    radii = [card["radius"] for card in found["children"]]
    assert radii == sorted(radii)


def test_parents_are_the_items_seen_towards_the_root(tiny_view: View) -> None:
    found = 0
    for row in range(0, len(tiny_view.items), 7):
        if tiny_view.items.is_scene[row]:
            continue  # a whole picture has none
        backward = math.pi - textbook_angles(tiny_view, row)
        answer = tiny_view.select({"row": row}, 1.0)
        sure = np.flatnonzero(backward <= tiny_view.card.omega_parents - NOISE)
        maybe = np.flatnonzero(backward <= tiny_view.card.omega_parents + NOISE)
        assert len(sure) <= answer["parents_total"] <= len(maybe)
        if len(maybe) <= LIMIT:
            assert set(sure) <= set(rows(answer["parents"])) <= set(maybe)
            found += len(sure)
    assert found > 20


def test_an_item_is_in_none_of_its_own_lists_but_starts_its_path(tiny_view: View) -> None:
    for row in range(len(tiny_view.items)):
        answer = tiny_view.select({"row": row}, math.pi)
        assert row not in rows(answer["children"]) + rows(answer["parents"])
        assert decoded_members(answer, len(tiny_view.items)) == [r for r in range(len(tiny_view.items)) if r != row]
        path = rows(answer["path"])
        assert path[0] == row and len(set(path)) == len(path)
        assert answer["row"] == row and answer["id"] == tiny_view.items.item_id[row]


def annotated(world: TinyWorld) -> list[dict[str, Any]]:
    """What the cards must say, from the annotation file alone: the scenes and boxes in order."""
    coco = world.coco()
    names = {category["id"]: category["name"] for category in coco["categories"]}
    expected = []
    for image in coco["images"]:
        expected.append({"file": image["file_name"], "label": "scene", "box": [0, 0, image["width"], image["height"]]})
        for box in (b for b in coco["annotations"] if b["image_id"] == image["id"]):
            x, y, width, height = box["bbox"]
            expected.append({"file": image["file_name"], "label": names[box["category_id"]], "box": [x, y, x + width, y + height]})
    return expected


def test_cards_state_the_facts_of_their_items(tiny_view: View, tiny_world: TinyWorld) -> None:
    expected, header = annotated(tiny_world), unpack(tiny_view.points())[0]
    branch = unpack(tiny_view.points())[1]["branch"]
    lists = ("children", "parents", "path")
    answers = [tiny_view.select({"row": row}, math.pi) for row in range(0, 141, 10)]
    cards = {card["row"]: card for answer in answers for kind in lists for card in answer[kind]}
    assert len(cards) > 100
    for row, card in cards.items():
        assert (card["label"], card["file"]) == (expected[row]["label"], expected[row]["file"])
        assert card["id"] == tiny_view.items.item_id[row]
        assert card["radius"] == pytest.approx(float(tiny_view.embedding.radii[row]))
        assert (card["depth_name"] == "scene") == (expected[row]["label"] == "scene")
        assert card["colour"] == header["branches"][branch[row]]["colour"]  # as the point on the disk
    assert {card["depth_name"] for card in cards.values()} >= {"scene", "object", "part"}


def test_a_picture_comes_with_all_its_boxes(tiny_view: View, tiny_world: TinyWorld) -> None:
    expected = annotated(tiny_world)
    for row in (0, 30, 140):
        picture = tiny_view.select({"row": row}, 1.0)["picture"]
        same = [e for e in expected if e["file"] == expected[row]["file"]]
        assert picture["name"] == expected[row]["file"]
        assert (picture["width"], picture["height"]) == (192, 144)
        assert picture["chosen"] == pytest.approx(expected[row]["box"], abs=0.01)
        assert [box["label"] for box in picture["boxes"]] == [e["label"] for e in same[1:]]
        for box, want in zip(picture["boxes"], same[1:], strict=True):
            assert box["xyxy"] == pytest.approx(want["box"], abs=0.01)
            assert tiny_view.select(box["query"], 1.0)["row"] == box["row"]
        assert tiny_view.select(picture["whole"], 1.0)["picture"]["title"] == "scene"


def test_edges_are_the_direct_pairs_within_the_picture(tiny_view: View) -> None:
    edges, image = tiny_view.hierarchy.edges, tiny_view.items.image
    for row in (0, 40, 140):
        want = [
            [int(p), int(c)]
            for p, c, direct in zip(edges.parent, edges.child, edges.direct, strict=True)
            if direct and image[p] == image[row]
        ]
        got = tiny_view.select({"row": row}, 1.0)["edges"]
        assert sorted(got) == sorted(want) and len(want) > 3


def encoded(view: View, picture: Image.Image, box: tuple[float, ...]) -> tuple[np.ndarray, float]:
    crop = crop_square(picture, box, view.encoder.image_size)
    directions, radii = encode(view.encoder, np.stack([crop]))
    return directions[0], float(radii[0])


@pytest.mark.parametrize("box", [(10, 20, 90, 100), (0.5, 0.25, 191.5, 30.75), (100, 100, 102, 102)])
def test_a_drawn_box_lands_where_its_crop_is_encoded(tiny_view: View, box: tuple[float, ...]) -> None:
    place = tiny_view.placer.resolve({"image": 3, "box": list(box)})
    picture = open_upright(tiny_view.items.path(int(tiny_view.items.offsets[3])))
    direction, radius = encoded(tiny_view, picture, box)
    assert np.array_equal(place.query.direction, direction) and place.query.radius == radius
    answer = tiny_view.select({"image": 3, "box": list(box)}, 1.0)
    assert answer["row"] is None and answer["id"] is None and answer["edges"] == []
    assert answer["radius"] == pytest.approx(radius)
    assert answer["picture"]["chosen"] == list(box) and answer["picture"]["place"] == {"image": 3}
    assert answer["thumb"].startswith("data:image/jpeg;base64,")


def test_a_drawn_box_is_cut_to_the_picture(tiny_view: View) -> None:
    out = tiny_view.placer.resolve({"image": 0, "box": [-50, 100, 60, 1000]})
    inside = tiny_view.placer.resolve({"image": 0, "box": [0, 100, 60, 144]})
    assert out.picture["chosen"] == [0, 100, 60, 144]
    assert np.array_equal(out.query.direction, inside.query.direction)


def test_another_box_on_the_same_picture_is_another_place(tiny_view: View) -> None:
    one, two = (tiny_view.placer.resolve({"image": 0, "box": [0, 0, 60, side]}) for side in (60, 90))
    other = tiny_view.placer.resolve({"image": 1, "box": [0, 0, 60, 60]})
    assert abs(one.query.direction @ two.query.direction) < 0.999
    assert abs(one.query.direction @ other.query.direction) < 0.999


def test_an_upload_lands_where_it_is_encoded_whole_and_in_part(tiny_view: View) -> None:
    picture = random_picture((80, 60), seed=5)
    token = tiny_view.placer.uploads.add(picture_bytes(picture), "mine.png")
    direction, radius = encoded(tiny_view, picture, (0, 0, 80, 60))
    whole = tiny_view.placer.resolve({"upload": token})
    assert np.array_equal(whole.query.direction, direction) and whole.query.radius == radius
    part = tiny_view.placer.resolve({"upload": token, "box": [10, 10, 40, 50]})
    assert np.array_equal(part.query.direction, encoded(tiny_view, picture, (10, 10, 40, 50))[0])
    answer = tiny_view.select({"upload": token}, 1.0)
    assert answer["picture"]["chosen"] == [0, 0, 80, 60] and answer["picture"]["name"] == "mine.png"
    assert [box["xyxy"] for box in answer["picture"]["boxes"]] == [[10, 10, 40, 50]]  # kept, once
    assert tiny_view.select(answer["picture"]["boxes"][0]["query"], 1.0)["picture"]["title"] == "your box"
    assert len(tiny_view.select({"upload": token}, 1.0)["picture"]["boxes"]) == 1


def test_an_uploaded_crop_of_the_data_finds_the_item_it_is(tiny_world: TinyWorld, tmp_path: Path) -> None:
    coco = tiny_world.coco()
    for box in coco["annotations"]:  # whole pixels, so that a file can hold exactly the crop
        box["bbox"] = [math.floor(value) + (place > 1) for place, value in enumerate(box["bbox"])]
    (tmp_path / "whole.json").write_text(json.dumps(coco))
    items, _ = import_items(read_coco(tmp_path / "whole.json", tiny_world.folder / "images"))
    workspace = Workspace.create(tmp_path / "workspace", items, build_hierarchy(items, HierarchySettings()), name="whole pixels")
    view = View(workspace, tiny_world.checkpoint, device="cpu")
    for row in np.flatnonzero((items.xyxy[:, 2:] - items.xyxy[:, :2]).min(axis=1) >= 24)[::4]:
        open_upright(items.path(row)).crop(tuple(items.xyxy[row].tolist())).save(tmp_path / "crop.png")
        answer = view.search(item_id=None, picture=tmp_path / "crop.png", kinds=["nearest"], omega=None, limit=3)
        assert answer["nearest"][0]["id"] == items.item_id[row]


def test_an_upload_is_drawn_beside_its_likes(tiny_view: View) -> None:
    data = tiny_view.items.path(0).read_bytes()
    token = tiny_view.placer.uploads.add(data, "scene.jpg")
    answer = tiny_view.select({"upload": token}, 1.0)
    own = layout.place(tiny_view.angles, tiny_view.embedding, tiny_view.embedding.directions[0])
    assert answer["angle"] == pytest.approx(float(own), abs=1e-3)
    assert answer["radius"] == pytest.approx(float(tiny_view.embedding.radii[0]), rel=1e-4)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "a row, an image with a box, an upload, or a text"),
        ({"rows": 1}, "a row, an image with a box, an upload, or a text"),
        ({"row": 141}, "No item 141 in this data set; it has 141, counted from 0"),
        ({"row": -1}, "No item -1"),
        ({"row": True}, "No item True"),
        ({"row": "3"}, "No item '3'"),
        ({"row": 3.0}, r"No item 3\.0"),
        ({"row": None}, "No item None"),
        ({"image": 8, "box": [0, 0, 9, 9]}, "No picture 8 in this data set; it has 8"),
        ({"image": -1, "box": [0, 0, 9, 9]}, "No picture -1"),
        ({"image": 0}, "four numbers x1, y1, x2, y2; got None"),
        ({"image": 0, "box": [1, 2, 3]}, "four numbers"),
        ({"image": 0, "box": [0, 0, 50, "50"]}, "four numbers"),
        ({"image": 0, "box": "1289"}, "four numbers"),
        ({"image": 0, "box": {"1": 0, "2": 0, "30": 0, "40": 0}}, "four numbers"),
        ({"image": 0, "box": [False, False, 50, 50]}, "four numbers"),
        ({"image": 0, "box": [0, 0, 10**400, 50]}, "four finite numbers"),
        ({"image": 0, "box": [0, 0, math.nan, 50]}, "four finite numbers"),
        ({"image": 0, "box": [0, 0, math.inf, 50]}, "four finite numbers"),
        ({"image": 0, "box": [200, 0, 250, 50]}, "less than 2 pixels inside the 192 × 144 picture"),
        ({"image": 0, "box": [50, 50, 10, 10]}, "less than 2 pixels"),
        ({"image": 0, "box": [5, 5, 6.9, 50]}, "less than 2 pixels"),
        ({"upload": "0" * 32}, "no longer kept by the server"),
        ({"upload": None}, "no longer kept by the server"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query_that_names_nothing_is_told_so_in_one_sentence(tiny_view: View, query: dict[str, Any], message: str) -> None:
    with pytest.raises(SelectionError, match=message) as caught:
        tiny_view.select(query, 1.0)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".") and len(str(caught.value)) < 300


def test_a_box_on_an_upload_is_checked_as_any_other(tiny_view: View) -> None:
    token = tiny_view.placer.uploads.add(picture_bytes(random_picture((30, 20))), "a.png")
    for box, message in (
        ([0, 0, 1, 9], "less than 2 pixels inside the 30 × 20"),
        ("1234", "four numbers"),
        ([0, 0, math.nan, 9], "finite"),
    ):
        with pytest.raises(SelectionError, match=message):
            tiny_view.select({"upload": token, "box": box}, 1.0)
    assert tiny_view.placer.resolve({"upload": token, "box": [-5, -5, 99, 99]}).picture["chosen"] == [0, 0, 30, 20]
    assert tiny_view.select({"upload": token}, 1.0)["picture"]["boxes"][0]["xyxy"] == [0, 0, 30, 20]


@pytest.mark.parametrize("omega", [0, 0.0, -1.0, 10, math.nan, math.inf, "1", [1.0]])
def test_an_omega_that_is_no_angle_is_refused(tiny_view: View, omega: Any) -> None:
    with pytest.raises(SettingsError, match="omega must be an angle in radians above 0 and at most π"):
        tiny_view.select({"row": 0}, omega)
    if omega is not None:  # for the command line None is the calibrated one
        for kind in ("children", "parents"):
            with pytest.raises(SettingsError, match="omega must be"):
                tiny_view.search(item_id=str(tiny_view.items.item_id[0]), picture=None, kinds=[kind], omega=omega, limit=5)


def test_search_answers_as_the_page_does(tiny_view: View) -> None:
    row, item = 60, str(tiny_view.items.item_id[60])
    page = tiny_view.select({"row": row}, tiny_view.card.omega_children)
    answer = tiny_view.search(item_id=item, picture=None, kinds=["children", "parents", "path"], omega=None, limit=40)
    for kind in ("children", "parents", "path"):
        assert answer[kind] == page[kind] and answer[kind]
    assert answer["children_total"] == page["children_total"] and answer["parents_total"] == page["parents_total"]
    with pytest.raises(SelectionError, match="No item 'abc'"):
        tiny_view.search(item_id="abc", picture=None, kinds=["path"], omega=None, limit=40)


def test_nearest_is_sorted_by_distance(tiny_view: View) -> None:
    item = str(tiny_view.items.item_id[7])
    answer = tiny_view.search(item_id=item, picture=None, kinds=["nearest"], omega=None, limit=10)
    distances = [card["angle"] for card in answer["nearest"]]
    assert len(distances) == 10 and distances == sorted(distances) and item not in [card["id"] for card in answer["nearest"]]
    assert answer["nearest_total"] == 140


def test_a_view_says_what_it_shows(tiny_view: View, tiny_world: TinyWorld) -> None:
    coco = tiny_world.coco()
    facts = tiny_view.facts()
    assert (facts["images"], facts["boxes"], facts["data"]) == (8, len(coco["annotations"]), "tiny")
    assert facts["classes"] == len({box["category_id"] for box in coco["annotations"]})
    assert (facts["data_licence"], facts["checkpoint_licence"]) == ("CC0-1.0", "CC0-1.0")
    described = tiny_view.describe()
    assert (described["count"], described["omega"], described["checkpoint"]) == (141, 2.15, "tiny")
    assert tiny_view.items.is_scene[described["start"]]


def test_pictures_and_thumbnails_are_jpeg_and_checked(tiny_view: View) -> None:
    assert Image.open(BytesIO(tiny_view.picture(7))).size == (192, 144)
    assert max(Image.open(BytesIO(tiny_view.thumb(140))).size) == 192
    with pytest.raises(SelectionError, match="No item 141"):
        tiny_view.thumb(141)
    with pytest.raises(SelectionError, match="No picture 8"):
        tiny_view.picture(8)


def test_drawing_on_a_picture_that_is_gone_is_told_so(tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "data")
    view = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    view.items.path(0).unlink()
    with pytest.raises(DataError, match="there is no such file"):
        view.select({"image": 0, "box": [0, 0, 50, 50]}, 1.0)
    assert view.select({"row": 0}, 3.0)["children"]  # walking needs no picture


def test_a_wrong_checkpoint_is_refused(tiny_world: TinyWorld) -> None:
    with pytest.raises(CheckpointError, match="No checkpoint 'nothing'"):
        View(Workspace.open(tiny_world.workspace), "nothing")


def test_a_new_hierarchy_over_the_same_boxes_gets_a_layout_and_an_address_of_its_own(tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "data")
    old = View(Workspace.open(world.workspace), world.checkpoint)
    before, key = old.angles, old.key
    settings = HierarchySettings(min_box_px=25)
    Workspace.create(world.workspace, old.items, build_hierarchy(old.items, settings), name="tiny", settings=settings, overwrite=True)
    new = View(Workspace.open(world.workspace), world.checkpoint)
    assert np.array_equal(new.angles, layout.angles(new.embedding, new.tree))
    assert not np.array_equal(new.angles, before), "the two hierarchies must differ for this test to say anything"
    assert new.key != key, "a browser keeps the points of an address for ever"


def test_uploads_at_the_same_moment_all_arrive(tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowPlacer(hypviz.explore.view.QueryResolver):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            threading.Event().wait(0.05)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(hypviz.explore.view, "QueryResolver", SlowPlacer)
    view = View(Workspace.open(tiny_world.workspace), tiny_world.checkpoint)
    data, tokens, together = picture_bytes(random_picture((4, 4))), [], threading.Barrier(6)

    def add() -> None:
        together.wait()
        tokens.append(view.placer.uploads.add(data, "a.png"))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [view.placer.uploads.get(token).name for token in tokens] == ["a.png"] * 6
