"""Levels of the class tree on a published page, in a real browser: names, colours and legend follow, what is selected stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.explore.level_view import at_level
from hypviz.explore.view import View
from hypviz.server.publish import publish
from hypviz.workspace.class_trees import write_taxonomy_of
from hypviz.workspace.store import Workspace
from tests.page.browser import OpenPage
from tests.page.test_publish import BELOW, plain_server, published
from tests.page.test_published_belonging import check_belonging
from tests.test_level_view import two_level_tree
from tests.worlds import TinyWorld


@pytest.fixture(scope="module")
def view(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> View:
    world = tiny_world.copy(tmp_path_factory.mktemp("levels") / "world")
    made = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    write_taxonomy_of(world.workspace, parse_taxonomy(two_level_tree(made.items.classes)[0], "made"))
    return made


@pytest.fixture(scope="module")
def folder(view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("published") / BELOW / "page"
    made.parent.mkdir(parents=True)
    publish(view, made)
    return made


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    with published(browser, folder) as opened:
        yield opened


def named(page: Page) -> tuple[str, list[str]]:
    """The name of what is selected, and those on the cards of its children."""
    return page.locator(".of-now h2").inner_text(), page.locator(".of-children .of-card b").all_inner_texts()


def legend(page: Page) -> set[str]:
    """The groups that the points are coloured by, whole pictures apart."""
    groups = page.evaluate("() => hypvizOffline.disk.paint.points.colours().groups.map((group) => group.name)")
    return {name for name in groups if "scene" not in name}


def test_a_level_renames_colours_and_counts_and_keeps_the_selection(page: Page, view: View) -> None:
    group_of = two_level_tree(view.items.classes)[1]
    row = int(np.flatnonzero(view.hierarchy.depth == 1)[4])
    page.evaluate("(row) => hypvizOffline.select(row)", row)
    page.wait_for_function("(row) => hypvizOffline.disk.state().selected === row", arg=row)
    page.locator(".of-colour").select_option("class")
    before, members = named(page), page.evaluate("(row) => hypvizOffline.members(row)", row)
    assert before[0] == view.items.name(row)
    assert page.locator(".of-level option").all_inner_texts()[0] == "as they are"
    page.locator(".of-level").select_option("1")
    expect(page.locator(".of-now h2")).to_have_text(group_of[before[0]])
    assert page.evaluate("() => hypvizOffline.disk.state().selected") == row
    page.wait_for_function("(row) => location.hash === `#row=${row}&level=1`", arg=row)
    assert named(page) == (group_of[before[0]], [group_of[name] for name in before[1]])
    boxes = [view.items.name(int(one)) for one in np.flatnonzero(~view.items.is_scene)]
    assert legend(page) == {group_of[name] for name in boxes}
    assert "group 1" in page.locator(".hd-legend").inner_text()
    assert page.locator(".of-colour").input_value() == "class"
    assert page.evaluate("(row) => hypvizOffline.members(row)", row) == members, "cones are those of the items"
    page.evaluate("() => { hypvizOffline.state.omega = 1.9; }")
    assert len(check_belonging(page, at_level(view, 1), list(range(0, 141, 4)))) > 10, "what belongs is of the level's classes"
    page.evaluate("() => { hypvizOffline.state.omega = null; }")
    if shots := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.screenshot(path=Path(shots) / "published-level-1.png")
    page.locator(".of-level").select_option("0")
    expect(page.locator(".of-now h2")).to_have_text(before[0])
    page.wait_for_function("(row) => location.hash === `#row=${row}`", arg=row)
    assert named(page) == before and legend(page) == set(boxes)


def test_a_link_opens_a_level_and_one_that_there_is_not_is_passed_over(open_page: OpenPage, folder: Path, view: View) -> None:
    group_of = two_level_tree(view.items.classes)[1]
    row = int(np.flatnonzero(~view.items.is_scene)[3])
    for level, name in ((1, group_of[view.items.name(row)]), (7, view.items.name(row))):
        with plain_server(folder) as address:
            page = open_page(f"{address}/#row={row}&level={level}", reduced_motion="reduce")
            expect(page.locator(".of-now h2")).to_have_text(name)
            assert page.locator(".of-level").input_value() == ("1" if level == 1 else "0")


def test_a_level_that_is_gone_is_said_and_the_choice_goes_back(open_page: OpenPage, view: View, tmp_path: Path) -> None:
    publish(view, tmp_path / "page")
    (tmp_path / "page/data/level-1.bin").unlink()
    with plain_server(tmp_path / "page") as address:
        page = open_page(f"{address}/", reduced_motion="reduce")
        page.wait_for_selector("#hv-offline[data-ready=yes]")
        page.locator(".of-level").select_option("1")
        expect(page.locator(".of-failed")).to_contain_text("data/level-1.bin of this page is not there (status 404)")
        expect(page.locator(".of-level")).to_have_value("0")
