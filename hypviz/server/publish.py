"""A view as a folder that any static host serves: disk, layout around a selection, search by click, cards and pictures, no server.

It is the offline page (`hypviz.server.offline`) in files: points first, then everything else when it is needed. The page finds cones,
children and parents by itself, from the very float32 directions, for any ω; so no answer is written down beforehand.

    index.html                      names the files below by relative addresses only
    page/*.js, page/*.css           plotly; the page's modules as one script (`hypviz.server.bundle`); styles
    data/page.json                  what it shows first, facts, the retrieval rule, how the rest is cut
    data/points.bin                 `viz.disk.disk_payload`
    data/level-1.bin …              the same with classes at a level of the class tree, where the data have one
    data/search.bin                 per item: family angle, whether a whole picture, whether it has a small picture; annotated edges
    data/directions-000.bin …       (rows, D) float32, DIRECTION_BYTES a file at most
    data/cards-000.json …           CARD_ROWS items a file: id, picture's name, licence, box
    thumbs/000/ROW.jpg, pictures/000/IMAGE.jpg
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.class_tree import level_sizes
from hypviz.data.items import SCENE, only_pictures, whole_pictures
from hypviz.errors import SettingsError
from hypviz.explore.class_trees import class_tree_of
from hypviz.explore.level_view import at_level
from hypviz.explore.view import View
from hypviz.progress import OnProgress
from hypviz.server.page_files import published_files, script_text
from hypviz.server.published_pictures import PublishedPictures
from hypviz.storage.files import part_of
from hypviz.storage.json_types import Json
from hypviz.viz import layout
from hypviz.viz.disk import PAYLOAD_VERSION, pack

Rows = NDArray[np.int64]
MAX_ITEMS = 50_000
DIRECTION_BYTES = 4 << 20
CARD_ROWS = 1000
POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval' blob:; "
    "connect-src 'self'; worker-src blob:; font-src 'self' data:; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class PublishSettings:
    """title: of the page, "" for the data's name.  layout, colour: of the overview.  thumb_size, picture_size: longest sides of small and
    whole pictures in pixels, 0 for none; what is not published is not in the folder."""

    title: str = ""
    layout: str = layout.DEFAULT
    colour: str = "branch"
    thumb_size: int = 112
    picture_size: int = 800

    def __post_init__(self) -> None:
        layout.check_method(self.layout)
        for name, most in (("thumb_size", 512), ("picture_size", 4096)):
            if not 0 <= getattr(self, name) <= most:
                raise SettingsError(f"{name} is a side in pixels from 0 (none) to {most}, got {getattr(self, name)}.")


def publish(
    view: View,
    out: Path,
    rows: Rows | None = None,
    settings: PublishSettings | None = None,
    *,
    on_progress: OnProgress | None = None,
    also: Callable[[View, Path, str], None] | None = None,
) -> Json:
    """Write the folder `out`, whole or not at all, with items `rows` (ascending; None for all); returns what is in it.

    also: writes further files, given the view, the folder and the title.  out: a folder that is not there, or is empty, or was published
    before and is replaced. SettingsError for another one, for no items and for more than MAX_ITEMS.
    """
    settings = settings or PublishSettings()
    chosen = np.arange(len(view.items)) if rows is None else np.unique(np.asarray(rows, np.int64))
    if not 1 <= len(chosen) <= MAX_ITEMS:
        words = "no item passes the filters" if not len(chosen) else f"{len(chosen):,} items were chosen"
        raise SettingsError(f"A published page holds 1 to {MAX_ITEMS:,} items, and {words}; choose others by filters, or some by --sample.")
    check_target(out)
    part = part_of(out)
    try:
        content = _Folder(view, part, chosen, settings).write(on_progress, also)
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return {"folder": str(out), **content}


def check_target(out: Path) -> None:
    """SettingsError unless a page may be written to `out`: nothing but an earlier page is ever replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        out.parent.mkdir(parents=True, exist_ok=True)
        return
    try:
        ours = json.loads((out / "data/page.json").read_bytes()).get("made_by") == "hypviz publish"
    except (OSError, ValueError, AttributeError):
        ours = False
    if not ours:
        raise SettingsError(f"{out} holds something else than a page published by hypviz; name a folder that is empty or not there.")


class _Folder:
    """One page being written."""

    def __init__(self, view: View, folder: Path, rows: Rows, settings: PublishSettings) -> None:
        self.view, self.folder, self.rows, self.settings = view, folder, rows, settings
        self.whole = len(rows) == len(view.items)
        self.title = settings.title or view.workspace.name

    def write(self, on_progress: OnProgress | None, also: Callable[[View, Path, str], None] | None) -> Json:
        for name in ("page", "data", "thumbs", "pictures"):
            (self.folder / name).mkdir(parents=True)
        self._page_files()
        (self.folder / "data/points.bin").write_bytes(self._points(self.view))
        shards, shard_rows = self._directions()
        self._cards()
        pictured, pictures = self._pictures().write(on_progress)
        (self.folder / "data/search.bin").write_bytes(self._search(pictured))
        self._describe(shards, shard_rows)
        if also:
            also(self.view, self.folder, self.title)
        for name in ("thumbs", "pictures"):
            if not any((self.folder / name).iterdir()):
                (self.folder / name).rmdir()
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        return {"items": len(self.rows), "pictures": pictures, "files": len(files), "bytes": size}

    def _page_files(self) -> None:
        scripts, styles = published_files()
        for path in scripts:
            (self.folder / "page" / self._named(path)).write_text(script_text(path), encoding="utf-8")
        for path in styles:
            shutil.copyfile(path, self.folder / "page" / self._named(path))
        tags = [f'<link rel="stylesheet" href="page/{self._named(path)}">' for path in styles]
        last = [f'<script src="page/{self._named(path)}"></script>' for path in scripts]
        title = html.escape(self.title)
        page = [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            f'<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">',
            *tags,
            '</head><body><div id="hv-offline"></div>',
            *last,
            "</body></html>\n",
        ]
        (self.folder / "index.html").write_text("\n".join(page), encoding="utf-8")

    @staticmethod
    def _named(path: Path) -> str:
        """A flat name: files of one name lie in several folders."""
        return path.name if path.name.startswith("plotly") else f"{path.parent.name}-{path.name}"

    def _points(self, view: View) -> bytes:
        disks, method = view.disks, self.settings.layout
        return disks.points(method) if self.whole else disks.some(method, self.rows.tolist())

    def _levels(self) -> list[Json]:
        """Write the points at each level of the class tree; the levels, as `level_sizes` describes them, none without a tree."""
        tree = class_tree_of(self.view.workspace)
        if tree is None or self.view is not self.view.finest:
            return []
        labels = self.view.items.label[self.rows]
        levels = level_sizes(tree, labels[labels != SCENE].tolist())
        for one in levels:
            named = at_level(self.view, one["level"])
            one["judged"] = named.lists.belonging.tables(self.rows)
            (self.folder / f"data/level-{one['level']}.bin").write_bytes(self._points(named))
        return levels

    def _directions(self) -> tuple[int, int]:
        """Write the directions; how many files, and rows in each."""
        every = self.view.embedding.directions
        step = max(1, DIRECTION_BYTES // (4 * every.shape[1]))
        for number, start in enumerate(range(0, len(self.rows), step)):
            part = np.asarray(every[self.rows[start : start + step]], "<f4")
            (self.folder / f"data/directions-{number:03d}.bin").write_bytes(part.tobytes())
        return -(-len(self.rows) // step), step

    def _cards(self) -> None:
        items, images, pictures = self.view.items, self.view.items.images, self._pictures()
        for number, start in enumerate(range(0, len(self.rows), CARD_ROWS)):
            rows = self.rows[start : start + CARD_ROWS]
            image = items.image[rows]
            shown = [pictures.shows(int(row)) for row in rows]
            columns = {
                "id": items.item_id[rows].tolist(),
                "file": images.file_name[image].tolist(),
                "licence": images.licence[image].tolist(),
                "box": np.round(np.asarray(items.xyxy[rows], np.float64), 2).tolist(),
                "size": np.stack([images.width[image], images.height[image]], axis=1).tolist(),
                "picture": [int(one) if has else None for one, has in zip(image, shown, strict=True)],
            }
            _write_json(self.folder / f"data/cards-{number:03d}.json", columns)

    def _pictures(self) -> PublishedPictures:
        sizes = self.settings.thumb_size, self.settings.picture_size
        return PublishedPictures(self.view.workspace, self.folder, self.rows, thumb_size=sizes[0], picture_size=sizes[1])

    def _search(self, pictured: NDArray[np.uint8]) -> bytes:
        edges = self.view.hierarchy.edges
        shown = np.zeros(len(self.view.items), np.bool_)
        shown[self.rows] = True
        drawn = edges.direct & shown[edges.parent] & shown[edges.child]
        columns = {
            "family": np.asarray(self.view.disks.families[self.rows], "<f4"),
            "parent": np.asarray(edges.parent[drawn], "<i4"),
            "child": np.asarray(edges.child[drawn], "<i4"),
            "whole": whole_pictures(self.view.items)[self.rows].astype("<u1"),
            "pictured": pictured.astype("<u1"),
        }
        return pack({"version": PAYLOAD_VERSION}, columns)

    def _describe(self, shards: int, shard_rows: int) -> None:
        total, start = len(self.view.items), int(self.view.disks.start)
        how = f"this page holds all {total:,} items" if self.whole else f"this page holds {len(self.rows):,} of {total:,} items"
        first = start if start in self.rows else int(self.rows[0])
        content = {
            "made_by": "hypviz publish",
            "title": self.title,
            "place": "page",
            "how": how,
            "state": {"row": first, "omega": None, "kind": "angle", "colour": self.settings.colour, "pins": []},
            "facts": self.view.facts(),
            "answers": asdict(self.view.answers),
            "cones": not only_pictures(self.view.items),
            "classes": self.view.lists.belonging.tables(self.rows),
            "directions": {"dim": int(self.view.embedding.directions.shape[1]), "shards": shards, "shard_rows": shard_rows},
            "cards": {"shard_rows": CARD_ROWS},
            "levels": self._levels(),
        }
        _write_json(self.folder / "data/page.json", content)


def _write_json(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False), encoding="utf-8")
