"""The files that the page is made of, in the order they must load, and the tags and addresses that load them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypviz.paths import ASSETS

SCRIPTS = (
    "disk/dom.js", "disk/math.js", "disk/colours.js", "disk/plotly.js", "disk/canvas.js", "disk/points.js", "disk/lines.js",
    "disk/edges.js", "disk/thumbs.js", "disk/paint.js", "disk/card.js", "disk/legend.js", "disk/gestures.js", "disk/print.js",
    "disk/fonts.js", "disk/export.js", "disk/words.js", "disk/moves.js", "disk/around.js", "disk/focus.js", "disk/scale.js",
    "disk/figure.js", "disk/disk.js",
    "shared/dom.js", "annotate/corrections.js", "shared/picture.js", "explore/parts.js", "explore/frame.js", "explore/link.js",
    "explore/lists.js", "explore/layouts.js", "explore/show.js", "explore/pins.js", "explore/rows.js", "explore/cone.js",
    "explore/upload.js", "explore/notice.js", "explore/sheet.js", "explore/set.js", "explore/gallery.js", "explore/find.js",
    "explore/marks.js", "explore/views.js", "explore/hist.js", "explore/select.js", "explore/save.js", "explore/keys.js",
    "explore/points.js", "explore/corrections.js", "explore/words.js", "explore/explore.js",
)  # fmt: skip
"""In the order they must load; those of the disk come first and need nothing else but plotly."""
EVALUATE_SCRIPTS = (
    "disk/print.js", "disk/fonts.js", "shared/dom.js", "evaluate/tables.js", "evaluate/charts.js", "evaluate/panel.js",
    "evaluate/classes.js", "evaluate/figure.js", "evaluate/ordered.js", "evaluate/health.js", "evaluate/standing.js",
    "evaluate/evaluate.js",
)  # fmt: skip
"""Those of the Evaluate tab, loaded when it is first looked at."""
ANNOTATE_SCRIPTS = (
    "disk/dom.js", "shared/dom.js", "annotate/corrections.js", "annotate/sheet.js", "annotate/stage.js", "annotate/label.js",
    "annotate/keys.js", "finetune/dom.js", "annotate/open.js", "annotate/annotate.js",
)  # fmt: skip
"""Those of the Annotate tab."""
TUNE_SCRIPTS = (
    *(name for name in SCRIPTS if name.startswith("disk/")), "shared/dom.js", "annotate/corrections.js", "disk/ghosts.js",
    "finetune/dom.js", "finetune/intake.js", "finetune/settings.js", "finetune/curves.js", "finetune/disk.js", "finetune/job.js",
    "finetune/keep.js", "finetune/finetune.js",
)  # fmt: skip
"""Those of the Fine-tune tab; the disk it animates is the same."""
STYLES = (
    "shared/style.css", "shared/report.css", "disk/disk.css", "explore/explore.css", "explore/marks.css", "evaluate/evaluate.css",
    "annotate/annotate.css", "finetune/finetune.css",
)  # fmt: skip


def plotly_js() -> Path:
    """plotly.js as it ships inside the plotly package."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def scripts(names: tuple[str, ...] = SCRIPTS) -> list[str]:
    """Addresses of plotly and the scripts, in the order they must load; each carries its content's hash, so a browser may
    keep it."""
    own = [f"hypviz/assets/{name}?{_stamp(ASSETS / name)}" for name in names]
    return [f"hypviz/plotly.min.js?{_stamp(plotly_js())}", *own]


def offline_files() -> tuple[list[Path], list[Path]]:
    """Scripts and styles that an offline page is made of, in their order."""
    own = [ASSETS / name for name in SCRIPTS if name.startswith("disk/")]
    last = [ASSETS / name for name in ("offline/search.js", "offline/offline.js", "offline/start.js")]
    return [plotly_js(), *own, *last], [ASSETS / "disk/disk.css", ASSETS / "offline/offline.css"]


def published_files() -> tuple[list[Path], list[Path]]:
    """Scripts and styles of a published page (`hypviz.server.publish`), in their order."""
    inside, styles = offline_files()
    names = ("angle_scale", "outline", "focus_layout", "start")
    return [*inside[:-1], *(ASSETS / f"publish/{name}.js" for name in names)], [*styles, ASSETS / "publish/publish.css"]


def head() -> str:
    """The tags that load the styles. Scripts are not here: Gradio adds these tags late and in no certain order."""
    return "\n".join(f'<link rel="stylesheet" href="hypviz/assets/{name}?{_stamp(ASSETS / name)}">' for name in STYLES)


def _stamp(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
