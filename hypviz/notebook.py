"""`hypviz.show`: vectors on the disk inside a notebook, with no server and no file left behind."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hypviz.errors import SettingsError
from hypviz.explore.view import View
from hypviz.server.offline import offline_page
from hypviz.server.page_files import offline_files
from hypviz.server.schemas.offline import OfflineState
from hypviz.vectors.columns import as_texts
from hypviz.vectors.models import AUTO
from hypviz.vectors.read import VectorTable
from hypviz.vectors.workspace import make_vectors_workspace


@dataclass(frozen=True)
class Disk:
    """A disk that a notebook draws; `page` is the whole of it as one HTML file.  height: of its frame, in CSS pixels."""

    page: bytes
    title: str
    height: int

    def _repr_html_(self) -> str:
        # Its own frame: the page's styles and names stay inside, and what it may do is run scripts and save a file.
        content = html.escape(self.page.decode(), quote=True)
        return (
            f'<iframe title="{html.escape(self.title)}" srcdoc="{content}" sandbox="allow-scripts allow-downloads" '
            f'style="width:100%;height:{self.height}px;border:0" loading="lazy"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.page):,} bytes; a notebook draws it, save('disk.html') writes it>"

    def save(self, path: str | Path) -> Path:
        """Write the disk as one HTML file that works without a server and without a network."""
        target = Path(path)
        target.write_bytes(self.page)
        return target


def show(
    vectors: Any,
    labels: Sequence[Any] | None = None,
    *,
    edges: Any = None,
    curv: float | None = None,
    model: str = AUTO,
    images: Sequence[str | Path | None] | None = None,
    images_root: str | Path = ".",
    project: bool = False,
    layout: str | None = None,
    name: str = "vectors",
    height: int = 720,
) -> Disk:
    """Vectors (N, D) on the Poincaré disk, in a notebook: click a point for its cone, children, parents and path.

    vectors: an array or a tensor. model: "lorentz" (space components), "lorentz-full" (time first), "poincare" (ball of radius
    1/√curv), "poincare-unit" or "tangent"; "auto" recognises full Lorentz vectors. curv: > 0, the curvature is −curv; by default that
    of full Lorentz vectors themselves, else 1. labels: (N,) words. edges: (E, 2) rows parent → child. images: (N,) paths of
    pictures from `images_root`, None for none. project: move what lies off the manifold on to it. layout: of the angles,
    "hierarchy" with edges or labels and "pca" without unless said. Beyond 10,000 vectors a sample is drawn, and says so.

    Raises DataError for vectors off the manifold (how far, and where) and SettingsError for a model that has to be said.
    """
    if not 100 <= height <= 10_000:
        raise SettingsError(f"height must be between 100 and 10000 pixels, got {height}.")
    data = VectorTable(
        vectors=_array(vectors),
        labels=None if labels is None else as_texts(labels),
        edges=None if edges is None else _array(edges),
        images=None if images is None else np.array([str(path or "") for path in images], np.str_),
    )
    with tempfile.TemporaryDirectory(prefix="hypviz-") as folder:
        workspace, _ = make_vectors_workspace(
            Path(folder) / "vectors", data, name=name, model=model, curv=curv, project=project, images_root=Path(images_root)
        )
        view = View(workspace, "own vectors")
        scripts, styles = offline_files()
        has_hierarchy = data.labels is not None or data.edges is not None
        state = OfflineState(row=view.describe()["start"], layout=layout or ("hierarchy" if has_hierarchy else "pca"))
        return Disk(offline_page(view, state, scripts=scripts, styles=styles), f"{name} · hypviz", height)


def _array(values: Any) -> np.ndarray[Any, Any]:
    """An array of whatever holds numbers: lists, arrays, tensors on any device."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
