"""The disk in a real browser, with a real mouse."""

# ruff: noqa: RUF005 (arrays are added here, not joined)

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from hypviz.viz.disk import RadiusScale, unpack
from tests.page.browser import OpenPage, new_page, serve
from tests.page.disk_page import DiskPage, as_json, files
from tests.viz.worlds import World, make_payload, make_world

PAD = 1.035


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve(files()) as address:
        yield address


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(40)


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str, world: World) -> Iterator[DiskPage]:
    page, errors = new_page(browser, viewport={"width": 760, "height": 900}, reduced_motion="reduce")
    page.goto(site + "/")
    disk = DiskPage(page, world)
    disk.run("disk.load('/world.bin')")
    yield disk
    page.context.close()
    assert not errors, f"script errors on the page: {errors}"


@pytest.fixture
def disk(opened: DiskPage) -> DiskPage:
    opened.reset()
    opened.settle()
    return opened


# ---- data and coordinates


def test_the_browser_decodes_exactly_the_arrays_that_were_packed(disk: DiskPage, world: World) -> None:
    header, arrays = unpack(make_payload(world))
    found = disk.run("fetch('/world.bin').then((r) => r.arrayBuffer()).then(hypviz.math.decode)")
    assert found["header"] == header
    for name, column in arrays.items():
        decoded = disk.run(f"Array.from(disk.paint.{name})")
        np.testing.assert_array_equal(np.array(decoded, column.dtype), column, err_msg=name)


def test_the_radius_scale_is_the_same_in_both_languages(disk: DiskPage, world: World) -> None:
    scale = RadiusScale.from_radii(world.embedding.radii)
    radii = np.concatenate([np.linspace(0, 1, 200), [2, 5, 40]])
    drawn = disk.run("v[0].map((r) => disk.paint.scale.drawn(r))", radii.tolist())
    np.testing.assert_allclose(drawn, scale.drawn(radii), rtol=1e-12)
    back = disk.run("v[0].map((d) => disk.paint.scale.true(d))", drawn)
    np.testing.assert_allclose(back, radii, rtol=1e-7, atol=1e-12)


def test_every_point_is_drawn_at_its_angle_and_its_true_radius(disk: DiskPage, world: World) -> None:
    arrays = unpack(make_payload(world))[1]
    box = disk.stage()
    drawn = RadiusScale.from_radii(world.embedding.radii).drawn(world.embedding.radii)
    half = box["width"] / 2
    x = box["x"] + half + half / PAD * drawn * np.cos(arrays["angle"])
    y = box["y"] + half - half / PAD * drawn * np.sin(arrays["angle"])
    np.testing.assert_allclose(disk.pixels(), np.stack([x, y], axis=1), atol=0.01)


def test_points_are_painted_where_the_disk_says_in_the_colour_of_their_branch(disk: DiskPage, world: World) -> None:
    header, arrays = unpack(make_payload(world))
    picture = disk.picture()
    for row in disk.lonely(12, among=np.flatnonzero(world.tree.depth < 2)):
        colour = header["branches"][arrays["branch"][row]]["colour"]
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(disk.colours_at(row, picture) - wanted).max(axis=1).min() < 40, f"row {row}"


# ---- clicks


def click_each(disk: DiskPage, rows: list[int]) -> None:
    for row in rows:
        disk.page.mouse.click(*disk.pixel(row))
    assert disk.log("pick") == rows


def test_clicking_a_point_picks_its_row(disk: DiskPage) -> None:
    click_each(disk, disk.lonely(10))


def test_clicking_picks_the_right_row_after_a_pan(disk: DiskPage) -> None:
    box = disk.stage()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    disk.drag(middle, middle + [130, -90])
    assert np.hypot(*disk.state()["view"]["centre"]) > 0.3
    click_each(disk, disk.lonely(6))


def test_clicking_picks_the_right_row_after_a_zoom(disk: DiskPage) -> None:
    disk.page.mouse.move(*disk.pixel(disk.lonely(3)[1]))
    disk.page.mouse.wheel(0, -700)
    disk.settle()
    assert disk.state()["view"]["zoom"] > 2
    click_each(disk, disk.lonely(4))


def test_the_nearest_point_within_reach_is_picked_and_none_beyond(disk: DiskPage) -> None:
    row = disk.lonely(1, apart=28)[0]
    spot = disk.pixel(row)
    disk.page.mouse.click(*(spot + [9, -9]))
    assert disk.log("pick") == [row]
    disk.page.mouse.click(*(spot + [11, -11]))
    assert disk.log("pick") == [row] and len(disk.log("background")) == 1


def test_a_press_that_moves_is_a_drag_and_a_shaky_one_still_a_click(disk: DiskPage) -> None:
    row = disk.lonely(1)[0]
    spot = disk.pixel(row)
    disk.drag(spot, spot + [2, 2])
    assert disk.log("pick") == [row] and disk.state()["view"]["centre"] == [0, 0]
    disk.drag(spot, spot + [20, 10])
    assert disk.log("pick") == [row] and disk.state()["view"]["centre"] != [0, 0]


def test_a_tap_picks_with_a_finger_sized_reach(open_page: OpenPage, site: str, world: World) -> None:
    page = open_page(site + "/", viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")
    phone = DiskPage(page, world)
    phone.run("disk.load('/world.bin')")
    row = phone.lonely(1, apart=12)[0]
    page.touchscreen.tap(*(phone.pixel(row) + [2, 2]))
    assert phone.log("pick") == [row]
    box = phone.stage()
    assert 340 < box["width"] == box["height"] <= 350
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


# ---- moving around


def test_a_dragged_point_stays_under_the_mouse(disk: DiskPage) -> None:
    row = disk.lonely(5)[2]
    start = disk.pixel(row)
    for end in (start + [60, 45], start + [-80, 120]):
        disk.drag(disk.pixel(row), end)
        np.testing.assert_allclose(disk.pixel(row), end, atol=0.6)


def test_dragging_in_a_circle_does_not_turn_the_disk(disk: DiskPage) -> None:
    before = disk.pixels()
    box = disk.stage()
    centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    disk.page.mouse.move(*centre)
    disk.page.mouse.down()
    for x, y in [(150, 0), (150, 150), (0, 150), (0, 0)]:
        disk.page.mouse.move(*(centre + [x, y]), steps=3)
    disk.page.mouse.up()
    disk.settle()
    np.testing.assert_allclose(disk.pixels(), before, atol=0.5)


def test_a_panned_picture_is_the_one_drawn_afresh_at_that_view(disk: DiskPage) -> None:
    box = disk.stage()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    home = disk.picture()
    disk.drag(middle, middle + [-120, 70])
    disk.page.mouse.move(2, 2)
    disk.settle()
    panned = disk.picture()
    disk.run("disk.paint.points.renderer.recover()")
    disk.settle()
    assert np.abs(panned - disk.picture()).mean() < 0.5, "old positions must not stay on the screen"
    assert np.abs(panned - home).mean() > 3


def test_the_wheel_zooms_about_the_pointer(disk: DiskPage) -> None:
    box = disk.stage()
    spot = np.array([130.0, 170.0])
    under = "hypviz.math.untranslate(disk.paint.toView(v[0]), disk.paint.view.centre)"
    before = disk.run(under, spot.tolist())
    disk.page.mouse.move(*(spot + [box["x"], box["y"]]))
    disk.page.mouse.wheel(0, -500)
    disk.until("disk.state().view.zoom > 1.8")
    assert disk.run(under, spot.tolist()) == pytest.approx(before, abs=1e-9)
    disk.page.mouse.wheel(0, 5000)
    disk.until("disk.state().view.zoom === 1")
    assert disk.run(under, spot.tolist()) == pytest.approx(before, abs=1e-9)


def test_a_double_click_brings_the_point_to_the_middle_and_home_brings_it_back(disk: DiskPage) -> None:
    row, box = disk.lonely(4)[1], disk.stage()
    before = disk.pixel(row)
    disk.page.mouse.dblclick(*before)
    disk.until("disk.state().view.centre[0] !== 0")
    np.testing.assert_allclose(disk.pixel(row), [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2], atol=0.6)
    disk.page.keyboard.press("Escape")
    disk.until("disk.state().view.centre[0] === 0")
    np.testing.assert_allclose(disk.pixel(row), before, atol=0.1)
    disk.run("disk.setView({centre: [0.4, 0.1], zoom: 3})")
    disk.page.locator(".hd-home").click()
    disk.until("disk.state().view.centre[0] === 0 && disk.state().view.zoom === 1")


def test_home_is_a_short_glide_unless_motion_is_unwanted(disk: DiskPage) -> None:
    code = """(() => {
      const [own, queue, seen] = [window.requestAnimationFrame, [], []];
      window.requestAnimationFrame = (frame) => queue.push(frame);
      disk.setView({ centre: [0.5, 0] });
      const start = performance.now();
      disk.home();
      for (const ms of [1, 140, 300]) {
        queue.splice(0).forEach((frame) => frame(start + ms));
        seen.push(disk.state().view.centre[0]);
      }
      window.requestAnimationFrame = own;
      return seen;
    })()"""
    assert disk.run(code) == [0, 0, 0]
    disk.page.emulate_media(reduced_motion="no-preference")
    first, half, last = disk.run(code)
    disk.page.emulate_media(reduced_motion="reduce")
    assert first > half > last == 0 and first > 0.49


def test_arrow_keys_ask_for_a_step_in_the_hierarchy(disk: DiskPage) -> None:
    disk.page.locator("#disk").focus()
    for key in ("ArrowUp", "ArrowDown", "ArrowRight", "ArrowLeft"):
        disk.page.keyboard.press(key)
    assert disk.log("step") == ["parent", "child", "sibling+", "sibling-"]


# ---- rings


@pytest.mark.parametrize("view", [{}, {"centre": [0.5, -0.3]}, {"centre": [0.2, 0.25], "zoom": 1.7}])
def test_ring_labels_stand_on_their_ring_at_the_true_distance(disk: DiskPage, view: dict[str, object]) -> None:
    disk.run("disk.setView(v[0])", view)
    disk.settle()
    scale = RadiusScale.from_radii(disk.world.embedding.radii)
    rings, size = disk.state()["rings"], disk.state()["size"]
    groups = [group.locator(":scope > text").all() for group in disk.page.locator("svg.hd-over g").all()]
    labels = next(texts for texts in groups if len(texts) == len(rings))
    assert len(rings) == len(labels) >= 4
    shown = 0
    for ring, label in zip(rings, labels, strict=True):
        assert label.text_content() == f"{ring['true']:g}" + (" from root" if ring is rings[-1] else "")
        if label.get_attribute("visibility") != "visible":
            continue
        spot = [float(label.get_attribute("x") or "nan"), float(label.get_attribute("y") or "nan") - 3.8]
        assert 0 < spot[0] < size and 0 < spot[1] < size
        there = disk.run("hypviz.math.untranslate(disk.paint.toView(v[0]), disk.paint.view.centre)", spot)
        assert scale.true(np.hypot(*there)) == pytest.approx(ring["true"], rel=1e-4)
        shown += 1
    assert shown >= 3


def test_rings_move_with_the_points_they_measure(disk: DiskPage) -> None:
    disk.run("disk.setView({centre: [-0.45, 0.35]})")
    disk.settle()
    ring = disk.state()["rings"][-2]
    box = disk.stage()
    rows = np.argsort(np.abs(disk.world.embedding.radii - ring["true"]))[:5]
    for row in rows:
        away = np.hypot(*(disk.pixel(row) - [box["x"] + ring["cx"], box["y"] + ring["cy"]]))
        assert away == pytest.approx(ring["r"], abs=1.5)


# ---- the cone


def exterior_angle(apex: tuple[float, float], points: np.ndarray, curv: float) -> np.ndarray:
    """method.md §2, the stable form; points are (angle, radius)."""
    theta, r_x, r_y = points[:, 0] - apex[0], np.sqrt(curv) * apex[1], np.sqrt(curv) * points[:, 1]
    return np.arctan2(np.abs(np.sin(theta)) / np.cosh(r_x), np.cos(theta) - np.tanh(r_x) / np.tanh(r_y))


def cone_points(disk: DiskPage, side: str = "left") -> np.ndarray:
    return np.array([[point["angle"], point["radius"]] for point in disk.state()["cone"][side]])


@pytest.mark.parametrize("name", ["wide", "world"])
def test_the_drawn_cone_is_the_set_of_points_seen_at_omega(disk: DiskPage, name: str) -> None:
    disk.run("disk.load(v[0])", f"/{name}.bin")
    curv = disk.run("disk.paint.space.curv")
    disk.run("disk.setSelection({row: disk.paint.depth.indexOf(1)})")
    apex = disk.state()["apex"]
    for omega in (0.2, 0.9, 1.6, 2.4, 3.0):
        disk.run("disk.setOmega(v[0])", omega)
        for side in ("left", "right"):
            points = cone_points(disk, side)[2:-1]
            assert len(points) > 10
            np.testing.assert_allclose(exterior_angle((apex["angle"], apex["radius"]), points, curv), omega, atol=2e-6)
        assert cone_points(disk)[0] == pytest.approx([apex["angle"], apex["radius"]])


@pytest.mark.parametrize("omega", [0.3, 1.5, 2.9])
def test_the_cone_agrees_with_the_geometry_package(disk: DiskPage, omega: float) -> None:
    from hypviz.geometry.poincare import cone_boundary

    left, right = cone_boundary(0.8, 0.5, omega, curv=0.6, steps=40, reach=6.0)
    code = "v[0].map((t) => hypviz.math.rayPoint(0.8, v[1], t, {curv: 0.6, geometry: 'hyperbolic'}))"
    found = np.array(disk.run(code, np.linspace(0, 6, 40).tolist(), omega))
    np.testing.assert_allclose(found + [0.5, 0], left, atol=1e-9)
    np.testing.assert_allclose(found * [-1, 1] + [0.5, 0], right, atol=1e-9)


@pytest.mark.parametrize("omega", [0.4, 2.2])
def test_a_euclidean_cone_has_straight_edges(disk: DiskPage, omega: float) -> None:
    code = "hypviz.math.coneEdge(0.7, v[0], 3, {curv: 1, geometry: 'euclidean'}).map((p) => [p.angle, p.radius])"
    edge = np.array(disk.run(code, omega))[1:-1]
    seen = edge[:, 1:] * np.stack([np.cos(edge[:, 0]), np.sin(edge[:, 0])], axis=1) - [0.7, 0]
    np.testing.assert_allclose(np.arctan2(seen[:, 1], seen[:, 0]), omega, atol=1e-9)


def test_the_cone_is_painted_over_its_inside_only(disk: DiskPage) -> None:
    row = int(np.flatnonzero(disk.world.tree.depth == 0)[3])
    before = disk.picture()
    disk.run("(disk.setOmega(0.5), disk.setSelection({row: v[0], members: Array.from({length: disk.state().n}, (_, i) => i)}))", row)
    disk.settle()
    changed = np.abs(disk.picture() - before).sum(axis=-1) > 4
    box, apex = disk.stage(), disk.state()["apex"]
    half = box["width"] / 2

    def seen_at(angle: float, radius: float) -> bool:
        x, y = np.array([np.cos(angle), -np.sin(angle)]) * half / PAD * radius + half
        return bool(changed[int(y), int(x)])

    radius = RadiusScale.from_radii(disk.world.embedding.radii).drawn(apex["radius"])
    outward = [seen_at(apex["angle"], r) for r in np.linspace(radius + 0.1, 0.97, 12)]
    inward = [seen_at(apex["angle"], r) for r in np.linspace(0.05, radius - 0.08, 8)]
    opposite = [seen_at(apex["angle"] + np.pi, r) for r in np.linspace(0.05, 0.97, 12)]
    assert all(outward) and not any(inward) and not any(opposite)


def test_moving_omega_redraws_the_cone_alone(disk: DiskPage) -> None:
    disk.run("(disk.setOmega(0.4), disk.setSelection({row: 4}))")
    disk.run("(window.calls = 0, window.react = Plotly.react, Plotly.react = (...a) => { calls++; return react(...a); })")
    paths = disk.run("[0.3, 0.6, 1.2, 2.4].map((omega) => (disk.setOmega(omega), disk.root.querySelector('.hd-cone').getAttribute('d')))")
    assert len(set(paths)) == 4 and disk.run("calls") == 0
    assert disk.run("(Plotly.react = window.react, disk.setOmega(null), disk.root.querySelector('.hd-cone').getAttribute('d'))") == ""


def test_what_is_drawn_already_is_only_moved(disk: DiskPage) -> None:
    disk.run("disk.setSelection({row: 4, members: [5, 6, 7]})")
    disk.run("(window.calls = 0, window.react = Plotly.react, Plotly.react = (...a) => { calls++; return react(...a); })")
    disk.run("(disk.setSelection({row: 4, members: [5, 6, 7]}), disk.setView({centre: [0.3, 0.1], zoom: 1.5}), disk.setPins([]))")
    disk.settle()
    moved = disk.picture()
    assert disk.run("calls") == 0
    disk.run("(disk.paint.points.drawn = null, disk.paint.rebuild())")
    disk.settle()
    assert disk.run("calls") == 1 and np.abs(disk.picture() - moved).mean() < 0.5, "it looks as if it were drawn anew"
    for change in ("setSelection({row: 4, members: [5, 6]})", "setColour('depth')", "setSelection(null)"):
        before = disk.run("calls")
        disk.run(f"disk.{change}")
        assert disk.run("calls") > before, change
    disk.run("Plotly.react = window.react")


# ---- selection


def test_a_selection_dims_the_others(disk: DiskPage) -> None:
    rows = disk.lonely(16)
    chosen, others = rows[::2], rows[1::2]
    before = disk.picture()
    disk.run("disk.setSelection({row: v[0], members: Uint32Array.from(v[1])})", chosen[0], chosen[1:])
    disk.settle()
    state, after = disk.state(), disk.picture()
    assert (state["lit"], state["dimmed"]) == (len(chosen), state["n"] - len(chosen))
    face = np.array([245.0, 248, 252])
    for row in others:
        assert np.abs(disk.colours_at(row, after) - face).sum() < 0.45 * np.abs(disk.colours_at(row, before) - face).sum()
    for row in chosen[1:]:  # they keep their strength, with a rim in the cone's colour
        assert np.abs(disk.colours_at(row, after) - face).sum() > 0.8 * np.abs(disk.colours_at(row, before) - face).sum()
    disk.run("disk.setSelection(null)")
    disk.settle()
    assert disk.state()["dimmed"] == 0
    assert np.abs(disk.picture() - before).mean() < 0.3


def test_a_selection_is_marked_with_rings_edges_and_the_path_to_the_root(disk: DiskPage) -> None:
    scene, child, part = 0, 1, 2
    selection = {"row": child, "children": [part, 3], "parents": [scene], "path": [child, scene], "edges": [[child, part]]}
    disk.run("disk.setSelection(v[0])", selection)
    count = disk.page.locator
    assert [count(f".hd-{name}").count() for name in ("child", "parent", "selected")] == [2, 1, 1]
    box, spot = disk.stage(), disk.pixel(child)
    mark = disk.page.locator(".hd-selected")
    assert [float(mark.get_attribute(axis) or "nan") for axis in ("cx", "cy")] == pytest.approx(spot - [box["x"], box["y"]], abs=0.1)
    assert disk.state()["lit"] == 4
    drawn = disk.page.locator(".hd-path").get_attribute("d") or ""
    ends = [[float(value) for value in spot.split()] for spot in re.findall(r"[\d.]+ [\d.]+", drawn)]
    middle = [box["width"] / 2] * 2
    assert ends[0] == pytest.approx(middle, abs=0.1) and ends[-1] == pytest.approx(spot - [box["x"], box["y"]], abs=0.1)


def test_edges_are_geodesics_of_the_true_plane(disk: DiskPage) -> None:
    code = "hypviz.math.geodesic(...v).map((p) => [p.angle, p.radius])"
    ends = {"angle": 0.3, "radius": 1.1}, {"angle": 2.0, "radius": 0.7}
    points = np.array(disk.run(code, *ends, {"curv": 0.5, "geometry": "hyperbolic"}))
    r = np.sqrt(0.5) * points[:, 1]
    lifted = np.stack([np.sinh(r) * np.cos(points[:, 0]), np.sinh(r) * np.sin(points[:, 0]), np.cosh(r)], axis=1)
    assert np.linalg.svd(lifted)[1][-1] < 1e-9, "a geodesic lies in a plane through the origin of the hyperboloid"
    np.testing.assert_allclose(points[[0, -1]], [[0.3, 1.1], [2.0, 0.7]], atol=1e-9)
    steps = np.arccosh(np.maximum(1, -(lifted[1:] * lifted[:-1] * [1, 1, -1]).sum(axis=1)))
    assert np.ptp(steps) < 1e-6


def test_an_own_query_is_a_diamond_with_its_label_and_a_cone(disk: DiskPage) -> None:
    polar = {"angle": 1.0, "radius": 0.37}
    disk.run("(disk.setExtra([{...v[0], label: '<b>mine</b>'}]), disk.setOmega(0.5))", polar)
    disk.run("disk.setSelection({row: null, polar: v[0], members: []})", polar)
    assert disk.page.locator(".hd-extra-label").text_content() == "<b>mine</b>"
    drawn = float(RadiusScale.from_radii(disk.world.embedding.radii).drawn(0.37))
    box = disk.stage()
    mark = disk.page.locator(".hd-extra").bounding_box()
    assert mark is not None
    half = box["width"] / 2
    wanted = [box["x"] + half + half / PAD * drawn * np.cos(1.0), box["y"] + half - half / PAD * drawn * np.sin(1.0)]
    assert [mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2] == pytest.approx(wanted, abs=1.5)
    assert disk.state()["apex"] == polar and disk.state()["cone"] is not None


def test_the_legend_highlights_a_branch_and_lets_go_again(disk: DiskPage) -> None:
    header = unpack(make_payload(disk.world))[0]
    button = disk.page.locator(".hd-legend button").nth(2)
    assert button.text_content() == f"{header['branches'][2]['name']}{header['branches'][2]['count']}"
    button.click()
    assert disk.state()["lit"] == header["branches"][2]["count"] and disk.state()["highlight"] == 2
    disk.page.locator(".hd-legend button").nth(2).click()
    assert disk.state()["dimmed"] == 0


def test_colours_follow_depth_on_request(disk: DiskPage) -> None:
    disk.run("disk.setColour('depth')")
    names = [text.rstrip("0123456789,") for text in disk.page.locator(".hd-legend button").all_text_contents()]
    assert names == ["scene", "object", "part"]
    assert disk.state()["colourBy"] == "depth" and len(disk.run("disk.paint.points.groups")) == 3


# ---- hover


def test_hovering_rings_at_once_and_opens_the_card_after_a_moment(disk: DiskPage) -> None:
    row = disk.lonely(5, among=np.flatnonzero(disk.world.tree.depth == 2))[2]
    ring = disk.page.locator(".hd-hover")
    card = disk.page.locator(".hd-card")
    disk.run("(window.early = null, addEventListener('pointermove', () => (early ??= disk.el.card.className)))")
    disk.page.mouse.move(*disk.pixel(row))
    expect(ring).to_have_attribute("visibility", "visible")
    assert disk.state()["hovered"] == row and disk.run("window.early") == "hd-card"
    expect(card).to_have_class("hd-card is-open")
    name = disk.world.classes[disk.world.tree.label[row]]
    lines = card.locator(".hd-card-text > div").all_text_contents()
    assert lines == [name, f"part · {disk.world.embedding.radii[row]:.3f} from root", f"image {disk.world.image[row] + 1}"]
    assert card.locator("img").get_attribute("src") == f"/thumb.png?{row}"
    disk.page.mouse.move(2, 2)
    expect(card).not_to_have_class("hd-card is-open")
    assert disk.log("hover") == [row, None] and ring.get_attribute("visibility") == "hidden"


def test_passing_over_a_point_fetches_no_picture(disk: DiskPage) -> None:
    x, y = disk.pixel(disk.lonely(3)[1])
    pass_over = """((at, stage) => {
      stage.dispatchEvent(new PointerEvent("pointermove", { ...at, pointerType: "mouse" }));
      const seen = disk.state().hovered;
      stage.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" }));
      return seen;
    })({ clientX: v[0], clientY: v[1] }, disk.el.stage)"""
    assert disk.run(pass_over, x, y) >= 0
    disk.page.wait_for_timeout(250)
    assert disk.log("hover") == []


def test_the_card_is_above_its_point_inside_the_stage_and_never_on_the_point(disk: DiskPage) -> None:
    box = disk.stage()
    spots = disk.pixels()
    extremes = [spots[:, 1].argmin(), spots[:, 1].argmax(), spots[:, 0].argmin(), spots[:, 0].argmax(), len(spots) // 2]
    for row in map(int, extremes):
        disk.run("disk.card.hide()")
        disk.run("disk.card.show({row: v[0], index: v[0]})", row)
        card = disk.page.locator(".hd-card").bounding_box()
        assert card is not None
        x, y = disk.pixel(row)
        assert card["x"] >= box["x"] and card["x"] + card["width"] <= box["x"] + box["width"]
        assert card["y"] >= box["y"] and card["y"] + card["height"] <= box["y"] + box["height"]
        above = card["y"] + card["height"] < y
        beside = card["x"] > x or card["x"] + card["width"] < x
        assert above or (beside and card["y"] < y + 60)


def test_names_from_the_data_are_shown_as_text(open_page: OpenPage, world: World) -> None:
    evil = "<img src=x onerror='window.hacked = 1'>"
    changes = {"classes": [evil] * 20, "branch_names": [evil] * 12, "image_names": [evil] * 40}
    with serve(files() | {"/evil.bin": make_payload(world, **changes)}) as address:
        disk = DiskPage(open_page(address + "/", reduced_motion="reduce"), world)
        disk.run("disk.load('/evil.bin')")
        disk.run("disk.card.show({row: 1, index: 1})")
        disk.settle()
        assert disk.page.locator(".hd-card-text > div").first.text_content() == evil
        assert disk.run("window.hacked") is None


# ---- surroundings


def test_the_caption_says_how_many_and_what_radius_and_angle_mean(disk: DiskPage) -> None:
    header = unpack(make_payload(disk.world))[0]
    assert disk.page.locator(".hd-caption").text_content() == (
        f"showing {header['n']} of {header['n']} · radius = true distance to the root · "
        f"angle = projection (rank correlation {header['distortion']:.2f}, chance {header['chance']:.2f})"
    )


def test_light_and_dark_follow_the_page(disk: DiskPage) -> None:
    light = disk.picture().mean()
    disk.run("document.body.classList.add('dark')")
    disk.settle()
    assert disk.state()["theme"] == "dark" and disk.picture().mean() < 90 < light
    disk.run("document.body.classList.remove('dark')")
    disk.settle()
    assert disk.state()["theme"] == "light" and disk.picture().mean() == pytest.approx(light, abs=1)
    disk.page.emulate_media(color_scheme="dark")
    disk.until("disk.state().theme === 'dark'")
    disk.page.emulate_media(color_scheme="light")


def test_a_new_size_keeps_points_clickable(disk: DiskPage) -> None:
    disk.page.set_viewport_size({"width": 420, "height": 800})
    disk.until("disk.state().size < 400")
    disk.settle()
    box = disk.stage()
    assert box["width"] == box["height"] == pytest.approx(380, abs=2) and disk.state()["size"] == round(box["width"])
    click_each(disk, disk.lonely(3, apart=6))
    disk.page.set_viewport_size({"width": 760, "height": 900})
    disk.until("disk.state().size === 700")


def test_a_second_payload_of_the_same_points_moves_them_to_their_new_places(disk: DiskPage) -> None:
    world = disk.world
    angles = unpack(make_payload(world))[1]["angle"]
    moved = make_payload(world, angles=np.mod(angles + 1, 2 * np.pi))
    disk.run("disk.setSelection({row: 5})")
    disk.run("disk.setPoints(Uint8Array.from(v[0]).buffer)", as_json(list(moved)))
    disk.settle()
    found = np.array(disk.run("Array.from(disk.paint.vx, (x, i) => Math.atan2(disk.paint.vy[i], x))"))
    np.testing.assert_allclose(np.angle(np.exp(1j * (found - angles - 1))), 0, atol=1e-5)
    assert disk.state()["selected"] is None
    disk.run("disk.load('/world.bin')")


def test_what_cannot_be_loaded_is_said_on_the_disk(disk: DiskPage) -> None:
    with pytest.raises(Exception, match="the server answered 404"):
        disk.run("disk.load('/nothing.bin')")
    assert disk.page.locator(".hd-note").text_content() == "The disk could not be loaded: the server answered 404"
    disk.run("disk.load('/world.bin')")
    expect(disk.page.locator(".hd-note")).to_be_hidden()


NO_WEBGL = """(() => {
  const own = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) { return kind === "2d" ? own.call(this, kind, ...more) : null; };
  disk.destroy();
  disk = make();
})()"""


def test_without_webgl_a_canvas_shows_the_same_picture_and_says_so(disk: DiskPage, open_page: OpenPage, site: str, world: World) -> None:
    page = open_page(site + "/", viewport={"width": 760, "height": 900}, reduced_motion="reduce")
    plain = DiskPage(page, world)
    plain.run(NO_WEBGL)
    plain.run("disk.load('/world.bin')")
    assert plain.state()["webgl"] is False and disk.state()["webgl"] is True
    assert "WebGL is not available" in (page.locator(".hd-note").text_content() or "")
    page.evaluate("document.querySelector('.hd-note').hidden = true")
    for view in ({}, {"centre": [0.4, 0.2], "zoom": 1.5}):
        for one in (disk, plain):
            one.run("disk.setView(v[0])", view)
            one.settle()
        assert np.abs(disk.picture() - plain.picture()).mean() < 0.9
    assert np.abs(disk.picture() - blank(plain)).mean() > 1, "the comparison can fail"


def blank(disk: DiskPage) -> np.ndarray:
    """The disk without points."""
    disk.run("disk.paint.points.renderer.canvas.style.visibility = 'hidden'")
    return disk.picture()


def test_more_points_than_can_be_drawn_are_sampled_but_never_the_selection(open_page: OpenPage, site: str, world: World) -> None:
    page = open_page(site + "/", viewport={"width": 760, "height": 900}, reduced_motion="reduce")
    disk = DiskPage(page, world)
    disk.run("(disk.paint.points.limit = 3000, disk.load('/many.bin'))")
    state = disk.state()
    assert state["drawn"] == 3000 < state["n"]
    assert f"showing 3,000 of {state['n']:,}: evenly spread" in (page.locator(".hd-caption").text_content() or "")
    left_out = next(row for row in range(state["n"]) if row not in set(disk.run("Array.from(disk.paint.points.shown)")))
    disk.run("disk.setSelection({row: v[0]})", left_out)
    assert disk.state()["lit"] == 1 and disk.state()["drawn"] == 3001
    disk.run("disk.setView({centre: [0.3, 0]})")
    disk.settle()
    disk.page.mouse.click(*disk.pixel(left_out))
    assert disk.log("pick") == [left_out]


def test_a_lost_webgl_context_comes_back(disk: DiskPage) -> None:
    before = disk.picture()
    lose = "(canvas) => canvas.getContext('webgl')?.getExtension('WEBGL_lose_context')?.loseContext()"
    disk.run(f"disk.root.querySelectorAll('.hd-plot canvas').forEach({lose})")
    disk.page.wait_for_timeout(100)
    disk.settle()
    assert np.abs(disk.picture() - before).mean() < 0.5


def test_the_export_is_a_standalone_vector_picture(disk: DiskPage) -> None:
    disk.run("(disk.setOmega(0.4), disk.setSelection({row: 4, members: [5, 6, 7]}))")
    root = ElementTree.fromstring(disk.run("disk.toSVG()"))
    name = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{name}g[2]/{name}g/{name}circle")) == disk.state()["n"]
    assert root.get("width") == str(disk.state()["size"])
    assert not root.findall(".//*[@class]"), "nothing may depend on the page's style sheet"
    labels = [text.text for text in root.iter(f"{name}text")]
    assert "root" in labels and any("from root" in (label or "") for label in labels)


def test_it_leaves_nothing_behind(open_page: OpenPage, site: str, world: World) -> None:
    disk = DiskPage(open_page(site + "/", reduced_motion="reduce"), world)
    disk.run("disk.load('/world.bin')")
    assert disk.page.locator(".hd-plot .modebar").count() == 0
    assert disk.page.locator(".hd-plot canvas").count() <= 3, "one plotly figure's worth of WebGL"
    disk.run("disk.destroy()")
    assert disk.page.locator("#disk").inner_html() == "" and disk.page.locator("canvas").count() == 0
    disk.run("(disk = make(), disk.load('/world.bin'))")
    assert disk.state()["drawn"] == disk.state()["n"]
