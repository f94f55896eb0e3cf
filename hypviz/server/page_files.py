"""The files that the page is made of, and the addresses that load them.

All of them lie under one segment that is the hash of their contents, `hypviz/assets/HASH/explore/explore.js`: what one module
imports from another lies under the same, so a browser keeps them for ever and never mixes two versions.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from hypviz.paths import ASSETS
from hypviz.server import bundle

MAIN = "main.js"
"""The entry: it gives the page `window.hypviz`."""
EXPLORE, EVALUATE, ANNOTATE, TUNE = "explore/explore.js", "evaluate/evaluate.js", "annotate/annotate.js", "finetune/finetune.js"
"""What `main.js` fetches for each tab when it is first looked at."""
OFFLINE, PUBLISHED = "offline/start.js", "publish/start.js"
"""The entries of the offline page and of a published one."""
STYLES = (
    "shared/style.css", "shared/report.css", "disk/disk.css", "explore/explore.css", "explore/marks.css", "evaluate/evaluate.css",
    "annotate/annotate.css", "finetune/finetune.css",
)  # fmt: skip
HASHED = (".js", ".css", ".woff2")


def plotly_js() -> Path:
    """plotly.js as it ships inside the plotly package."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


@lru_cache(maxsize=1)
def stamp() -> str:
    """The hash of all scripts, styles and letters together, as it was when the server started."""
    digest = hashlib.sha256()
    for path in sorted(path for path in ASSETS.rglob("*") if path.suffix in HASHED):
        digest.update(f"{path.relative_to(ASSETS).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Where the page finds a file of `assets`, relative to the page."""
    return f"hypviz/assets/{stamp()}/{name}"


def plotly_address() -> str:
    """Where the page finds plotly.js, a classic script; it carries its content's hash, so a browser may keep it."""
    return f"hypviz/plotly.min.js?{_plotly_stamp()}"


def modules(*entries: str) -> list[str]:
    """Addresses of the modules that `entries` lead to, those that are imported first."""
    return [address(module.name) for module in bundle.in_order(ASSETS, entries)]


def head() -> str:
    """The tags that load the styles. Scripts are not here: Gradio adds these tags late and in no certain order."""
    return "\n".join(f'<link rel="stylesheet" href="{address(name)}">' for name in STYLES)


def module_tags(*entries: str) -> str:
    """Tags for a page without Gradio: `main.js`, with all modules fetched at once instead of one import after another.

    They come after `plotly_tag()` where the disk is to be drawn by WebGL; without it, it is a canvas.
    """
    ahead = "".join(f'<link rel="modulepreload" href="{one}">' for one in modules(MAIN, *entries))
    return f'{ahead}<script type="module" src="{address(MAIN)}"></script>'


def plotly_tag() -> str:
    """The tag that loads plotly.js on a page without Gradio."""
    return f'<script src="{plotly_address()}"></script>'


def sources(entry: str) -> str:
    """What a tab's loader needs, as a JSON object: plotly's address, that of `main.js`, and all modules to be fetched ahead."""
    return json.dumps({"plotly": plotly_address(), "main": address(MAIN), "modules": modules(MAIN, entry)})


def offline_files() -> tuple[list[Path], list[Path]]:
    """Scripts and styles that an offline page is made of, in their order; a module stands for all that it imports."""
    return [plotly_js(), ASSETS / OFFLINE], [ASSETS / "disk/disk.css", ASSETS / "offline/offline.css"]


def published_files() -> tuple[list[Path], list[Path]]:
    """Scripts and styles of a published page (`hypviz.server.publish`), as `offline_files`."""
    return [plotly_js(), ASSETS / PUBLISHED], [*offline_files()[1], ASSETS / "publish/publish.css"]


def script_text(path: Path) -> str:
    """A script for a page that is one file: a module of the page with all that it imports, anything else as it is."""
    if path.is_relative_to(ASSETS):
        return bundle.classic_script(ASSETS, path.relative_to(ASSETS).as_posix())
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _plotly_stamp() -> str:
    return hashlib.sha256(plotly_js().read_bytes()).hexdigest()[:12]
