"""The Evaluate tab in a real browser with a real mouse: run it, read it, and follow its numbers to their pictures.

The demo is judged on a copy, so that the shipped workspace stays as it is. With $HYPVIZ_SCREENSHOTS set to a folder, each
state is kept there as a picture to look at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from hypviz.clipart import SPLIT_SEEDS, write_dataset
from tests.page.browser import OpenPage, new_page

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("results", "curves", "radii", "classes", "ordered", "health")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application on a copy of the demo, with a workspace of six scenes beside it."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "assets" / "demo", home / "demo")
    shutil.rmtree(home / "demo" / "workspace" / "evaluations", ignore_errors=True)
    write_dataset(home / "raw", SPLIT_SEEDS["test"][5000:5006], size=(320, 240), workers=1)
    command = [sys.executable, "-m", "hypviz", "data", "import", str(home / "raw"), "--out", str(home / "six scenes"), "--json"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    port = free_port()
    start = [sys.executable, "app.py", "--data", str(home / "demo" / "workspace"), "--port", str(port), "--no-browser"]
    log = (home / "log.txt").open("wb")
    process = subprocess.Popen(start, cwd=ROOT, env={**os.environ, "HYPVIZ_HOME": str(home)}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(1200):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            assert process.poll() is None, (home / "log.txt").read_text()
            time.sleep(0.2)
    yield address
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


def open_tab(page: Page) -> Page:
    """Bring the Evaluate tab to the front and wait until it knows where it stands."""
    page.get_by_role("tab", name="Evaluate", exact=True).click()
    page.wait_for_selector("#hv-evaluator .hv-root[data-state]")
    return page


def wait_for(page: Page, word: str) -> None:
    page.wait_for_selector(f"#hv-evaluator .hv-root[data-state='{word}']")


def state(page: Page, expression: str) -> Any:
    return page.evaluate(f"(() => {{ const s = hypvizEvaluator.state(); return {expression}; }})()")


def ask(page: Page, path: str) -> Any:
    """What the server itself says, past the page's code."""
    base = page.url.split("#")[0]
    with urllib.request.urlopen(f"{base}hypviz/evaluate/{state(page, 's.view.key')}/{path}") as answer:
        return json.loads(answer.read())


def keep(page: Page, name: str) -> None:
    """Save a picture of the state for a person to look at, when asked to."""
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.wait_for_timeout(900)
        page.screenshot(path=f"{folder}/evaluate-{name}.png")


def show(page: Page, part: str) -> None:
    page.locator(f".he-tab[data-part={part}]").click()
    page.wait_for_selector(f".he-stage[data-part={part}]")


def row_of(page: Page, title: str, score: str) -> Locator:
    """The first row of a table under a score."""
    table = page.locator(".he-table", has=page.get_by_role("heading", name=title, exact=True))
    return table.locator("tbody tr", has=page.get_by_role("cell", name=score, exact=True)).first


@pytest.fixture(scope="module")
def judged(server: str, browser: Browser) -> str:
    """The address, once the quick evaluation of the demo is there."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 1000})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(server)
    open_tab(page)
    wait_for(page, "absent")
    expect(page.locator(".he-state")).to_contain_text("Not measured yet")
    expect(page.locator(".he-what")).to_contain_text("Judging demo on clipart world")
    keep(page, "1-empty")
    page.get_by_role("button", name="Run the quick evaluation").click()
    wait_for(page, "running")
    expect(page.locator(".he-words")).to_contain_text(re.compile(r"\d+ % · demo: .* so far"))
    keep(page, "2-running")
    wait_for(page, "ready")
    expect(page.locator(".he-table").first).to_be_visible()
    keep(page, "3-results")
    outside = [url for url in requests if not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", url)]
    assert requests and not outside and not errors
    page.context.close()
    return server


@pytest.fixture(scope="module")
def opened(judged: str, browser: Browser) -> Iterator[Page]:
    """One page for most tests: opening it draws the disk, which is slow without a GPU."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page.goto(judged)
    yield open_tab(page)
    page.context.close()
    assert not errors, f"script errors on the page: {errors}"


@pytest.fixture
def page(opened: Page) -> Page:
    """The tab with the demo's quick results in front, whatever the test before did."""
    opened.keyboard.press("Escape")
    open_tab(opened)
    opened.get_by_label("Queries").select_option("quick")
    wait_for(opened, "ready")
    show(opened, "results")
    expect(opened.locator(".he-table").first).to_be_visible()
    return opened


def saved(page: Page, button: Locator) -> Path:
    with page.expect_download() as info:
        button.click()
    return Path(info.value.path())


def test_a_number_leads_to_its_pictures_and_on_to_the_disk(page: Page) -> None:
    report = ask(page, "report?apex=query&scope=quick")
    result = report["tables"][0]["rows"][0]
    row = row_of(page, "Child → parent, same class", "angle")
    number = row.locator(".he-number").first
    assert (result["score"], result["cells"][0]["metric"]) == ("angle", "precision@5")
    assert number.inner_text() == f"{100 * result['cells'][0]['value']:.1f}"
    lucky = report["tables"][0]["rows"][-1]
    last = page.locator(".he-table").first.locator("tbody tr").last
    assert lucky["chance"] and last.locator("th").inner_text() == "chance" and last.locator(".he-number").count() == 0
    assert last.locator(".he-plain").first.inner_text() == lucky["cells"][0]["text"]
    number.click()
    panel = page.locator(".he-panel")
    expect(panel).to_be_visible()
    expect(panel.locator(".he-note").first).to_contain_text(f"(chance {lucky['cells'][0]['text']} %)")
    expect(panel.locator(".he-example").first).to_be_visible()
    told = ask(page, "examples?source=demo&task=box+%E2%86%92+scene&reading=same+class&score=angle&metric=precision%405")["examples"]
    first = panel.locator(".he-example").first
    assert first.get_attribute("data-row") == str(told[0]["query"]["cards"][0]["row"])
    values = [float(one.get_attribute("data-value") or "nan") for one in panel.locator(".he-example").all()]
    assert values == sorted(values) and values == [one["value"] for one in told]
    marks = ["he-right" in (card.get_attribute("class") or "") for card in first.locator(".he-card").all()]
    assert marks == [one["relevant"] for one in told[0]["retrieved"]]
    assert sum(marks[:5]) / 5 == pytest.approx(values[0])  # the very ranking that the number was computed from
    assert [mark.inner_text() for mark in first.locator(".he-mark").all()] == ["✓" if right else "×" for right in marks]
    page.wait_for_function("document.querySelector('.he-example .he-region img').naturalWidth > 0")
    page.wait_for_function("document.querySelector('.he-example .he-card img').naturalWidth > 0")
    keep(page, "4-examples")
    target = int(first.locator(".he-card").first.get_attribute("data-row") or "-1")
    first.locator(".he-card").first.click()
    page.wait_for_function(f"hypvizExplorer.state().answer && hypvizExplorer.state().answer.row === {target}")
    expect(page.locator(".he-panel")).to_be_hidden()
    stage = page.locator(".hd-stage").bounding_box()
    assert stage is not None and stage["width"] > 300 and abs(stage["width"] - stage["height"]) < 2


def test_the_best_examples_are_the_best_and_a_class_can_be_chosen(page: Page) -> None:
    row_of(page, "Part → object", "angle").locator(".he-number").nth(1).click()
    panel = page.locator(".he-panel")
    expect(panel.locator(".he-example").first).to_be_visible()
    worst = float(panel.locator(".he-example").first.get_attribute("data-value") or "nan")
    panel.get_by_label("Examples").select_option("best")
    expect(panel.locator(".he-example").first).to_have_attribute("data-value", "1")
    assert worst < 1
    door = next(one for one in ask(page, "report?scope=quick")["classes"] if one["name"] == "door")
    panel.get_by_label("Class of the query").select_option(str(door["label"]))
    expect(panel.locator(".he-example h4").first).to_have_text("door")
    assert {one.inner_text() for one in panel.locator(".he-example h4").all()} == {"door"}


def test_numbers_are_reached_and_read_by_keyboard_alone(page: Page) -> None:
    number = row_of(page, "Child → parent, same image", "cosine").locator(".he-number").first
    number.focus()
    label = number.get_attribute("aria-label") or ""
    assert label.startswith("demo, cosine, hit rate@5") and number.inner_text() in label
    page.keyboard.press("Enter")
    expect(page.locator(".he-panel .he-example").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".he-panel")).to_be_hidden()
    assert number.evaluate("node => node === document.activeElement")
    page.locator(".he-tab[data-part=results]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".he-tab[data-part=curves]")).to_be_focused()
    expect(page.locator(".he-plot .main-svg").first).to_be_visible()


def test_curves_carry_their_thresholds_and_are_saved(page: Page) -> None:
    show(page, "curves")
    page.get_by_label("Task", exact=True).select_option("scene → contents, correct by class")
    expect(page.locator(".he-plot .textpoint text").first).to_be_visible()
    told = next(c for c in ask(page, "report?scope=quick")["curves"] if (c["task"], c["score"]) == ("scene → contents", "angle"))
    drawn = page.evaluate("document.querySelector('.he-plot').data.filter(t => t.mode === 'markers+text')[0]")
    assert len(drawn["x"]) >= 3
    for x, y, threshold, text in zip(drawn["x"], drawn["y"], drawn["customdata"], drawn["text"], strict=True):
        place = told["threshold"].index(threshold)
        assert (told["recall"][place], told["precision"][place]) == (x, y)
        assert float(text) == pytest.approx(threshold, abs=0.006)
    keep(page, "5-curves")
    line = page.locator(".he-plot .scatterlayer .point").first.bounding_box()
    assert line is not None
    page.mouse.move(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    expect(page.locator(".he-plot .hoverlayer")).to_contain_text("≤")
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(".he-panel .he-example").first).to_be_visible()
    page.locator(".he-close").click()
    svg = saved(page, page.locator(".he-chart [data-file$=svg]")).read_text()
    assert svg.startswith("<svg") and "precision" in svg and "demo · cosine" in svg
    with Image.open(saved(page, page.locator(".he-chart [data-file$=png]"))) as picture:
        assert picture.size == (2700, 1920) and picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


def test_radii_are_the_true_ones_and_a_level_leads_to_its_items(page: Page) -> None:
    show(page, "radii")
    told = ask(page, "report?scope=quick")["radii"][0]
    expect(page.locator(".he-plot .main-svg").first).to_be_visible()
    drawn = page.evaluate("(() => { const t = document.querySelector('.he-plot').data[0]; return [t.x, t.median, t.q1]; })()")
    assert drawn == [[one["name"] for one in told["levels"]], [one["quantiles"][2] for one in told["levels"]],
                     [one["quantiles"][1] for one in told["levels"]]]  # fmt: skip
    keep(page, "6-radii")
    page.locator(".he-number[data-metric='depth 1']").click()
    panel = page.locator(".he-panel")
    panel.get_by_label("Items").select_option("outer")
    expect(panel.locator(".he-card").first).to_contain_text(f"{told['levels'][1]['high']:.3f}")
    panel.locator(".he-close").click()
    page.locator(".he-number[data-metric=direct]").click()
    wrong = ask(page, "pairs?source=demo&direct=true&right=false&scope=quick")
    expect(panel.locator(".he-paging")).to_contain_text(f"of {wrong['total']}")
    assert panel.locator(".he-pair").first.get_attribute("data-rows") == " ".join(str(one["row"]) for one in wrong["pairs"][0]["cards"])


def test_classes_are_sorted_searched_and_lead_to_their_queries(page: Page) -> None:
    show(page, "classes")
    expect(page.get_by_label("Ranked by", exact=True)).to_have_value("as listed")  # as the page itself ranks
    rows = page.locator(".he-by-class tbody tr")
    expect(rows.first).to_be_visible()
    values = [float(one.inner_text()) for one in page.locator(".he-by-class .he-number").all()]
    assert values == sorted(values) and len(values) > 30
    page.get_by_role("button", name="demo", exact=True).click()
    values = [float(one.inner_text()) for one in page.locator(".he-by-class .he-number").all()]
    assert values == sorted(values, reverse=True)
    page.get_by_label("Search a class").fill("wheel")
    told = ask(page, "classes?task=part+%E2%86%92+object&reading=instance&score=as+listed&metric=precision%401")["rows"]
    expect(rows).to_have_count(sum("wheel" in one["name"] for one in told))
    keep(page, "7-classes")
    rows.first.locator(".he-number").click()
    expect(page.locator(".he-panel .he-example h4").first).to_contain_text("wheel")


def test_norm_ordered_retrieval_rises_in_radius_and_is_saved_with_its_pictures(page: Page) -> None:
    show(page, "ordered")
    wanted = page.locator("input[aria-label='Class of the query']")  # a panel left open has a menu of that name
    wanted.fill("house")
    wanted.press("Enter")
    expect(page.locator(".he-ordered h4").first).to_have_text("house")
    row = page.evaluate("Number(document.querySelector('.he-ordered .he-query img').src.split('/').pop())")
    told = ask(page, f"ordered?source=demo&row={row}&limit=10&scope=quick")["rows"]
    assert [one["score"] for one in told] == ["angle", "cosine", "distance"]
    for one in told:
        cards = page.locator(f".he-ordered-row[data-score={one['score']}] .he-card")
        expect(cards).to_have_count(10)
        radii = [float(card.get_attribute("data-radius") or "nan") for card in cards.all()]
        assert len(radii) == 10 and radii == sorted(radii)
        assert ["he-right" in (card.get_attribute("class") or "") for card in cards.all()] == [item["relevant"] for item in one["items"]]
        said = page.locator(f".he-ordered-row[data-score={one['score']}] h4")
        expect(said).to_contain_text(f"{sum(item['relevant'] for item in one['items'])} of 10 correct (chance {100 * one['chance']:.0f} %)")
        if one["own"]:
            expect(said).to_contain_text(f"{one['own']} in its own picture")
    keep(page, "8-ordered")
    svg = saved(page, page.locator(".he-ordered [data-file$=svg]")).read_text()
    assert svg.count("<image ") == 31 == svg.count('href="data:image/jpeg;base64,') and "http" not in svg.replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert 'width="174mm"' in svg and '<rect width="100%" height="100%" fill="#fff"/>' in svg
    for words in ("data: ", "checkpoint: demo", "ω = ", "hyperbolic angle: ", "cosine: "):
        assert words in svg
    page.locator(".he-ordered [aria-label='Width of the figure in millimetres']").fill("85")
    page.locator(".he-ordered [aria-label='Width of the figure in millimetres']").press("Tab")
    assert 'width="85mm"' in saved(page, page.locator(".he-ordered [data-file$=svg]")).read_text()
    # A browser without a printer is done with printing at once, and the frame is gone before anyone can look into it.
    page.add_init_script(
        "if (window.parent !== window) window.print = () => (parent.printed = document.querySelectorAll('svg image').length)"
    )
    page.locator(".he-ordered [data-file$=pdf]").click()
    page.wait_for_function("window.printed === 31")
    page.locator(".he-ordered [aria-label='Width of the figure in millimetres']").fill("5")
    page.locator(".he-ordered [data-file$=svg]").click()
    expect(page.locator(".he-ordered .he-error")).to_contain_text("20 to 1000 mm wide, not 5")
    page.locator(".he-ordered [aria-label='Width of the figure in millimetres']").fill("85")
    with Image.open(saved(page, page.locator(".he-ordered [data-file$=png]"))) as picture:
        assert picture.width == 2850 and len(picture.convert("RGB").getcolors(1 << 24) or []) > 1000  # photographs, not blanks
    wanted.fill("no such class")
    wanted.press("Enter")
    expect(page.locator(".he-ordered .he-error")).to_contain_text("No class called “no such class”")


def test_the_health_report_counts_and_shows(page: Page) -> None:
    show(page, "health")
    told = ask(page, "health")["checks"]
    for one in told:
        line = page.locator(f".he-check[data-check={one['key']}]")
        expect(line).to_have_attribute("data-count", str(one["count"]))
        expect(line).to_contain_text(one["meaning"])
    keep(page, "9-health")
    pairs = next(one for one in told if one["count"] and one["pairs"])
    page.locator(f".he-check[data-check={pairs['key']}] .he-number").click()
    panel = page.locator(".he-panel")
    expect(panel.locator(".he-paging")).to_contain_text(f"of {pairs['count']:,}")
    expect(panel.locator(".he-pair").first.locator("rect")).to_have_count(4)  # two boxes, each with its halo
    page.wait_for_function("document.querySelector('.he-pair img').naturalWidth > 0")
    keep(page, "10-findings")
    before = panel.locator(".he-pair").count()
    if pairs["count"] > before:
        panel.get_by_role("button", name="show more").click()
        page.wait_for_function(f"document.querySelectorAll('.he-pair').length > {before}")


def test_a_running_evaluation_is_seen_by_a_second_browser_and_cancelled_from_there(page: Page, judged: str, open_page: OpenPage) -> None:
    page.get_by_label("Queries").select_option("full")
    wait_for(page, "absent")
    page.get_by_role("button", name="Run the full evaluation").click()
    wait_for(page, "running")
    other = open_tab(open_page(judged, viewport={"width": 900, "height": 800}))
    wait_for(other, "ready")  # the quick one
    other.get_by_label("Queries").select_option("full")
    wait_for(other, "running")
    assert state(other, "s.standing.job.id") == state(page, "s.standing.job.id")
    other.get_by_role("button", name="Cancel").click()
    for one in (page, other):
        wait_for(one, "cancelled")
        expect(one.locator(".he-state")).to_contain_text("nothing was kept")
        expect(one.get_by_role("button", name="Run the full evaluation")).to_be_visible()


def test_two_sources_stand_side_by_side_with_their_difference(judged: str, open_page: OpenPage) -> None:
    page = open_tab(open_page(judged, viewport={"width": 1280, "height": 1000}))
    page.get_by_label("Data", exact=True).click()
    page.get_by_role("option", name="six scenes").click()
    expect(page.locator(".he-what")).to_contain_text("six scenes")
    page.get_by_label("Compare with").select_option("the untrained encoder")
    page.get_by_role("button", name="Run the quick evaluation").click()
    wait_for(page, "ready")
    expect(page.locator(".he-compared")).to_be_visible()
    assert page.locator(".he-compared thead th").all_inner_texts()[1:5] == ["demo", "untrained", "chance", "difference"]
    told = [one for one in ask(page, "report?other=(untrained)&scope=quick")["differences"] if one["score"] == "angle"]
    lines = page.locator(".he-compared tbody tr:not(.he-group)")
    expect(lines).to_have_count(len(told))
    for line, one in zip(lines.all(), told, strict=True):
        words = {1: "untrained is better", -1: "untrained is worse", 0: "no clear difference"}[one["better"]]
        expect(line.locator(".he-verdict")).to_contain_text(words)
        scale, digits = (1, 2) if re.match("OT|TIE|LCA|own boxes|distinct classes", one["metric"]) else (100, 1)
        assert line.locator(".he-chance").inner_text() == f"{scale * one['chance']:.{digits}f}"
    assert {one["better"] for one in told} >= {-1}  # training helps somewhere, even on six scenes
    keep(page, "11-side-by-side")


def test_tables_are_saved_as_files(page: Page) -> None:
    lines = saved(page, page.locator("[data-file='results.csv']")).read_text().splitlines()
    assert lines[0].startswith("checkpoint,task,reading,score,metric") and len(lines) > 100
    assert list(json.loads(saved(page, page.locator("[data-file='results.json']")).read_text())) == ["demo"]
    assert saved(page, page.locator(".he-table .he-small").first).read_text().startswith("checkpoint,score,Top-5,Top-5 low,Top-5 high")


def test_the_disk_has_its_size_again_after_a_visit_to_this_tab(page: Page) -> None:
    page.get_by_role("tab", name="Explore", exact=True).click()
    page.wait_for_selector(".hv-root[data-ready]")
    page.wait_for_function("document.querySelector('.hd-stage').getBoundingClientRect().width > 300")
    before = page.locator(".hd-stage").bounding_box()
    page.get_by_role("tab", name="Evaluate", exact=True).click()
    expect(page.locator(".he-table").first).to_be_visible()
    page.get_by_role("tab", name="Explore", exact=True).click()
    page.wait_for_timeout(500)
    assert page.locator(".hd-stage").bounding_box() == before
    assert page.evaluate("hypvizExplorer.state().disk.drawn") == page.evaluate("hypvizExplorer.state().view.count")


@pytest.mark.parametrize("width, scheme", [(390, "light"), (390, "dark"), (1280, "dark")])
def test_the_tab_fits_narrow_and_dark_screens(judged: str, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_tab(open_page(judged, viewport={"width": width, "height": 900}, color_scheme=scheme))
    wait_for(page, "ready")
    for part in PARTS:
        show(page, part)
        expect(page.locator(".he-stage")).not_to_be_empty()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, part
        keep(page, f"12-{width}-{scheme}-{part}")
    show(page, "results")
    page.locator(".he-number").first.click()
    expect(page.locator(".he-example").first).to_be_visible()
    panel = page.locator(".he-panel").bounding_box()
    assert panel is not None and panel["x"] >= 0 and panel["x"] + panel["width"] <= width + 1
    keep(page, f"12-{width}-{scheme}-examples")
