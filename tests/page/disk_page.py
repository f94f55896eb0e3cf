"""A static page with one disk on it, and the disk as a test sees it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly
from PIL import Image
from playwright.sync_api import Page

from hypviz.server import bundle
from tests.viz.worlds import World, make_payload, make_world

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
SCRIPTS = tuple(module.name for module in bundle.in_order(ASSETS, ["main.js"]))

HTML = """<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/disk/disk.css"><script src="/plotly.min.js"></script>
<script type="module" src="/main.js"></script>
<style>body { margin: 0; padding: 20px; background: #fff } body.dark { background: #0b0f19 } #disk { max-width: 700px }</style>
</head><body><div id="disk"></div><script type="module">
  window.log = [];
  window.make = (options = {}) => hypviz.createDisk(document.getElementById("disk"), {
    plotly: Plotly,
    onPick: (row) => log.push(["pick", row]),
    onHover: (row) => log.push(["hover", row]),
    onBackground: () => log.push(["background"]),
    onStep: (step) => log.push(["step", step]),
    thumbUrl: (row) => `/thumb.png?${row}`,
    ...options,
  });
  window.disk = make();
</script></body></html>"""


def files() -> dict[str, bytes | Path]:
    """Everything the page fetches: two payloads of one world, one of a wide tree, and one of a flat one."""
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "#e07a5f").save(picture, "PNG")
    world, wide = make_world(40), make_world(40, radii=(0.5, 1.2, 2.2), noise=0.1, curv=0.1)
    return {
        "/": HTML.encode(),
        "/disk/disk.css": ASSETS / "disk/disk.css",
        "/plotly.min.js": PLOTLY,
        "/thumb.png": picture.getvalue(),
        "/world.bin": make_payload(world),
        "/wide.bin": make_payload(wide),
        "/many.bin": make_payload(make_world(320)),
    } | {f"/{name}": ASSETS / name for name in SCRIPTS}


@dataclass
class DiskPage:
    """The page's disk; rows of `world` are its points."""

    page: Page
    world: World

    def run(self, code: str, *values: Any) -> Any:
        """Evaluate JavaScript with `disk`, `log` and `v` (the values) in scope; await what it gives."""
        return self.page.evaluate(f"async (v) => {{ return await ({code}); }}", list(values))

    def reset(self) -> None:
        self.page.mouse.move(2, 2)
        self.run("(log.length = 0, disk.setOmega(null), disk.setExtra([]), disk.setView())")
        if self.state()["dimmed"] or self.state()["colourBy"] != "branch":
            self.run("disk.setSelection(null)")
            self.run("disk.setColour('branch')")
        self.run("disk.look.selection && disk.setSelection(null)")

    def state(self) -> dict[str, Any]:
        return self.run("disk.state()")

    def pixel(self, row: int) -> np.ndarray:
        found = self.run("disk.pixelOf(v[0])", int(row))
        return np.array([found["x"], found["y"]])

    def pixels(self) -> np.ndarray:
        """(N, 2) page pixels of all rows."""
        return np.array(self.run("Array.from({length: disk.state().n}, (_, i) => Object.values(disk.pixelOf(i)))"))

    def stage(self) -> dict[str, float]:
        box = self.page.locator(".hd-stage").bounding_box()
        assert box is not None
        return box

    def log(self, kind: str) -> list[Any]:
        return [entry[1] if len(entry) > 1 else None for entry in self.run("log") if entry[0] == kind]

    def lonely(self, count: int, *, apart: float = 9.0, among: np.ndarray | None = None) -> list[int]:
        """Rows on the stage that no other point is near, spread over the data: clicks on them can mean nothing else."""
        spots, box = self.pixels(), self.stage()
        gaps = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 1e9 * np.eye(len(spots))
        inside = (np.abs(spots - [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]) < box["width"] / 2 - 50).all(axis=1)
        found = np.flatnonzero((gaps.min(axis=1) > apart) & inside)
        found = found if among is None else np.intersect1d(found, among)
        assert len(found) >= count, f"only {len(found)} points stand alone"
        return [int(row) for row in found[np.linspace(0, len(found) - 1, count).astype(int)]]

    def picture(self) -> np.ndarray:
        """The stage as (H, W, 3) floats, without the card."""
        shot = self.page.locator(".hd-stage").screenshot(animations="disabled")
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), np.float64)

    def colours_at(self, row: int, picture: np.ndarray) -> np.ndarray:
        """(9, 3) colours of the 3 × 3 pixels on a row."""
        box, (x, y) = self.stage(), self.pixel(row)
        i, j = round(y - box["y"] - 0.5), round(x - box["x"] - 0.5)
        return picture[i - 1 : i + 2, j - 1 : j + 2].reshape(-1, 3)

    def settle(self) -> None:
        """Wait for what was asked of the page so far to be on the screen."""
        self.page.wait_for_timeout(30)
        self.run("disk.paint.building")
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def until(self, condition: str) -> None:
        """Wait until JavaScript `condition` holds."""
        self.page.wait_for_function(f"() => {condition}")

    def drag(self, start: np.ndarray, end: np.ndarray, steps: int = 6) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=steps)
        self.page.mouse.up()
        self.settle()


def as_json(value: Any) -> Any:
    """NumPy values as what Playwright can send."""
    return json.loads(json.dumps(value, default=lambda array: array.tolist()))
