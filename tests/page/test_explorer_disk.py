"""What the disk shows: colours, pictures, layouts, edges, the kind of cone. Held to the server's own arrays."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from hypviz.explore import disks
from hypviz.viz.colours import BRANCH_COLOURS
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer


def choose_colour(explorer: ExplorerPage, title: str) -> None:
    explorer.menu("Colour").get_by_role("radio", name=title, exact=True).check()
    explorer.close_menu()


def test_a_class_is_found_in_the_legend_and_lights_its_items_alone(explorer: ExplorerPage) -> None:
    choose_colour(explorer, "Class")
    explorer.until("s.disk.colourBy === 'class'")
    search = explorer.page.locator(".hd-legend-search")
    search.fill("whee")
    entry = explorer.page.locator(".hd-legend-list button", has_text="wheel").first
    name = entry.evaluate("(node) => hypvizExplorer.disk().paint.points.colours().groups[node.dataset.group].name")
    entry.click()
    explorer.until("s.disk.highlight !== null")
    wanted = np.flatnonzero(explorer.points()["label"] == list(explorer.view.items.classes).index(name))
    explorer.until("s.disk.lit === v[0]", len(wanted))
    assert explorer.lit() == set(wanted.tolist())
    assert f"{len(wanted):,}" in entry.inner_text()


def test_violations_are_the_flagged_items(explorer: ExplorerPage) -> None:
    choose_colour(explorer, "Order violations")
    flags = explorer.points()["flags"]
    names = list(explorer.view.disks.columns.flag_names)
    inverted, outside = (flags >> names.index(name) & 1 for name in ("inverted", "outside_cone"))
    counts = explorer.page.locator(".hd-legend-list i").all_inner_texts()
    wanted = [inverted.sum(), (outside & (1 - inverted)).sum(), (1 - (outside | inverted)).sum()]
    assert counts == [f"{count:,}" for count in wanted]


def test_distances_are_coloured_in_steps_that_hold_what_they_say(explorer: ExplorerPage) -> None:
    choose_colour(explorer, "Distance to the root")
    radius = explorer.points()["radius"]
    groups = explorer.run("disk.paint.points.colours().groups.map((g) => g.name)")
    key = np.array(explorer.run("Array.from(disk.paint.points.colours().key)"))
    edges = [float(name.split(" – ")[0]) for name in groups[1:-1]]
    for group, low in enumerate(edges, start=1):
        assert radius[key == group].min() >= low - 0.006 and radius[key < group].max() <= low + 0.006


def test_the_palette_is_the_servers(explorer: ExplorerPage) -> None:
    assert explorer.run("hypviz.PALETTE") == [list(pair) for pair in BRANCH_COLOURS]


# ---- pictures


CROWD = "(p, i) => p.vx.reduce((sum, x, j) => sum + (Math.hypot(x - p.vx[i], p.vy[j] - p.vy[i]) < 0.08), 0)"
"""How many points are drawn near a point."""


def test_pictures_lie_on_their_points_and_never_on_each_other(explorer: ExplorerPage) -> None:
    explorer.run("disk.setFocus(false)")
    explorer.menu("Show").get_by_label("Pictures on the disk").check()
    explorer.close_menu()
    explorer.until("s.disk.pictures.length >= 30")
    first = check_pictures(explorer)
    crowd = explorer.run(f"v[0].map((row) => ({CROWD})(disk.paint, disk.paint.indexOf(row)))", first)
    explorer.page.mouse.move(*explorer.pixel(first[int(np.argmax(crowd))]))
    for _ in range(4):
        explorer.page.mouse.wheel(0, -300)
    explorer.until("s.disk.view.zoom > 3")
    explorer.until("s.disk.pictures.some((row) => !v[0].includes(row))", first)  # zooming in brings others to the screen
    check_pictures(explorer)


def check_pictures(explorer: ExplorerPage) -> list[int]:
    rows, boxes = explorer.run(
        "[s.disk.pictures, [...disk.paint.thumbs.images].filter(([, image]) => !image.hidden).map(([i, image]) => {"
        " const b = image.getBoundingClientRect(), p = disk.pixelOf(disk.paint.rowAt(i));"
        " return [b.left, b.top, b.width, b.left + b.width / 2 - p.x, b.top + b.height / 2 - p.y, image.src]; })]"
    )
    assert len(rows) <= 150
    spots = np.array([box[:5] for box in boxes])
    assert np.abs(spots[:, 3:]).max() < 1
    apart = np.abs(spots[:, None, :2] - spots[None, :, :2]).max(axis=2) + 1e9 * np.eye(len(spots))
    assert apart.min() >= spots[0, 2], "two pictures overlap"
    assert all(box[5].endswith(f"/thumb/{row}") for box, row in zip(boxes, rows, strict=True))
    return rows


def test_a_click_on_a_picture_picks_its_item(explorer: ExplorerPage) -> None:
    explorer.page.locator(".hv-disk").first.focus()
    explorer.page.keyboard.press("Escape")  # the overview has room for more of them
    explorer.page.keyboard.press("p")
    explorer.until("s.disk.pictures.length >= 25")
    row = explorer.run("s.disk.pictures[20]")
    x, y = explorer.pixel(row)
    explorer.page.mouse.click(x + 13, y - 13)
    explorer.until("s.answer.row === v[0]", row)


# ---- layouts


def polar_of_pixels(explorer: ExplorerPage, which: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.array(explorer.run(f"[Array.from(hypvizExplorer.{which}().paint.vx), Array.from(hypvizExplorer.{which}().paint.vy)]"))
    return np.arctan2(y, x), np.hypot(x, y)


def test_another_layout_moves_the_angles_keeps_every_radius_and_says_what_it_keeps(explorer: ExplorerPage) -> None:
    _, before = polar_of_pixels(explorer, "disk")
    explorer.menu("Layout").get_by_label("Tangent PCA").first.check()
    explorer.until("disk.paint.header.layout === 'pca'")
    expect(explorer.page.locator("[data-score=rank_correlation]")).to_be_visible()
    honesty = explorer.view.honesty("pca")
    shown = {score: explorer.page.locator(f"[data-score={score}] b").inner_text() for score in ("rank_correlation", "trustworthiness")}
    assert shown == {name: f"{honesty[name]:.2f}" for name in shown}
    for name in shown:
        expect(explorer.page.locator(f"[data-score={name}]")).to_contain_text(f"(chance {honesty['chance'][name]:.2f})")
    caption = explorer.page.locator(".hd-caption").first.inner_text()
    assert "angle = projection" in caption and "rank correlation" not in caption, "it stands right below, once"
    beside = explorer.page.locator("fieldset", has=explorer.page.locator("input[value=pca]")).first.locator(
        "input[value=pca] + span .hv-keeps"
    )
    expect(beside).to_have_text(
        "True to "
        + " · ".join(
            f"{word} {honesty[name]:.2f} (chance {honesty['chance'][name]:.2f})"
            for name, word in (("rank_correlation", "distances"), ("trustworthiness", "neighbours"), ("cone_agreement", "cones"))
        )
    )
    explorer.page.wait_for_timeout(400)
    angle, radius = polar_of_pixels(explorer, "disk")
    np.testing.assert_allclose(radius, before, atol=1e-6)
    off = np.angle(np.exp(1j * (angle - explorer.points("pca")["angle"])))
    assert np.abs(off).max() < 1e-4
    assert explorer.run("s.disk.selected") == explorer.run("s.answer.row"), "the selection stays"


def test_two_layouts_side_by_side_share_the_selection(explorer: ExplorerPage) -> None:
    explorer.menu("Layout").locator("fieldset").nth(1).get_by_label("Tangent PCA").check()
    explorer.close_menu()
    explorer.page.wait_for_function("hypvizExplorer.second()?.state().selected !== null")
    angle, _ = polar_of_pixels(explorer, "second")
    assert np.abs(np.angle(np.exp(1j * (angle - explorer.points("pca")["angle"])))).max() < 1e-4
    row = explorer.run("hypvizExplorer.second().state().n - 5")
    explorer.page.locator(".hv-second .hd-stage").scroll_into_view_if_needed()
    spot = explorer.run("hypvizExplorer.second().pixelOf(v[0])", row)
    before = explorer.run("s.disk.selected")
    explorer.page.mouse.click(spot["x"], spot["y"])
    explorer.until("s.disk.selected !== v[0] && hypvizExplorer.second().state().selected === s.disk.selected", before)
    picked = explorer.run("s.disk.selected")
    near = explorer.run("hypvizExplorer.second().pixelOf(v[0])", picked)
    assert np.hypot(near["x"] - spot["x"], near["y"] - spot["y"]) <= 22
    first = explorer.run("[...document.querySelectorAll('.hv-disk')].map((d) => d.querySelectorAll('.hd-child').length)")
    assert first[0] == first[1]


def test_two_layouts_side_by_side_each_tell_their_scores(explorer: ExplorerPage) -> None:
    menu = explorer.menu("Layout")
    menu.locator("fieldset").nth(1).get_by_label("Tangent PCA").check()
    for layout in ("hierarchy", "pca"):
        shown = explorer.page.locator(f"[data-score=rank_correlation][data-layout={layout}] b")
        expect(shown).to_have_text(f"{explorer.view.honesty(layout)['rank_correlation']:.2f}")
    menu.locator("fieldset").nth(1).get_by_label("Nothing").check()
    expect(explorer.page.locator("[data-score=rank_correlation]")).to_have_count(1)


def test_walking_on_while_the_second_disk_still_loads_does_no_harm(explorer: ExplorerPage) -> None:
    held: list[Route] = []
    explorer.page.route("**/points?layout=pca", lambda route: held.append(route))
    explorer.menu("Layout").locator("fieldset").nth(1).get_by_label("Tangent PCA").check()
    explorer.close_menu()
    explorer.page.wait_for_function("hypvizExplorer.second()")
    row = explorer.run("s.view.start") + 3
    explorer.walk(row)
    assert explorer.errors() == []
    explorer.page.wait_for_timeout(50)
    held[0].continue_()
    explorer.page.wait_for_function("(row) => hypvizExplorer.second().state().selected === row", arg=row)


# ---- edges and cones


def test_edges_join_the_points_of_parents_and_children(explorer: ExplorerPage) -> None:
    explorer.menu("Show").get_by_label("All that can be drawn").check()
    edges = explorer.view.hierarchy.edges
    explorer.until("s.disk.edges > 1000")
    note = explorer.page.locator(".hv-pop .hv-note").first
    expect(note).to_contain_text(f"of {int(edges.direct.sum()):,} edges")
    explorer.close_menu()
    ends = np.array(
        explorer.run(
            "(() => { const all = []; disk.paint.edges.walk((x, y) => all.push([x, y])); const step = disk.paint.edges.steps + 1;"
            " return Array.from({length: 40}, (_, i) => [all[i * step], all[i * step + step - 1]].flat()); })()"
        )
    )
    spots = np.array(explorer.run("Array.from({length: disk.paint.n}, (_, i) => disk.paint.spotOf(i))"))
    direct = set(zip(edges.parent[edges.direct].tolist(), edges.child[edges.direct].tolist(), strict=True))
    for x1, y1, x2, y2 in ends:
        near = [np.flatnonzero(np.hypot(*(spots - spot).T) < 0.2).tolist() for spot in ((x1, y1), (x2, y2))]
        assert any((a, b) in direct for a in near[0] for b in near[1])
    layer = explorer.page.locator("canvas.hd-edges")
    expect(layer).to_be_visible()
    end = explorer.run("(disk.paint.edges.walk((x, y) => (window.last = [x, y])), window.last)")
    ink = """(canvas, [x, y]) => {
      const scale = canvas.width / canvas.clientWidth, around = canvas.getContext("2d").getImageData(x * scale - 3, y * scale - 3, 7, 7);
      return around.data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }"""
    assert layer.evaluate(ink, end) > 0, "an arc is painted where it ends"
    explorer.menu("Show").get_by_role("radio", name="None").check()
    expect(layer).to_be_hidden()


def test_the_items_of_the_true_cone_are_lit_and_no_others(explorer: ExplorerPage) -> None:
    depth = explorer.points()["depth"]
    for row in (explorer.view.describe()["start"], int(np.flatnonzero(depth == 1)[3])):
        explorer.walk(row)
        angle, omega = explorer.exterior_angles(row), explorer.run("s.disk.omega")
        unsure = set(np.flatnonzero(np.abs(angle - omega) <= 1e-3).tolist())
        listed = set(explorer.run("[s.answer.row, ...s.answer.listed, ...[...s.answer.parents, ...s.answer.path].map((card) => card.row)]"))
        radii = explorer.view.embedding.radii
        farther = radii > radii[row] if explorer.view.card.answers.cones.outward else np.ones(len(radii), bool)
        wanted = set(np.flatnonzero((angle <= omega) & farther).tolist())
        assert len(wanted) > 100
        assert explorer.lit() - unsure - listed == wanted - unsure - listed


def test_the_aperture_of_a_cone_follows_from_its_distance_to_the_root(explorer: ExplorerPage) -> None:
    explorer.menu("Show").get_by_label("Narrower farther out").check()
    explorer.close_menu()
    row = int(np.flatnonzero(explorer.points()["depth"] == 1)[3])
    explorer.walk(row)
    space = explorer.view.embedding
    wanted = np.arcsin(min(1, 2 * 0.1 / np.sinh(np.sqrt(space.curv) * space.radii[row])))
    assert explorer.run("s.disk.omega") == pytest.approx(wanted, abs=1e-6)
    found = explorer.exterior_angles(row)
    sure = np.abs(found - wanted) > 1e-4
    members = np.array(explorer.run("Array.from(hypviz.Bits.decode(s.answer.members, s.view.count).rows())"))
    assert set(members) - set(np.flatnonzero(~sure)) == set(np.flatnonzero((found <= wanted) & sure))
    assert explorer.page.locator(".hv-omega").is_disabled()


# ---- more items than are sent at once


def test_a_sampled_disk_says_so_and_fetches_what_is_looked_at(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    monkeypatch.setattr(disks, "MAX_POINTS", 5200)
    with serve_explorer() as site:
        explorer = open_explorer(open_page, site)
        total, sent = explorer.run("[s.view.count, s.disk.n]")
        assert sent < 5400 < total
        expect(explorer.page.locator(".hd-caption")).to_contain_text(f"of {total:,}: ")
        missing = explorer.run("Array.from({length: s.view.count}, (_, i) => i).find((row) => disk.paint.indexOf(row) < 0)")
        explorer.walk(missing)
        polar = explorer.run("disk.paint.polarOfRow(v[0])", missing)
        assert polar["radius"] == pytest.approx(float(explorer.view.embedding.radii[missing]))
        before = explorer.run("s.disk.n")
        box = explorer.page.locator(".hd-stage").bounding_box()
        assert box is not None
        explorer.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
        explorer.page.mouse.wheel(0, -700)
        explorer.until("s.disk.n > v[0] + 50", before)
        rows = explorer.run("Array.from(disk.paint.row)")
        assert len(set(rows)) == len(rows), "no point comes twice"
        radii = explorer.run("Array.from(disk.paint.radius)")
        np.testing.assert_allclose(radii, explorer.view.embedding.radii[rows], rtol=1e-6)
