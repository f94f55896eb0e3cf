"""Around a selection the drawn cone holds its members and nothing else: checked from the coordinates of points and outline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from hypviz.explore import disks
from hypviz.explore.view import View
from hypviz.vectors.models import as_model
from hypviz.vectors.read import VectorTable
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.viz.region import points_in_polygon
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer
from tests.viz.worlds import lorentz_tree

SELECTIONS = 200
AROUND = """(async () => {
  const ask = async (row, omega) => (await fetch(`hypviz/view/${s.view.key}/cone`, {method: "POST",
    headers: {"Content-Type": "application/json"}, body: JSON.stringify({query: {row}, omega})})).json();
  const apart = [];
  disk.paint.points.renderer.draw = disk.paint.points.renderer.push = () => {}; // pixels are not asked about here
  for (const [turn, row] of v[0].entries()) {
    const answer = await ask(row, v[1][turn % v[1].length]), members = hypviz.Bits.decode(answer.members, s.view.count);
    disk.setOmega(answer.omega);
    await disk.setSelection({row, members, query: {row}});
    const {paint} = disk, polygon = disk.outline(), turns = winding(polygon), wrong = [];
    for (let i = 0; i < paint.n; i++) {
      if (paint.rowAt(i) === row) continue;
      const inside = turns(paint.vx[i], paint.vy[i]) !== 0;
      if (inside !== members.has(paint.rowAt(i))) wrong.push(paint.rowAt(i));
    }
    apart.push({row, selected: disk.state().selected, members: members.size, wrong: wrong.slice(0, 5), corners: polygon.length});
  }
  return apart;
})()"""
"""Selects rows one after another by the disk's own interface, without lists and pictures, and asks who lies where."""
WINDING = """() => { window.winding = (polygon) => {
  const strips = Array.from({length: 256}, () => []), strip = (y) => Math.min(255, Math.max(0, Math.floor((y + 1.1) / 2.2 * 256)));
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const side = [...polygon[j], ...polygon[i]];
    for (let k = strip(Math.min(side[1], side[3])); k <= strip(Math.max(side[1], side[3])); k++) strips[k].push(side);
  }
  return (x, y) => strips[strip(y)].reduce((turns, [x1, y1, x2, y2]) => {
    const left = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
    return turns + (y1 <= y && y2 > y && left > 0) - (y1 > y && y2 <= y && left < 0);
  }, 0);
}; }"""
"""The winding number, so that the page is held to another rule than the one that the server bends the outline by."""


@pytest.fixture(scope="module")
def vectors_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, View]]:
    """A tree of 1,500 own vectors in 20 dimensions, nearly flat, so that cones hold children."""
    embedding, level = lorentz_tree(1500, dim=20, curv=0.05, radii=(0.7, 1.4, 2.2, 3.0))
    given = VectorTable(as_model(embedding, "poincare"), labels=np.array([f"level {one}" for one in level]), curv=0.05, model="poincare")
    folder = tmp_path_factory.mktemp("vectors") / "workspace"
    make_vectors_workspace(folder, given, name="a tree")
    with serve_explorer(folder, "demo") as site:
        yield site


def check_selections(explorer: ExplorerPage, omegas: list[float | None]) -> list[dict[str, Any]]:
    """Select random items, each in turn with one of the half-angles, and hold the drawn places against the drawn outline."""
    rows = np.random.default_rng(0).choice(len(explorer.view.items), SELECTIONS, replace=False).tolist()
    explorer.page.evaluate(WINDING)
    explorer.page.route("**/thumb/**", lambda route: route.abort())
    found = explorer.run(AROUND, rows, omegas)
    assert [one["selected"] for one in found] == rows
    assert [one for one in found if one["wrong"]] == [], "agreement and purity 1.0"
    return found


def test_on_the_demo_the_outline_holds_the_members_and_no_other_item(explorer: ExplorerPage) -> None:
    found = check_selections(explorer, [None])
    assert sum(one["members"] for one in found) > 20 * SELECTIONS, "cones that hold something"


def test_on_own_vectors_the_outline_holds_the_members_and_no_other_item(vectors_site: tuple[str, View], open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, vectors_site)
    found = check_selections(explorer, [1.5, 1.8, 2.2])
    assert sum(one["members"] > 0 for one in found) > SELECTIONS / 3, "cones that hold something"


def test_a_click_glides_there_and_leaves_the_selected_point_and_every_radius_in_place(explorer: ExplorerPage) -> None:
    explorer.run("disk.focus.busy")
    for _ in range(2):
        first, before, spots = explorer.run("s.answer.row"), radii(explorer), stage_spots(explorer)
        row = lonely(explorer, spots, besides=first)
        explorer.page.mouse.click(*explorer.pixel(row))
        explorer.until("s.answer.row !== v[0] && s.disk.selected === s.answer.row", first)
        explorer.run("disk.focus.busy")
        picked = explorer.run("s.answer.row")
        assert np.hypot(*(spots[picked] - spots[row])) <= 22
        after = stage_spots(explorer)
        np.testing.assert_allclose(after[picked], spots[picked], atol=0.02, err_msg="it stays under the pointer")
        np.testing.assert_allclose(radii(explorer), before, atol=1e-6)
        assert wrong_sides(explorer) == []


def test_clicks_among_own_vectors_lead_to_outlines_that_hold_the_members(vectors_site: tuple[str, View], open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, vectors_site)
    for _ in range(3):
        explorer.run("disk.focus.busy")
        row = lonely(explorer, stage_spots(explorer), besides=explorer.run("s.answer.row"))
        explorer.page.mouse.click(*explorer.pixel(row))
        explorer.until("s.answer.row === v[0] && s.disk.selected === v[0]", row)
        explorer.run("disk.focus.busy")
        assert explorer.run("disk.paint.focus !== null") and wrong_sides(explorer) == []


def test_a_press_means_what_lay_under_it_though_the_points_glide_away_before_the_release(
    explorer_site: tuple[str, View], open_page: OpenPage
) -> None:
    explorer = open_explorer(open_page, explorer_site, reduced_motion="no-preference")
    for other in np.flatnonzero(explorer.points()["depth"] == 1)[[40, 900]].tolist():
        explorer.run("disk.focus.busy")
        row = lonely(explorer, stage_spots(explorer), besides=explorer.run("s.answer.row"))
        before = explorer.pixel(row)
        explorer.page.mouse.move(*before)
        explorer.page.mouse.down()
        explorer.walk(other)
        explorer.run("disk.focus.busy")
        assert np.hypot(*np.subtract(explorer.pixel(row), before)) > 14, "it has moved out of reach"
        explorer.page.mouse.up()
        explorer.until("s.answer.row === v[0] && s.disk.selected === v[0]", row)


@pytest.mark.parametrize("omega", [0.3, 1.1, 1.9, 2.7])
def test_with_another_omega_the_painted_outline_still_divides_members_from_the_rest(explorer: ExplorerPage, omega: float) -> None:
    row = int(np.flatnonzero(explorer.points()["depth"] == 1)[7])
    explorer.walk(row)
    slider = explorer.page.locator(".hv-omega")
    slider.evaluate("(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", omega)
    explorer.until("Math.abs(s.disk.focus.omega - v[0]) < 0.006 && s.disk.omega === s.disk.focus.omega", omega)
    explorer.run("disk.focus.busy")
    assert wrong_sides(explorer) == []
    painted = painted_outline(explorer)
    spots = stage_spots(explorer)
    clear = distance_to(painted, spots) > 0.05
    inside = points_in_polygon(spots[:, 0], spots[:, 1], painted)
    np.testing.assert_array_equal(inside[clear], members_of(explorer)[clear])
    assert np.count_nonzero(~clear) < 0.05 * len(spots)


def test_distance_circles_and_ticks_tell_the_truth(explorer: ExplorerPage) -> None:
    row = explorer.run("s.view.start")
    explorer.walk(row)
    space = explorer.view.embedding
    focus = explorer.run("s.disk.focus")
    angle = np.array(explorer.run("Array.from(disk.paint.angle)")) - focus["at"]
    theta = np.degrees(np.arccos(np.clip(space.directions.astype(np.float64) @ space.directions[row], -1, 1)))
    for tick in focus["ticks"]:
        beyond = np.abs(angle) > explorer.run("disk.paint.focus.scale(v[0] * Math.PI / 180)", tick)
        sure = np.abs(theta - tick) > 0.05
        np.testing.assert_array_equal(beyond[sure], (theta > tick)[sure])
    far = explorer.view.index.nearest(explorer.view.index.query(row), limit=len(space))
    spots = stage_spots(explorer)
    for number, distance in enumerate(focus["rings"]):
        path = explorer.page.locator(".hv-disk .hd-distance").nth(number).get_attribute("d")
        ring = corners_of(path)
        inside = points_in_polygon(spots[:, 0], spots[:, 1], ring)
        clear = distance_to(ring, spots) > 1.0
        near = np.zeros(len(space), bool)
        near[far.rows[far.angle <= distance]] = True
        near[row] = True
        np.testing.assert_array_equal(inside[clear], near[clear])


def test_escape_returns_to_the_overview_where_the_cone_is_a_section_and_members_are_tinted(explorer: ExplorerPage) -> None:
    home = explorer.points()
    explorer.walk(explorer.run("s.view.start"))
    expect(explorer.page.locator(".hd-caption")).to_contain_text("Around the selection: angles and distances from it are exact")
    expect(explorer.page.locator(".hd-cone-name")).to_contain_text("cone, ω")
    explorer.page.locator(".hv-disk").first.focus()
    explorer.page.keyboard.press("Escape")
    explorer.until("s.disk.focus === null")
    expect(explorer.page.locator(".hd-cone-name")).to_have_text("2-D section of the cone")
    expect(explorer.page.locator(".hd-cone.hd-section")).to_have_count(1)
    spots = np.array(explorer.run("[Array.from(disk.paint.zx), Array.from(disk.paint.zy)]"))
    np.testing.assert_allclose(spots, home["drawn"] * np.stack([np.cos(home["angle"]), np.sin(home["angle"])]), atol=1e-6)
    tinted = explorer.run("disk.paint.points.groups.filter((g) => g.member).flatMap((g) => Array.from(g.rows))")
    assert sorted(tinted) == np.flatnonzero(members_of(explorer)).tolist()
    explorer.page.keyboard.press("f")
    explorer.until("s.disk.focus !== null")
    assert wrong_sides(explorer) == []


def test_switched_off_it_stays_in_the_overview(explorer: ExplorerPage) -> None:
    explorer.page.locator(".hv-disk [data-tool=focus]").first.click()
    explorer.until("s.disk.focus === null")
    explorer.walk(explorer.run("s.view.start") + 2)
    assert explorer.run("s.disk.focus") is None
    assert explorer.page.locator(".hv-disk [data-tool=focus]").first.get_attribute("aria-pressed") == "false"


WATCH = """(window.seen = [], window.frame = disk.paint.frame.bind(disk.paint), disk.paint.frame = (gliding) => {
  frame(gliding);
  seen.push([performance.now(), ...[10, 3000, 8000].map((i) => Math.hypot(disk.paint.vx[i], disk.paint.vy[i]))]);
})"""


def test_it_glides_and_every_radius_is_true_on_the_way(explorer_site: tuple[str, View], open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, explorer_site, reduced_motion="no-preference")
    explorer.page.wait_for_timeout(600)
    explorer.run(WATCH)
    for step in range(2, 12):  # a busy machine may draw one frame of a glide, or none
        explorer.walk(explorer.run("s.view.start") + step)
        explorer.run("disk.focus.busy")
        if len(seen := np.array(explorer.run("seen"))) > 20:
            break
    assert len(seen) > 10, "it glides: more frames than selections"
    drawn = explorer.points()["drawn"][[10, 3000, 8000]]
    np.testing.assert_allclose(seen[:, 1:], np.broadcast_to(drawn, (len(seen), 3)), atol=1e-6)


GLIDE = """(async () => {
  const next = () => new Promise(requestAnimationFrame);
  const rings = () => disk.paint.layers[1].querySelectorAll(".hd-child, .hd-parent, .hd-selected").length;
  const found = [], watch = new MutationObserver((records) => (changed += records.length));
  let changed = 0;
  for (const layer of disk.paint.layers) watch.observe(layer, {subtree: true, childList: true, attributes: true, characterData: true});
  for (const gliding of [false, true, true, true, false]) {
    changed = 0;
    disk.paint.frame(gliding);
    await next();
    found.push([changed, rings()]);
  }
  watch.disconnect();
  const asked = [];
  disk.paint.frame = (gliding) => asked.push(Boolean(gliding));
  await disk.moves.animate("data", 3000, () => {});
  delete disk.paint.frame;
  return {found, asked};
})()"""
"""What changes in lines and marks by each of five frames, and which frames an animation of the points asks for."""


def test_lines_are_not_drawn_anew_while_points_glide_and_rings_wait_for_them(explorer_site: tuple[str, View], open_page: OpenPage) -> None:
    """Without a graphics card the lines take longer to draw than 5,000 points."""
    explorer = open_explorer(open_page, explorer_site, reduced_motion="no-preference")
    explorer.until("s.disk.focus !== null")
    explorer.run("disk.focus.busy")
    explorer.page.wait_for_timeout(600)
    for _ in range(3):  # what the page still did of its own ends the first
        answer = explorer.run(GLIDE)
        if len(answer["asked"]) > 1:
            break
    (whole, rings), first, *still, (last, again) = answer["found"]
    assert whole > 10 and last > 10 and rings == again > 2, "a frame at rest draws everything"
    assert first[0] <= 2 and first[1] == 1, "the selected point keeps its own ring"
    assert still == [[0, 1], [0, 1]], "nothing is drawn anew"
    assert answer["asked"] == [True] * (len(answer["asked"]) - 1) + [False] and len(answer["asked"]) > 1


def test_of_a_sample_too_every_point_is_on_its_side_also_later_ones(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    monkeypatch.setattr(disks, "MAX_POINTS", 5200)
    with serve_explorer() as site:
        explorer = open_explorer(open_page, site)
        missing = explorer.run("Array.from({length: s.view.count}, (_, i) => i).find((row) => disk.paint.indexOf(row) < 0)")
        explorer.walk(missing)
        explorer.run("disk.focus.busy")
        assert wrong_sides(explorer) == []
        before = explorer.run("s.disk.n")
        explorer.run("disk.setView({centre: [0.1, 0.2], zoom: 1.3})")
        explorer.until("s.disk.n > v[0] + 50", before)
        explorer.page.wait_for_timeout(300)
        explorer.run("disk.focus.busy")
        explorer.run("disk.setView()")
        assert wrong_sides(explorer) == []


# ---- reading the disk


def radii(explorer: ExplorerPage) -> np.ndarray:
    return np.hypot(*np.array(explorer.run("[Array.from(disk.paint.zx), Array.from(disk.paint.zy)]")))


def members_of(explorer: ExplorerPage) -> np.ndarray:
    """(n,) bool per point at hand, as the server's answer has it."""
    found = explorer.run(
        "((bits) => Array.from({length: disk.paint.n}, (_, i) => bits.has(disk.paint.rowAt(i))))"
        "(hypviz.Bits.decode(s.answer.members, s.view.count))"
    )
    return np.array(found, bool)


def wrong_sides(explorer: ExplorerPage) -> list[int]:
    """Indices of points on the wrong side of the outline, both in the disk frame."""
    x, y = np.array(explorer.run("[Array.from(disk.paint.zx), Array.from(disk.paint.zy)]"))
    inside = points_in_polygon(x, y, np.array(explorer.run("disk.outline()")))
    wrong = inside != members_of(explorer)
    wrong[explorer.run("disk.paint.indexOf(s.answer.row)")] = False
    return np.flatnonzero(wrong).tolist()


def painted_outline(explorer: ExplorerPage) -> np.ndarray:
    return corners_of(explorer.page.locator(".hv-disk .hd-cone").first.get_attribute("d"))


def corners_of(path: str | None) -> np.ndarray:
    assert path
    return np.array([[float(value) for value in pair.split()] for pair in path.strip("MZ").split("L")])


def distance_to(polygon: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """(N,) distance of each spot to the polygon's sides."""
    ends = np.roll(polygon, -1, axis=0)
    along = ends - polygon
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = np.full(len(spots), np.inf)
    for start, side, length in zip(polygon, along, square, strict=True):
        share = np.clip((spots - start) @ side / length, 0, 1)
        nearest = np.minimum(nearest, np.hypot(*(spots - start - share[:, None] * side).T))
    return nearest


def stage_spots(explorer: ExplorerPage) -> np.ndarray:
    """(n, 2) stage pixels of all points."""
    return np.array(explorer.run("Array.from({length: disk.paint.n}, (_, i) => disk.paint.spotOf(i))"))


def lonely(explorer: ExplorerPage, spots: np.ndarray, *, besides: int) -> int:
    """The point on the stage that is farthest from all others and not under a picture; another than the selected one."""
    from scipy.spatial import cKDTree

    size = explorer.run("disk.paint.size")
    covered = np.array(explorer.run("Array.from({length: disk.paint.n}, (_, i) => disk.paint.thumbs.hit(disk.paint.spotOf(i)) >= 0)"))
    gap = cKDTree(spots).query(spots, k=2)[0][:, 1]
    gap[covered | (np.hypot(*(spots - size / 2).T) > 0.42 * size)] = -1
    gap[besides] = -1
    return int(gap.argmax())
