"""The Fine-tune tab in a real browser: bring a set of real photographs, watch it learn, keep it, and find it after a restart.

With $HYPVIZ_SCREENSHOTS set to a folder, each state is kept there as a picture to look at.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hypviz.data.items import content_hash
from hypviz.storage.keeping import ELSEWHERE
from tests.conftest import random_picture
from tests.page.browser import new_page
from tests.worlds import picture_bytes

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 6
PATIENCE_MS = 400_000
"""A training is processes, and a busy machine gives them little: no reason to fail."""
pytestmark = pytest.mark.timeout(1500)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The application as a person starts it, again and again on the same port and home folder."""

    def __init__(self, folder: Path) -> None:
        self.home, self.port, self.log = folder / "home", free_port(), folder / "log.txt"
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self) -> str:
        command = [sys.executable, "app.py", "--port", str(self.port), "--no-browser"]
        with self.log.open("ab") as log:
            environment = {**os.environ, "HYPVIZ_HOME": str(self.home)}
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        for _ in range(1500):
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
                return self.address
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=90)

    def ask(self, path: str) -> Any:
        """What the server itself says, past the page's code."""
        with urllib.request.urlopen(f"{self.address}/hypviz/{path}", timeout=120) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("tune"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """One page for the tests that follow each other; it stays open while the server is started again."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page.goto(server.address)
    open_tab(page)
    yield page
    page.context.close()
    assert not errors, f"script errors on the page: {errors}"


@pytest.fixture(scope="module")
def cars(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of 60 of the car photographs with their boxes, as COCO."""
    folder = shared_data / "car_parts"
    content = json.loads((folder / "annotations.json").read_text())
    kept = {image["id"]: image for image in content["images"][:60]}
    boxes = [one for one in content["annotations"] if one["image_id"] in kept]
    path = tmp_path_factory.mktemp("zip") / "cars.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cars/annotations.json", json.dumps(content | {"images": [*kept.values()], "annotations": boxes}))
        for image in kept.values():
            archive.write(folder / "images" / image["file_name"], f"cars/images/{image['file_name']}")
    return path


def open_tab(page: Page, name: str = "Fine-tune") -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    if name == "Fine-tune":
        page.wait_for_selector("#hv-tuner .hv-root[data-state=ready]", timeout=PATIENCE_MS)


def state(page: Page, expression: str) -> Any:
    return page.evaluate(f"(() => {{ const s = hypvizTuner.state(); return {expression}; }})()")


def until(page: Page, condition: str) -> None:
    page.wait_for_function(f"(() => {{ const s = hypvizTuner.state(); return {condition}; }})()", timeout=PATIENCE_MS)


def keep(page: Page, name: str) -> None:
    """Save a picture of the state for a person to look at, when asked to."""
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.wait_for_timeout(700)
        page.screenshot(path=f"{folder}/tune-{name}.png", full_page=True)


def bring(page: Page, path: Path) -> None:
    page.set_input_files("#hv-tuner .ht-drop input[accept*=zip]", path)


def huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def bad_sets(folder: Path) -> Iterator[tuple[Path, str]]:
    """Archives that cannot be learned from, each with a word of the sentence it must get."""

    def pack(name: str, files: dict[str, bytes | str]) -> Path:
        with zipfile.ZipFile(folder / name, "w") as archive:
            for place, content in files.items():
                archive.writestr(place, content)
        return folder / name

    pictures = {f"images/{n}.png": picture_bytes(random_picture((64, 48), n)) for n in range(6)}
    images = [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 48} for n in range(6)]
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [4, 4, 40, 30]} for n in range(6)]
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "car"}]}
    (folder / "corrupt.zip").write_bytes(b"PK\x03\x04 no zip at all")
    yield folder / "corrupt.zip", "no zip archive, or a damaged one"
    yield pack("climbing.zip", pictures | {"../evil.png": b"1"}), "names a file outside its own folder"
    yield pack("many.zip", {f"{n}.jpg": b"1" for n in range(20_000)}), "files"
    huge = [*images[:5], {"id": 5, "file_name": "huge.png", "width": 20_000, "height": 15_000}]
    yield (
        pack("huge.zip", pictures | {"images/huge.png": huge_png(20_000, 15_000), "annotations.json": json.dumps(coco | {"images": huge})}),
        "huge.png",
    )
    yield pack("one.zip", pictures | {"annotations.json": json.dumps(coco)}), "one class only"
    yield pack("none.zip", pictures | {"annotations.json": json.dumps(coco | {"annotations": []})}), "no boxes"


def test_what_cannot_be_learned_from_gets_a_sentence_and_changes_nothing(page: Page, server: Server, tmp_path: Path) -> None:
    def contents() -> list[Path]:  # of the home folder, without what the program computes of the demo meanwhile
        return sorted(path for path in server.home.glob("*") if path.name != ELSEWHERE)

    before = server.ask("tune/sets"), contents()
    for path, words in bad_sets(tmp_path):
        bring(page, path)
        alert = page.locator(".ht-intake .he-error")
        expect(alert).to_contain_text(words)
        text = alert.inner_text()
        assert path.name in text and text.endswith(".") and str(server.home) not in text and "Traceback" not in text
        assert (server.ask("tune/sets"), contents()) == before
    keep(page, "1-refused")
    page.get_by_role("button", name="Take the pictures in to draw boxes on them").click()
    page.wait_for_selector("#hv-annotator .hv-root[data-state=ready]")
    expect(page.locator("#hv-annotator .ha-of")).to_have_text("of 6")
    open_tab(page)
    expect(page.locator(".ht-summary")).to_contain_text("none 6 pictures, 0 boxes")
    expect(page.locator(".ht-summary .he-error")).to_contain_text("no boxes")
    assert page.get_by_role("button", name="Start training").is_disabled()


@pytest.fixture(scope="module")
def trained(page: Page, cars: Path, browser: Browser, server: Server) -> dict[str, Any]:
    """The job as the server tells it, after it was started, watched and ended in the page."""
    bring(page, cars)
    expect(page.locator(".ht-summary")).to_contain_text("cars 60 pictures")
    expect(page.locator(".ht-plan")).to_contain_text("to validate on")
    page.get_by_text("Advanced: every setting").click()
    assert page.locator(".ht-setting small").count() == page.locator(".ht-setting").count() > 15, "every setting is explained"
    page.get_by_label("Epochs", exact=True).fill(str(EPOCHS))
    page.get_by_label("Augmented views").fill("0")
    expect(page.locator(".ht-changed")).to_have_count(2)
    keep(page, "2-ready")
    page.get_by_role("button", name="Start training").click()
    until(page, "s.job && (s.job.state === 'running' || s.job.state === 'done')")
    other, _ = new_page(browser)
    other.goto(server.address)
    open_tab(other)
    until(other, "s.job && s.overview.jobs.length === 1")
    assert state(other, "s.chosen") == state(page, "s.chosen"), "a second browser sees the same training"
    open_tab(other, "Explore")
    other.wait_for_selector("#hv-explorer .hv-root[data-ready]")
    other.locator(".hv-children .hv-card").first.click()
    other.wait_for_function("hypvizExplorer.state().answer.row === hypvizExplorer.state().query.row")
    other.context.close()
    until(page, "s.job && s.job.history.length >= 2 && s.disk && s.disk.epoch >= 1")
    keep(page, "3-running")
    until(page, "s.job && ['done', 'failed'].includes(s.job.state)")
    made: dict[str, Any] = server.ask(f"tune/jobs/{state(page, 's.chosen')}")
    return made


def test_it_learns_in_sight_and_the_disk_moves(page: Page, trained: dict[str, Any]) -> None:
    assert trained["state"] == "done", trained["error"]
    assert trained["score_best"] > trained["score_before"], "validation improves"
    until(page, "s.disk && s.disk.epoch === s.job.disk_epochs - 1")
    assert state(page, "s.disk.moved") > 50
    expect(page.locator(".ht-moved")).to_contain_text("items moved away from the root")
    expect(page.locator(".ht-moved")).to_contain_text("towards it, half of all by ")
    assert page.locator(".hd-ghost-line").get_attribute("d"), "arrows from before to now"
    page.locator(".ht-film label input").uncheck()
    assert page.locator(".hd-ghost-line").get_attribute("d") == ""
    page.locator(".ht-film input[type=range]").focus()
    page.keyboard.press("Home")
    until(page, "s.disk.epoch === 0 && s.disk.moved === 0")
    expect(page.locator(".ht-moved")).to_contain_text("Before training")
    page.get_by_role("button", name="Play all epochs").click()
    until(page, "s.disk.epoch === s.job.disk_epochs - 1")
    page.locator(".ht-film label input").check()
    charts = page.locator(".ht-chart")
    expect(charts).to_have_count(2)
    assert page.locator(".ht-legend li").count() >= 4
    higher = page.locator(".ht-figure", has_text="higher is better").locator(".ht-legend")
    names = higher.locator("li span").all_inner_texts()
    assert "scene → contents mAP" in names and not {"mean direction", "median share inside"} & set(names)
    drawn = higher.locator("path").evaluate_all("(all) => all.map((one) => one.className.baseVal + one.getAttribute('stroke-dasharray'))")
    assert len(set(drawn)) == len(drawn), "each line has a colour and dashes of its own"
    best = trained["best_epoch"] or 0
    figures = next(row["metrics"] for row in trained["history"] if row["epoch"] == best)
    assert higher.locator("li", has_text="scene → contents mAP").locator("b").inner_text() == f"{figures['scene → contents mAP']:.3f}"
    expect(page.locator(".ht-figure figcaption", has_text="higher is better")).to_contain_text(f"in figures: epoch {best}")
    expect(page.locator(".ht-epoch")).to_contain_text("the result")
    rows = page.locator(".ht-numbers tbody tr")
    assert rows.count() == len(trained["before"])
    for name, chance in trained["chance"].items():
        assert float(page.locator(f'.ht-numbers td[data-chance="{name}"]').inner_text()) == pytest.approx(100 * chance, abs=0.051)
    said = (
        r"\d+ epochs? in .*(The result is epoch \d+, the best one|No epoch was better)"
        if trained["success"]
        else r"Done in .*, but not a success"
    )
    expect(page.locator(".ht-words")).to_contain_text(re.compile(said))
    keep(page, "4-done")


def test_it_is_kept_found_after_a_restart_and_searched_with(
    page: Page, trained: dict[str, Any], server: Server, browser: Browser, cars: Path
) -> None:
    name = page.get_by_label("Name", exact=True)
    name.fill("../x")
    expect(page.locator(".ht-keep .he-error")).to_be_visible()
    name.fill("my-cars")
    expect(page.locator(".ht-keep .he-error")).to_have_count(0)
    page.get_by_label("Licence", exact=True).fill("CC0-1.0")
    page.get_by_label("Note", exact=True).fill("Cars and their parts.")
    page.get_by_role("button", name="Keep as a checkpoint").click()
    expect(page.locator(".ht-keep")).to_contain_text("Kept as my-cars")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download", exact=True).click()
    with zipfile.ZipFile(saving.value.path()) as archive:
        card = json.loads(archive.read("my-cars.json"))
    assert card["licence"] == "CC0-1.0"
    assert "Cars and their parts." in card["description"]
    server.stop()
    expect(page.locator(".ht-root > div .he-error").first).to_contain_text("does not answer")
    server.start()
    again, errors = new_page(browser, viewport={"width": 1280, "height": 1000})
    again.goto(f"{server.address}/#data={trained['set'].rsplit('/', 1)[-1]}&checkpoint=my-cars")
    again.wait_for_function(
        "window.hypvizExplorer?.state().answer && hypvizExplorer.state().view.checkpoint === 'my-cars'", timeout=PATIENCE_MS
    )  # the set is embedded anew by what was kept
    assert again.evaluate("hypvizExplorer.state().view.name") == "cars"
    scene = again.evaluate("hypvizExplorer.state().answer")
    assert scene["children_total"] > 0 and scene["children"], "a search through what was kept"
    with zipfile.ZipFile(cars) as archive:
        marks = {content_hash(archive.read(name))[:8] for name in archive.namelist() if "/images/" in name}
    learned = len(marks & set(card["training"]["pictures"]))  # in this training, and in that of the checkpoint it started from
    assert learned >= trained["split"]["train"]
    seen = f"learned from {learned} of these {len(marks)} pictures"
    expect(again.locator(".hv-notice")).to_contain_text(seen)
    open_tab(again, "Evaluate")
    expect(again.locator(".he-learned")).to_contain_text(seen)
    open_tab(again, "Explore")
    again.locator(".hv-children .hv-card").first.click()
    again.wait_for_function(f"hypvizExplorer.state().answer.row !== {scene['row']}")
    open_tab(again)
    expect(again.locator(".ht-entry")).to_contain_text("kept as my-cars")
    keep(again, "5-after-restart")
    again.get_by_role("button", name="Undo", exact=True).click()
    expect(again.locator(".ht-keep")).to_contain_text("Keep it")
    assert "my-cars" not in [one["name"] for one in server.ask("tune/choices")["checkpoints"]]
    again.context.close()
    assert not errors


def test_a_training_waits_is_paused_resumed_stopped_and_cancelled(page: Page, trained: dict[str, Any], server: Server) -> None:
    page.reload()
    open_tab(page)
    page.get_by_label("Set to learn from").select_option(trained["set"].rsplit("/", 1)[-1])
    expect(page.locator(".ht-plan")).to_contain_text("to validate on")
    until(page, "s.overview")
    before = len(state(page, "s.overview.jobs"))
    page.get_by_text("Advanced: every setting").click()
    page.get_by_label("Epochs", exact=True).fill("60")  # long enough to be pressed at
    page.get_by_label("Augmented views").fill("0")  # whose features would be computed first
    expect(page.locator(".ht-changed")).to_have_count(2)
    for count in (1, 2):
        page.get_by_role("button", name="Start training").click()
        until(page, f"s.overview.jobs.length === {before + count} && s.overview.running")  # the job shown may be the former one
    until(page, "s.overview.running && s.overview.queue.length === 1")
    expect(page.locator(".ht-words")).to_contain_text("Next in the queue")
    page.get_by_role("button", name="Leave the queue").click()
    until(page, "s.overview.queue.length === 0")
    page.locator(".ht-jobs [data-state=running] button").click()
    until(page, "s.job && s.job.state === 'running' && s.job.history.length >= 2")
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, "s.job && s.job.state === 'stopped'")
    page.reload()
    open_tab(page)
    until(page, "s.job && s.job.state === 'stopped'")
    page.get_by_role("button", name="Resume", exact=True).click()
    until(page, "s.job && s.job.state === 'running' && /epoch/.test(s.job.what)")
    page.get_by_role("button", name="Stop, keep the best").click()
    until(page, "s.job && s.job.state === 'done'")
    expect(page.locator(".ht-keep")).to_contain_text("Keep it")


@pytest.mark.parametrize("width, scheme", [(390, "light"), (1280, "dark")])
def test_it_fits_narrow_and_dark_screens(server: Server, trained: dict[str, Any], browser: Browser, width: int, scheme: Any) -> None:
    page, errors = new_page(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(server.address)
    open_tab(page)
    page.locator(".ht-entry").last.click()
    until(page, "s.job && s.job.state === 'done' && s.disk && s.disk.epoch > 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"6-{width}-{scheme}")
    page.context.close()
    assert not errors
