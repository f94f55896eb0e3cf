"""The rows of an answer: the own picture nested, the rest by band and class, and the three ways to find it."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from hypviz.explore.view import View
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer


def rows_of(explorer: ExplorerPage, selector: str) -> list[int]:
    return [int(card.get_attribute("data-row") or -1) for card in explorer.page.locator(selector).all()]


def wait_for_cards(explorer: ExplorerPage, selector: str, count: int) -> None:
    expect(explorer.page.locator(selector)).to_have_count(count)


def test_the_own_picture_comes_first_objects_with_their_parts(explorer: ExplorerPage) -> None:
    row, hierarchy, items = explorer.run("s.answer.row"), explorer.view.hierarchy, explorer.view.items
    children = hierarchy.children_of(row).tolist()
    wait_for_cards(explorer, ".hv-here .hv-nest", len(children))
    assert set(rows_of(explorer, ".hv-nest > .hv-card")) == set(children)
    largest = explorer.page.locator(".hv-nest").first
    owner = int(largest.locator("> .hv-card").get_attribute("data-row") or -1)
    kinds = {items.name(int(part)) for part in hierarchy.children_of(owner)}
    assert set(largest.locator(".hv-mini .hv-label").all_inner_texts()) == kinds and kinds
    largest.locator(".hv-mini").first.click()
    explorer.until("s.answer.row !== v[0]", row)
    assert explorer.run("s.answer.row") in hierarchy.children_of(owner)


def test_the_rest_is_listed_by_band_one_card_a_class_and_a_count_opens_all(explorer: ExplorerPage) -> None:
    row, items, radii = explorer.run("s.answer.row"), explorer.view.items, np.asarray(explorer.view.embedding.radii)
    angle, bands = explorer.exterior_angles(row), explorer.view.lists.bands
    inside = np.flatnonzero((angle <= explorer.run("s.disk.omega")) & (items.image != items.image[row]) & ~items.is_scene)
    names = explorer.page.locator(".hv-band-name b").all_inner_texts()
    assert names == [band["name"] for band in explorer.run("s.answer.elsewhere.bands")]
    depth = explorer.view.hierarchy.depth
    for name, band in zip(names, np.unique(bands.of(radii[inside])).tolist(), strict=True):
        here = inside[bands.of(radii[inside]) == band]
        share = float((bands.of_depth(depth[here]) == band).mean())
        told = explorer.page.locator(f".hv-band[data-band='{band}'] .hv-band-name")
        assert (name == bands.names[band]) == (share == 1), "a level's name alone only where all are of it"
        assert share == 1 or f"{round(100 * share)} % are {bands.names[band]}" in told.inner_text()
    for band in np.unique(bands.of(radii[inside])).tolist():
        here = inside[bands.of(radii[inside]) == band]
        kinds = np.unique(items.label[here])
        wait_for_cards(explorer, f".hv-band[data-band='{band}'] .hv-card", len(kinds))
        labels = explorer.page.locator(f".hv-band[data-band='{band}'] .hv-label").all_inner_texts()
        assert sorted(labels) == sorted(items.name(int(here[items.label[here] == kind][0])) for kind in kinds)
    counted = explorer.page.locator(".hv-class:has(button.hv-times)").first
    name, label = counted.locator("button.hv-times"), counted.locator(".hv-label").inner_text()
    name.click()
    opened = explorer.page.locator(".hv-opened .hv-card")
    expect(opened.first).to_be_visible()
    assert set(explorer.page.locator(".hv-opened .hv-label").all_inner_texts()) == {label}
    assert opened.count() == min(40, int(name.inner_text().removeprefix("× ").replace(",", "")))
    name.click()
    expect(opened).to_have_count(0)


def test_entailment_nearest_and_cosine_are_one_click_apart_and_a_link_keeps_the_choice(
    explorer: ExplorerPage, open_page: OpenPage, explorer_site: tuple[str, View]
) -> None:
    members, lit = explorer.run("s.answer.members"), explorer.lit()
    seen = {}
    for name in ("nearest", "cosine"):
        explorer.page.locator(f"[data-by={name}]").click()
        explorer.until("s.answer.elsewhere.by === v[0]", name)
        expect(explorer.page.locator(f"[data-by={name}]")).to_have_attribute("aria-pressed", "true")
        assert explorer.run("s.answer.elsewhere.total") == 40 and explorer.run("s.answer.members") == members, "the cone stays"
        seen[name] = explorer.run("s.answer.children.map((card) => card.row)")
    direction = np.asarray(explorer.view.embedding.directions, np.float64)
    row = explorer.run("s.answer.row")
    cosine = direction @ direction[row]
    cosine[row] = -np.inf
    assert cosine[seen["cosine"]].min() >= np.sort(cosine)[-40] - 1e-6 and len(set(seen["cosine"])) == 40
    assert set(seen["nearest"]) != set(seen["cosine"])
    explorer.page.locator(".hv-all").click()
    wait_for_cards(explorer, ".hv-bands .hv-card", 40)
    assert rows_of(explorer, ".hv-bands .hv-card") == seen["cosine"]
    explorer.page.wait_for_function("location.hash.includes('by=cosine') && location.hash.includes('all=1')")
    again = open_explorer(open_page, explorer_site, "#" + explorer.page.url.split("#")[1])
    wait_for_cards(again, ".hv-bands .hv-card", 40)
    again.page.locator(".hv-all").click()
    again.page.locator("[data-by=entailment]").click()
    again.until("s.answer.elsewhere.by === 'entailment'")
    assert again.lit() == lit


def test_the_button_of_the_flat_list_says_how_many_it_lists(explorer: ExplorerPage) -> None:
    button = explorer.page.locator(".hv-all")
    expect(button).to_have_text("best 40")
    few = next(row for row in range(len(explorer.view.items) - 1, 0, -7) if 0 < explorer.view.select({"row": row})["children_total"] < 40)
    explorer.run("hypvizExplorer.walk({row: v[0]})", few)
    explorer.until("s.answer.row === v[0]", few)
    expect(button).to_have_text(f"all {explorer.run('s.answer.children.length')}")


def test_the_way_to_the_root_says_who_holds_the_item(explorer: ExplorerPage) -> None:
    depth = explorer.points()["depth"]
    part = int(np.flatnonzero(depth == 2)[11])
    explorer.walk(part)
    path = explorer.run("s.answer.path")
    assert path[0]["row"] == part
    wait_for_cards(explorer, ".hv-path .hv-card", len(path) - 1)
    heading = explorer.page.locator(".hv-path h3").inner_text()
    assert heading.startswith("Towards the root" if len(path) > 1 and all(one["holds"] for one in path[1:]) else "Similar, more general")
    assert len(path) == 1 or path[-1]["holds"], "it ends at the last one whose cone holds it"
