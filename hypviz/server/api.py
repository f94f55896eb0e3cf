"""The endpoints of `gradio_client`: search, embed and evaluate as the page and the commands do them (docs/api.md)."""

# No `from __future__ import annotations` here: Gradio reads the types of the endpoints off their signatures.
import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from hypviz.config import check_choice
from hypviz.errors import DataError, ForbiddenError, HypvizError, SelectionError, SettingsError, page_sentence
from hypviz.explore.level_view import at_level
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.inference.embed import suited_checkpoint
from hypviz.search.embedding import Embedding
from hypviz.vectors.models import MODELS, as_model
from hypviz.vectors.write import EUCLIDEAN

log = logging.getLogger(__name__)
LISTS = ("children", "bands", "parents", "nearest", "path", "words")
MAX_VECTORS = 2000
"""Vectors handed out in one answer; `export vectors` writes any number."""
MAX_LIMIT = 10_000


class Endpoints:
    """What the endpoints do, over one library; errors are those of hypviz."""

    def __init__(self, library: Library, *, writable: bool = True) -> None:
        self.library, self.writable = library, writable

    def search(
        self,
        data: str = "demo",
        checkpoint: str = "",
        item: str = "",
        text: str = "",
        picture: dict[str, Any] | None = None,
        lists: list[str] = ["children"],  # noqa: B006 - the default is part of the published signature
        omega: float = 0.0,
        limit: int = 40,
        words: list[str] = [],  # noqa: B006
        each_class: bool = False,
        level: int = 0,
    ) -> dict[str, Any]:
        """Search by entailment from an item id, a text or a picture: give one of the three.

        data, checkpoint: names as in the page. picture: handle_file(PATH). lists: children, bands (children outside
        the item's own picture, by band of radius and class), parents, nearest, path, words.
        omega: half-angle of the cone in radians, 0 for the calibrated one. limit: answers per list. words: of your own, for
        the list "words". each_class: as children only the closest item of each class in the cone. level: of the class tree, at which
        classes are shown and told apart; 0 for the classes as they are.
        """
        named = {"item": item, "text": text, "picture": picture}
        if sum(bool(value) for value in named.values()) != 1:
            raise SettingsError("Give exactly one of item, text and picture to search from.")
        for name in _listed("lists", lists):
            check_choice("lists: every entry", name, LISTS)
        if not 1 <= _whole("limit", limit) <= MAX_LIMIT:
            raise SettingsError(f"limit must be 1 to {MAX_LIMIT:,}, got {limit}.")
        view = at_level(self.library.open(data, checkpoint), _whole("level", level))
        return view.search(
            item_id=item or None,
            text=text or None,
            picture=_uploaded(picture) if picture else None,
            kinds=list(lists) or ["children"],
            omega=float(omega) or None,
            limit=limit,
            own_words=_listed("words", words),
            each=bool(each_class),
        )

    def embed(
        self,
        data: str = "demo",
        checkpoint: str = "",
        items: list[str] = [],  # noqa: B006
        texts: list[str] = [],  # noqa: B006
        pictures: list[dict[str, Any]] = [],  # noqa: B006
        model: str = "lorentz",
    ) -> dict[str, Any]:
        """Vectors of items, texts and pictures, in this order; with none of them, embed the data set and say how large it is.

        items: ids. pictures: a list of handle_file(PATH). model: lorentz (space components), lorentz-full, poincare,
        poincare-unit or tangent.
        """
        check_choice("model", model, MODELS)
        ids, words, files = _listed("items", items), _listed("texts", texts), list(pictures or [])
        if len(ids) + len(words) + len(files) > MAX_VECTORS:
            raise SelectionError(f"One answer holds at most {MAX_VECTORS:,} vectors; write more with `hypviz export vectors`.")
        view = self.library.open(data, checkpoint)
        if not (ids or words or files):
            embedding = view.embedding
            labels: list[str] = []
            vectors: list[list[float]] = []
        else:
            embedding, labels = _gather(view, ids, words, files)
            vectors = _as(embedding, model).tolist()
        hyperbolic = embedding.geometry == "hyperbolic"
        return {
            "count": len(embedding),
            "dimension": int(embedding.directions.shape[1]),
            "model": model if hyperbolic else EUCLIDEAN,
            "geometry": embedding.geometry,
            "curv": float(embedding.curv),
            "labels": labels,
            "radii": embedding.radii.tolist() if vectors else [],
            "vectors": vectors,
        }

    def evaluate(
        self,
        data: str = "demo",
        checkpoints: list[str] | None = None,
        max_queries: int = 0,
        apex: str = "query",
        untrained: bool = False,
    ) -> dict[str, Any]:
        """Judge checkpoints on a data set: by name, what `python -m hypviz evaluate --json` writes.

        max_queries: at most this many queries per task, 0 for all. apex: query, candidate or sum. untrained: also the first
        checkpoint's encoder before training.
        """
        from hypviz.evaluation import EvaluateSettings
        from hypviz.training.pipeline import judge

        if not self.writable:
            raise ForbiddenError("This server is read-only and judges nothing anew; the Evaluate tab shows what was judged.")
        names = _listed(
            "checkpoints", [suited_checkpoint(self.library.workspace(data).items.classes)] if checkpoints is None else checkpoints
        )
        if not names:
            raise SettingsError("checkpoints must name at least one checkpoint.")
        settings = EvaluateSettings(apex=apex, max_queries=_whole("max_queries", max_queries) or None)
        workspace = self.library.workspace(data)
        for name in names:
            self.library.checkpoint(name)
        paths = {name: str(self.library.checkpoints.get(name, name)) for name in names}
        judged = judge(workspace.folder, list(paths.values()), settings, untrained=untrained, device=self.library.device)
        back = {path: name for name, path in paths.items()}
        return {back.get(path, path): one.to_json() for path, one in judged.items()}

    def data_and_checkpoints(self) -> dict[str, list[str]]:
        """The names that the other endpoints take: {"data": […], "checkpoints": […]}."""
        return {"data": self.library.data_names(), "checkpoints": self.library.checkpoint_names()}


def add_api(library: Library, *, writable: bool = True) -> None:
    """Add the endpoints to the Blocks that is being built: /search, /embed, /evaluate and /names."""
    endpoints = Endpoints(library, writable=writable)
    named: dict[str, Callable[..., Any]] = {
        "search": endpoints.search,
        "embed": endpoints.embed,
        "evaluate": endpoints.evaluate,
        "names": endpoints.data_and_checkpoints,
    }
    for name, work in named.items():
        gr.api(_explaining(work), api_name=name)


def _explaining(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` whose errors reach the client as one sentence; a defect stays one, in the log of the server."""

    @functools.wraps(work)
    def explained(*values: Any, **named: Any) -> Any:
        try:
            return work(*values, **named)
        except HypvizError as error:
            log.warning("%s", error)
            raise gr.Error(page_sentence(error), print_exception=False) from None

    return explained


def _gather(view: View, ids: list[str], texts: list[str], files: list[Any]) -> tuple[Embedding, list[str]]:
    """The places of all that was named, and what each is called."""
    rows = [view.row_of(name) for name in ids]
    parts = [view.embedding.take(np.array(rows, np.int64))] if rows else []
    labels = [view.items.name(row) for row in rows]
    if texts:
        parts.append(view.words.embed(texts))
        labels += texts
    for file in files:
        path = _uploaded(file)
        name = str(file.get("orig_name") or path.name)
        query = view.placer.resolve({"upload": view.placer.uploads.add(path.read_bytes(), name)}).query
        parts.append(Embedding(query.direction[None], np.array([query.radius], np.float32), view.embedding.curv, view.embedding.geometry))
        labels.append(name)
    joined = [np.concatenate([np.asarray(getattr(part, name), np.float32) for part in parts]) for name in ("directions", "radii")]
    return Embedding(joined[0], joined[1], view.embedding.curv, view.embedding.geometry), labels


def _as(embedding: Embedding, model: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    if embedding.geometry == "hyperbolic":
        return as_model(embedding, model)
    return np.asarray(embedding.directions * embedding.radii[:, None], np.float32)


def _uploaded(file: Any) -> Path:
    """The file that a client sent; DataError for any other path, so that no one reads the server's own files."""
    path = Path(str(file.get("path", ""))) if isinstance(file, dict) else Path()
    folder = Path(get_upload_folder()).resolve()
    if not path.is_file() or not path.resolve().is_relative_to(folder):
        raise DataError("A picture must be sent with gradio_client's handle_file(PATH); got something else.")
    return path


def _listed(name: str, values: Any) -> list[str]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise SettingsError(f"{name} must be a list of texts, got {values!r:.80}.")
    return list(values)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(f"{name} must be a whole number, got {value!r:.80}.")
    return value
