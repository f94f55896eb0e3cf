"""What the page says of sets that are not like the demo: pictures without boxes, boxes of one class, lists no better than chance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from hypviz.data.formats.coco import read_coco
from hypviz.workspace.importing import import_workspace
from tests.page.browser import OpenPage
from tests.page.explorer_page import READY, ExplorerPage, explorer_on
from tests.worlds import TinyWorld


def served(browser: Browser, world: TinyWorld, content: dict[str, Any], folder: Path) -> Iterator[ExplorerPage]:
    """The pictures of the tiny world with other annotations, on a page."""
    (folder / "annotations.json").write_text(json.dumps(content))
    import_workspace(folder / "set", read_coco(folder / "annotations.json", world.folder / "images"), name="set")
    with explorer_on(browser, folder / "set", str(world.checkpoint)) as explorer:
        yield explorer


@pytest.fixture(scope="module")
def plain(browser: Browser, tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExplorerPage]:
    """Pictures without a box."""
    yield from served(browser, tiny_world, tiny_world.coco() | {"annotations": []}, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def one_class(browser: Browser, tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExplorerPage]:
    """Every box of the same class."""
    content = tiny_world.coco()
    content["categories"] = [{"id": 1, "name": "thing"}]
    content["annotations"] = [box | {"category_id": 1} for box in content["annotations"]]
    yield from served(browser, tiny_world, content, tmp_path_factory.mktemp("one"))


def colours(explorer: ExplorerPage) -> tuple[str, list[str]]:
    """What the points are coloured by, and what is offered."""
    menu = explorer.menu("Colour")
    chosen, offered = explorer.run("s.disk.colourBy"), menu.locator("input").evaluate_all("(nodes) => nodes.map((node) => node.value)")
    explorer.close_menu()
    return chosen, offered


def elsewhere(explorer: ExplorerPage) -> Any:
    return explorer.page.locator(".hv-children h3")


def test_pictures_without_boxes_are_coloured_by_what_tells_them_apart(plain: ExplorerPage) -> None:
    assert colours(plain) == ("distortion", ["radius", "distortion"])
    assert "colour=" not in plain.page.url, "nobody has chosen it"


def test_where_there_is_no_box_none_is_to_be_clicked(plain: ExplorerPage, explorer: ExplorerPage) -> None:
    expect(plain.page.locator(".hv-hint")).to_contain_text("Drag on the picture to draw a box.")
    expect(explorer.page.locator(".hv-hint")).to_contain_text("Click a box to select it")


def test_boxes_of_one_class_are_coloured_by_level_and_told_apart_by_no_figure(one_class: ExplorerPage) -> None:
    chosen, offered = colours(one_class)
    assert chosen == "depth" and not {"branch", "class"} & set(offered)
    expect(one_class.page.locator(".hv-notice")).to_contain_text("All boxes are of one class, “thing”")
    one_class.run("hypvizExplorer.walk({row: v[0]})", 0)
    expect(elsewhere(one_class)).to_contain_text("in its cone")
    expect(elsewhere(one_class)).not_to_contain_text("kinds")


def test_kinds_are_classes_however_many_bands_they_are_in(explorer: ExplorerPage) -> None:
    row, items = explorer.run("s.answer.row"), explorer.view.items
    angle = explorer.exterior_angles(row)
    boxes = (items.image != items.image[row]) & ~items.is_scene
    inside = np.flatnonzero((angle <= explorer.omega(row)) & boxes)
    kinds, cards = len(np.unique(items.label[inside])), explorer.page.locator(".hv-bands .hv-class").count()
    assert cards > kinds, "else the bands say nothing"
    expect(elsewhere(explorer)).to_contain_text(f", {kinds} kinds")
    share = round(100 * len(inside) / boxes.sum())
    expect(elsewhere(explorer)).to_contain_text(f"{len(inside):,} in its cone ({share} % of the boxes in other pictures)")


@pytest.mark.parametrize(("belong", "words"), [
    ({"share": 0.59, "chance": 0.33, "of": 150, "verdict": "better"}, "59 % of them of a class in this picture (chance 33 %)"),
    ({"share": 0.16, "chance": 0.13, "of": 900, "verdict": "hardly"}, "a class in this picture (hardly better than chance: 13 %)"),
    ({"share": 0.12, "chance": 0.13, "of": 900, "verdict": "none"}, "of them of a class in this picture (no better than chance: 13 %)"),
    ({"share": 2 / 3, "chance": 0.3, "of": 3, "verdict": "few"}, "2 of 3 of a class in this picture (too few to tell from chance: 30 %)"),
    ({"share": 0, "chance": 0, "of": 86, "verdict": "empty"}, ", though no box in this picture says what belongs there, "),
    ({"share": 0.997, "chance": 0.5, "of": 900, "verdict": "better"}, "over 99 % of them of a class in this picture (chance 50 %)"),
])  # fmt: skip
def test_a_list_that_is_no_better_than_chance_says_so(
    open_page: OpenPage, explorer_site: tuple[str, Any], belong: dict[str, Any], words: str
) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        found = response.json()
        route.fulfill(response=response, json=found | {"elsewhere": found["elsewhere"] | {"belong": belong}})

    page = open_page("about:blank", viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    page.route("**/select", answer)
    page.goto(explorer_site[0])
    page.wait_for_selector(READY)
    expect(page.locator(".hv-children h3")).to_contain_text(words)


def test_where_nothing_lies_farther_out_no_wider_cone_is_offered(explorer: ExplorerPage) -> None:
    last = int(np.argmax(explorer.view.embedding.radii))
    explorer.walk(last)
    none = explorer.page.locator(".hv-children .hv-none")
    expect(none).to_have_text("Nothing lies farther from the root, so no cone of it holds anything.")
    assert none.locator("button").count() == 0
