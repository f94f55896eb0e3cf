"""Links, keys, words for a screen reader, fingers, and pictures to take away."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from hypviz.explore.view import View
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer

STATE = """[s.answer.id, s.disk.colourBy, s.pins, s.set, s.disk.edges,
  s.disk.view.centre.map((x) => x.toFixed(4)), s.disk.view.zoom.toFixed(3)]"""


# ---- links


def test_a_link_brings_everything_back(explorer: ExplorerPage, open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    row = int(np.flatnonzero(explorer.points()["depth"] == 1)[7])
    explorer.walk(row)
    explorer.page.locator(".hv-pin").click()
    explorer.until("s.disk.pins === 1")
    explorer.walk(row + 40)
    explorer.menu("Colour").get_by_role("radio", name="Level").check()
    explorer.close_menu()
    explorer.menu("Find").get_by_role("button", name="Same picture").click()
    explorer.until("s.set > 1")
    explorer.menu("Layout").get_by_label("Tangent PCA").first.check()
    explorer.until("disk.paint.header.layout === 'pca'")
    explorer.close_menu()
    box = explorer.page.locator(".hd-stage").bounding_box()
    assert box is not None
    explorer.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    explorer.page.mouse.wheel(0, -500)
    explorer.until("s.disk.view.zoom > 1.5")
    explorer.page.wait_for_function("location.hash.includes('at=')")
    explorer.page.wait_for_timeout(1500)  # the glide of the zoom ends, and the link is written again
    link = "#" + explorer.page.url.split("#")[1]
    again = open_explorer(open_page, explorer_site, link)
    mine, theirs = explorer.run(STATE), again.run(STATE)
    assert [float(part) for part in theirs[5]] == pytest.approx([float(part) for part in mine[5]], abs=1e-3), "the same place on the disk"
    assert [*theirs[:5], *theirs[6:]] == [*mine[:5], *mine[6:]]
    assert again.errors() == []
    for code in ("disk.paint.header.layout", "disk.look.set.encode()", "disk.look.pins"):
        assert again.run(code) == explorer.run(code), code


@pytest.mark.parametrize(
    "link, complaint",
    [
        ("#item=0000000000000000", "0000000000000000"),
        ("#set=AAAA&n=3", "another state of the data"),
        ("#set=_____w8&n=8923", "not there"),
        ("#data=elsewhere", "data “elsewhere”"),
        ("#layout=spiral", "spiral"),
    ],
)
def test_a_link_that_cannot_be_followed_says_why_and_opens_the_rest(
    open_page: OpenPage, explorer_site: tuple[str, View], link: str, complaint: str
) -> None:
    explorer = open_explorer(open_page, explorer_site, link)
    assert complaint in explorer.errors()[0]
    assert explorer.run("s.answer.row") == explorer.run("s.view.start")


def test_sets_survive_the_address_bar(explorer: ExplorerPage) -> None:
    rng = np.random.default_rng(0)
    for rows in ([0], [8922], [0, 1, 2], sorted(rng.choice(8923, 700, replace=False).tolist()), list(range(8923))):
        assert explorer.run("Array.from(hypviz.Bits.lengthen(hypviz.Bits.of(v[0], 8923).shorten(), 8923).rows())", rows) == rows


# ---- keys and words


def test_arrows_walk_enter_selects_and_all_of_it_is_said(explorer: ExplorerPage) -> None:
    words = explorer.page.locator(".hv-sr")
    explorer.page.locator(".hv-disk").first.focus()
    start = explorer.run("s.answer.row")
    best = explorer.run("s.answer.children.reduce((a, b) => (a.angle < b.angle ? a : b)).row")
    explorer.page.keyboard.press("ArrowDown")
    explorer.until("s.answer.row === v[0]", best)
    label, radius = explorer.view.items.name(best), explorer.view.embedding.radii[best]
    expect(words).to_contain_text(f"{label}, {radius:.3f} from the root")
    explorer.page.keyboard.press("Enter")
    explorer.until("s.set === 1")
    expect(words).to_contain_text("1 items selected")
    explorer.page.keyboard.press("Enter")
    explorer.until("s.set === 0")
    boxes = explorer.run("s.answer.picture.boxes.map((b) => b.row)")
    explorer.page.keyboard.press("ArrowRight")
    explorer.until("s.answer.row === v[0]", boxes[(boxes.index(best) + 1) % len(boxes)])
    explorer.page.keyboard.press("Backspace")
    explorer.until("s.answer.row === v[0]", best)
    assert start != best


def test_keys_open_search_pin_zoom_and_list_themselves(explorer: ExplorerPage) -> None:
    keyboard = explorer.page.keyboard
    explorer.page.locator(".hv-disk").first.focus()
    keyboard.press("c")
    explorer.until("s.disk.pins === 1")
    keyboard.press("+")
    explorer.until("s.disk.view.zoom > 1.4")
    keyboard.press("Escape")
    explorer.until("s.disk.view.zoom === 1")
    keyboard.press("b")
    assert explorer.run("s.disk.tool") == "box"
    keyboard.press("Escape")
    assert explorer.run("s.disk.tool") == "move"
    keyboard.press("?")
    expect(explorer.page.locator(".hv-help")).to_be_visible()
    keyboard.press("Escape")
    expect(explorer.page.locator(".hv-help")).to_be_hidden()
    explorer.page.locator(".hv-disk").first.focus()
    keyboard.press("/")
    expect(explorer.page.locator(".hv-search")).to_be_focused()
    keyboard.type("c")
    assert explorer.run("s.disk.pins") == 1, "letters in a text box are text"
    keyboard.press("Escape")
    expect(explorer.page.locator(".hv-search")).to_be_hidden()


# ---- fingers


def test_two_fingers_zoom_about_the_point_between_them(open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    phone = open_explorer(open_page, explorer_site, viewport={"width": 390, "height": 844}, has_touch=True)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.page.locator(".hd-stage").scroll_into_view_if_needed()
    box = phone.page.locator(".hd-stage").bounding_box()
    assert box is not None
    middle = np.array([box["x"] + 0.45 * box["width"], box["y"] + 0.6 * box["height"]])
    under = "hypviz.math.untranslate(disk.paint.toView(v[0]), disk.paint.view.centre)"
    spot = (middle - [box["x"], box["y"]]).tolist()
    before = phone.run(under, spot)
    session = phone.page.context.new_cdp_session(phone.page)
    for kind, reach in (("touchStart", 40), ("touchMove", 60), ("touchMove", 90), ("touchEnd", 0)):
        points = [{"x": middle[0] + side * reach, "y": middle[1], "id": i} for i, side in enumerate((-1, 1))] if reach else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.until("s.disk.view.zoom > 2")
    assert phone.run("s.disk.view.zoom") == pytest.approx(90 / 40, rel=0.02)
    np.testing.assert_allclose(phone.run(under, spot), before, atol=0.01)


# ---- pictures to take away


def save(explorer: ExplorerPage, name: str, folder: Path) -> Path:
    menu = explorer.menu("Save")
    with explorer.page.expect_download() as waiting:
        menu.get_by_role("button", name=name).click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    explorer.close_menu()
    return file


def test_svg_png_and_print_hold_the_disk_with_its_ring_labels(explorer: ExplorerPage, tmp_path: Path) -> None:
    root = ElementTree.fromstring(save(explorer, "SVG", tmp_path).read_text(encoding="utf-8"))
    labels = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    rings = explorer.run("s.disk.rings.map((ring) => ring.true)")
    assert all(any(label.split(" ")[0] == f"{ring:g}" for label in labels) for ring in rings)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) > explorer.run("s.view.count")
    picture = Image.open(save(explorer, "PNG", tmp_path))
    assert picture.size == (3 * explorer.run("s.disk.size"),) * 2
    assert np.asarray(picture.convert("L")).std() > 5
    explorer.page.evaluate("window.printed = 0; addEventListener('message', ({ data }) => (printed += data === 'print'))")
    explorer.page.add_init_script("if (window.parent !== window) window.print = () => parent.postMessage('print', '*')")
    explorer.menu("Save").get_by_role("button", name="PDF").click()
    explorer.page.wait_for_selector("iframe.hd-print", state="attached")
    frame = explorer.page.frames[-1]
    assert frame.locator("svg text").filter(has_text="from root").count() >= 1
    assert "size: 85mm " in frame.content(), "a page as wide as the figure"
    explorer.page.wait_for_function("window.printed === 1")


def test_a_figure_has_its_width_in_mm_is_light_on_white_and_says_what_it_shows(
    open_page: OpenPage, explorer_site: tuple[str, View], tmp_path: Path
) -> None:
    explorer = open_explorer(open_page, explorer_site, color_scheme="dark")
    explorer.menu("Save").get_by_label("Width of the figure in millimetres").fill("120")
    explorer.close_menu()
    text = save(explorer, "Figure", tmp_path).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    left, top, wide, high = (float(value) for value in root.get("viewBox", "").split())
    assert (left, top, root.get("width")) == (0, 0, "120mm") and root.get("height") == f"{120 * high / wide:.2f}mm"
    ground = root.find(f"{svg}rect")
    assert ground is not None and ground.get("fill") == "#ffffff"
    words = " | ".join(one.text or "" for one in root.iter(f"{svg}text"))
    omega = explorer.run("s.disk.omega")
    for said in (
        f"ω = {omega:.3f} rad",
        "data: clipart world",
        "checkpoint: demo",
        "from root",
        "sailboat (",
        "angles and distances from it are exact",
    ):
        assert said in words
    assert {"font-family" in one.attrib and "Helvetica" in one.attrib["font-family"] for one in root.iter(f"{svg}text")} == {True}
    light = explorer.run("Array.from(new Set(disk.paint.header.branches.map((branch) => branch.colour)))")
    fills = {one.get("fill") for one in root.iter(f"{svg}g")}
    assert len(fills & set(light)) > 5, "the colours of the light theme"
    x, y = explorer.run("disk.paint.polarToStage(disk.paint.lines.apex())")
    for picture in root.iter(f"{svg}image"):
        left, top, side = (float(picture.get(name, "nan")) for name in ("x", "y", "width"))
        assert not (left < x < left + side and top < y < top + side), "no picture over the apex"
    assert explorer.run("disk.root.dataset.theme") == "dark", "the page is as it was"


WIDTHS = """async (svg) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  const widths = async (text) => {
    await new Promise((done) => [(frame.onload = done), (frame.srcdoc = `<!doctype html>${text}`)]);
    const texts = [...frame.contentDocument.querySelectorAll("text")];
    texts.forEach((one) => one.getComputedTextLength()); // asks for the letters
    await frame.contentDocument.fonts.ready;
    const faces = [...frame.contentDocument.fonts].map((face) => [face.family, face.status]);
    return {faces, widths: texts.map((one) => [one.textContent, one.getComputedTextLength()])};
  };
  const found = await widths(svg);
  const named = await widths(svg.replace(/<style.*?<\\/style>/s, ""));
  frame.remove();
  return {...found, without: named.widths};
}"""
"""The letters that an SVG brings, and how long its words are with and without them."""


@pytest.mark.parametrize("kind", ["SVG", "Figure"])
def test_a_saved_picture_brings_its_letters(explorer: ExplorerPage, tmp_path: Path, kind: str) -> None:
    text = save(explorer, kind, tmp_path).read_text(encoding="utf-8")
    assert "http" not in text.replace("http://www.w3.org/", ""), "nothing is fetched from anywhere"
    found = explorer.page.evaluate(WIDTHS, text)
    assert ["Arimo", "loaded"] in found["faces"] and {status for _, status in found["faces"]} == {"loaded"}
    assert len(found["faces"]) == (2 if "ω" in text or ("°" in text and "ω" in text) else 1), "those whose letters occur and no other"
    pairs = [(long, without) for (words, long), (_, without) in zip(found["widths"], found["without"], strict=True) if len(words) > 3]
    assert pairs and sum(abs(a - b) > 0.5 for a, b in pairs) > len(pairs) / 2, "without them this machine shows others"
    families = {one.get("font-family", "").split(",")[0] for one in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")}
    assert families == {"Arimo"}


def test_the_offline_page_is_made_of_what_is_on_the_screen(explorer: ExplorerPage, tmp_path: Path) -> None:
    row = int(np.flatnonzero(explorer.points()["depth"] == 1)[2])
    explorer.walk(row)
    text = save(explorer, "Offline page", tmp_path).read_text(encoding="utf-8")
    data = json.loads(text.split('id="hv-data">')[1].split("</script>")[0])
    assert data["state"]["row"] == row and data["state"]["omega"] is None, "the calibrated cones"
    assert data["answers"]["cones"]["omegas"] == list(explorer.view.card.answers.cones.omegas)


def test_the_colours_of_words_are_strong_enough(open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    """WCAG AA: 4.5 for text, in both themes, of the words on the disk and in the menus."""
    for scheme in ("light", "dark"):
        explorer = open_explorer(open_page, explorer_site, color_scheme=scheme)
        explorer.menu("Find")
        for selector, behind in (
            (".hd-caption", "body"),
            (".hd-legend-list button", "body"),
            (".hv-scores", "body"),
            (".hv-facet label i", ".hv-pop"),
            (".hv-pop legend", ".hv-pop"),
        ):
            explorer.page.wait_for_selector(selector, state="attached")
            read = "([a, what]) => getComputedStyle(document.querySelector(a))[what]"
            ink, paper = (explorer.page.evaluate(read, pair) for pair in ([selector, "color"], [behind, "backgroundColor"]))
            ratio = contrast(ink, paper)
            assert ratio >= 4.5, f"{selector} in the {scheme} theme: {ratio:.2f}"


def contrast(one: str, other: str) -> float:
    levels = []
    for colour in (one, other):
        channels = np.array([float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        levels.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(levels) + 0.05) / (min(levels) + 0.05)


def test_a_link_with_one_wrong_pin_keeps_the_others(explorer: ExplorerPage, open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    good = [str(explorer.view.items.item_id[row]) for row in (5, 40)]
    page = open_explorer(open_page, explorer_site, f"#pins={good[0]},zzz,{good[1]}")
    page.until("s.disk.pins === 2")
    assert page.run("s.pins") == ",".join(good)
    assert len(page.errors()) == 1 and "zzz" in page.errors()[0]


def test_a_link_moves_both_disks_to_where_they_were(explorer: ExplorerPage, open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    link = "#layout=pca&beside=hierarchy&at=0.2,0.1,1.5&at2=-0.1,0.3,2"
    page = open_explorer(open_page, explorer_site, link)
    for code, place in (("disk", [0.2, 0.1, 1.5]), ("hypvizExplorer.second()", [-0.1, 0.3, 2])):
        assert page.run(f"[...{code}.state().view.centre, {code}.state().view.zoom]") == pytest.approx(place)
    page.run("hypvizExplorer.link()")
    assert page.run("new URLSearchParams(location.hash.slice(1)).get('at2')") == "-0.1,0.3,2"


def test_every_menu_fits_a_phone(open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    page = open_explorer(open_page, explorer_site, viewport={"width": 390, "height": 844})
    for name in ("Layout", "Colour", "Show", "Find", "Hierarchy", "Save"):
        shown = page.menu(name)
        page.page.wait_for_function(
            "(node) => { const box = node.getBoundingClientRect(); return node.firstChild && box.left >= 0 && box.right <= innerWidth; }",
            arg=shown.element_handle(),
            timeout=10_000,
        )
        page.close_menu()
