"""What the page needs, without Gradio, so a notebook or a test can use it: open data with a checkpoint, walk, place.

A `View` is one workspace seen through one checkpoint. It answers in plain JSON-ready dicts. A place in the hierarchy
is a query: `{"row": 12}` an item, `{"image": 3, "box": [x1, y1, x2, y2]}` a box on one of the data set's pictures,
`{"upload": token}` an own picture, with `"box"` a part of it, `{"text": words}` typed words where the checkpoint knows any.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.data.items import only_pictures, whole_pictures
from hypviz.data.pictures import read_bytes
from hypviz.evaluation.calibration import calibration
from hypviz.explore.bitsets import pack_rows
from hypviz.explore.cards import Cards
from hypviz.explore.children import Children, listed_rows, way
from hypviz.explore.class_trees import described_tree
from hypviz.explore.disks import Disks, start_row
from hypviz.explore.edges import edges_of_picture
from hypviz.explore.facts import about_export, facts_of
from hypviz.explore.familiarity import notice
from hypviz.explore.index_choice import index_of
from hypviz.explore.marks import Marks
from hypviz.explore.query_points import QueryResolver
from hypviz.explore.shown_pictures import ShownPictures
from hypviz.explore.text_search import COSINE, ENTAILMENT, TextSearch, no_text_tower
from hypviz.explore.uploads import Uploads
from hypviz.explore.view_queries import ViewQueries
from hypviz.inference.embed import checkpoint_for, embed_workspace
from hypviz.model.card import checkpoint_hash, read_card
from hypviz.progress import OnProgress
from hypviz.search.retrieval import Retrieval
from hypviz.storage.json_types import Json
from hypviz.viz import layout
from hypviz.viz.surroundings import DRAWN
from hypviz.viz.tree import Tree
from hypviz.workspace.store import Workspace

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder


def view_key(workspace: Workspace, checkpoint: Path) -> str:
    """Names this pair of workspace and checkpoint in addresses; browsers keep what they got from one for ever."""
    stamp = str(workspace.meta["stamp"])[:16]  # the same boxes may be imported again into another hierarchy
    place = hashlib.sha256(f"{stamp} {workspace.folder} {DRAWN}".encode()).hexdigest()  # copies are views of their own
    return f"{place[:16]}-{checkpoint_hash(checkpoint)}"


class View:
    """One workspace through one checkpoint; safe to share between threads and browsers."""

    def __init__(
        self, workspace: Workspace, checkpoint: str | Path, *, device: str = "auto", on_progress: OnProgress | None = None,
        uploads: Uploads | None = None,
    ) -> None:  # fmt: skip
        self.workspace, self.items, self.hierarchy = workspace, workspace.items, workspace.hierarchy
        self.checkpoint = checkpoint_for(workspace, checkpoint)
        self.card = read_card(self.checkpoint)
        self.device = device
        self.embedding = embed_workspace(workspace, self.checkpoint, device=device, on_progress=on_progress)
        self.calibration = calibration(workspace, self.embedding, self.card)
        key, start = checkpoint_hash(self.checkpoint), start_row(workspace, self.embedding)
        self.index = index_of(workspace, key, self.embedding, self.answers, whole=whole_pictures(self.items))
        self.disks = Disks(workspace, self.embedding, checkpoint=key, omega=self.answers.cones, start=start)
        self.levels: dict[int, View] = {}
        self._lock = threading.Lock()
        self._uploads = uploads or Uploads()  # not made by `placer`: two threads may each make one of those

    @cached_property
    def key(self) -> str:
        """See `view_key`."""
        return view_key(self.workspace, self.checkpoint)

    @property
    def finest(self) -> View:
        """The view with the classes of the data as they are, see `explore.level_view`."""
        return self

    @property
    def answers(self) -> Retrieval:
        """What children and parents are here: the card's rankings, with cones that suit these pictures."""
        return self.calibration.retrieval

    @property
    def tree(self) -> Tree:
        """The hierarchy as the layout reads it."""
        return self.disks.tree

    @property
    def angles(self) -> np.ndarray:
        """(N,) drawn angles of the default layout."""
        return self.disks.angles()

    def points(self, method: str = layout.DEFAULT, *, budget: int | None = None, focus: Sequence[int] = ()) -> bytes:
        """The disk's points as one binary file, see `Disks.points`."""
        return self.disks.points(method, budget=budget, focus=focus)

    def layouts(self) -> list[Json]:
        """The layouts to choose from, see `Disks.layouts`."""
        return self.disks.layouts()

    def honesty(self, method: str = layout.DEFAULT) -> Json:
        """How well a layout keeps distances, neighbours and cones, see `viz.honesty.Honesty`."""
        return {"layout": method, **self.disks.honesty(method).to_json()}

    @cached_property
    def cards(self) -> Cards:
        """Items in words."""
        return Cards(self.items, self.hierarchy, self.embedding, self.disks.columns, Marks(self.workspace.folder, self.items.item_id))

    @cached_property
    def lists(self) -> Children:
        """What is listed around a place."""
        return Children(self.cards, self.index, vectors=self.workspace.vectors is not None)

    @cached_property
    def queries(self) -> ViewQueries:
        """Answers about many items: cones, filters, regions, lists, exports."""
        about = about_export(self.workspace, self.card, self.checkpoint, self.embedding, self.answers)
        return ViewQueries(self.disks, self.placer, self.cards, about=about)

    @cached_property
    def encoder(self) -> HyperbolicEncoder:
        """The network, loaded when the first own picture arrives (or by `warm_up`)."""
        from hypviz.model.checkpoint import load_checkpoint
        from hypviz.model.device import pick_device

        return load_checkpoint(self.checkpoint)[0].to(pick_device(self.device))

    def _loaded_encoder(self) -> HyperbolicEncoder:
        with self._lock:
            return self.encoder

    def warm_up(self) -> None:
        """Load the encoder ahead of the first upload; meant for a background thread. Own vectors have none."""
        if self.workspace.vectors is None:
            self._loaded_encoder()

    @cached_property
    def placer(self) -> QueryResolver:
        """Finds the places that queries name."""
        return QueryResolver(
            self.items, self.hierarchy, self.index, encoder=self._loaded_encoder, uploads=self._uploads, words=self.words.query
        )

    @cached_property
    def words(self) -> TextSearch:
        """Texts in the space of this checkpoint."""
        return TextSearch(self.card, self._loaded_encoder)

    def describe(self) -> Json:
        """What the page needs to open this view."""
        return {
            "key": self.key,
            "count": len(self.items),
            "classes": len(self.items.classes),
            "omega": round(self.answers.cones.omegas[0], 3),
            "calibrated": self.calibration.source,
            "start": self.disks.start,
            "name": self.workspace.name,
            "own_vectors": self.workspace.vectors is not None,
            "checkpoint": self.card.name,
            "notice": self.notice,
            "words": self.words.how,
            "no_words": "" if self.words.how else no_text_tower(self.card),
            "tree": described_tree(self.workspace),
        }

    def facts(self) -> Json:
        """What the data and the checkpoint are, for the picker, see `facts_of`."""
        return facts_of(self.workspace, self.card) | {"cones": self.calibration.sentence, "notice": (self.notice or {}).get("text", "")}

    @cached_property
    def notice(self) -> Json | None:
        """What a person should know of these data with this checkpoint before reading anything else, see `familiarity.notice`."""
        return notice(self.workspace, self.embedding, self.card, self.answers)

    def has_cones(self, query: Mapping[str, Any]) -> bool:
        """Whether cones say what a place contains: not for words in a plain CLIP, not among whole pictures alone."""
        return self.words.how == ENTAILMENT if "text" in query else not only_pictures(self.items)

    def select(self, query: Mapping[str, Any], omega: float | None = None, *, by: str = "entailment") -> Json:
        """Everything about one place: its picture, what lies in it and around it, its path, cone members and where it is drawn.

        omega: cone threshold on ext(place, child), radians in (0, π], None for the calibrated one of its level.  by: how the rest
        of the data is searched, see `Children`; without cones (`has_cones`) by cosine, which "how" says.
        "here": boxes right inside it, nested, of "here_total" at any depth; "elsewhere": the others by band and class; "children": the 40
        best wherever they are, in the cone or by another way. Raises SelectionError for a query that names nothing, DataError for a picture
        that cannot be read.
        """
        place, cones = self.placer.resolve(query), self.has_cones(query)
        image = place.picture["place"].get("image")
        around = self.lists.around(place.query, omega, by=by, image=image, cones=cones)
        nested, elsewhere = (
            self.lists.nested_boxes(place.query.row),
            self.lists.elsewhere(*around.candidates, by=around.by, cones=cones, of=place.query.row),
        )
        angles = self.disks.angle_of(place.query.direction, place.query.row)
        return {
            "row": place.query.row,
            "id": str(self.items.item_id[place.query.row]) if place.query.row is not None else None,
            "radius": float(place.query.radius),
            "omega": self.index.omega(place.query) if omega is None else omega,
            "calibrated": self.index.omega(place.query),
            "outward": self.answers.cones.outward,
            "how": ENTAILMENT if cones else COSINE,
            "closest": around.closest,
            "angle": angles[layout.DEFAULT],
            "angles": angles,
            "thumb": place.thumb,
            "picture": place.picture,
            "here": nested,
            "here_total": 0 if place.query.row is None else len(self.hierarchy.descendants_of(place.query.row)),
            "elsewhere": elsewhere | {"among": self.lists.listable(image)},
            "elsewhere_proof": self.index.proof if around.by == "entailment" else around.children.proof,
            "listed": listed_rows(nested, elsewhere),
            **self.cards.listed("children", around.children),
            **self.cards.listed("parents", around.parents),
            "parents_belong": None if place.query.row is None else self.lists.belonging.over(place.query.row, around.parents.rows),
            "path": self.lists.path_to_root(place.query, omega) if cones else [],
            "edges": edges_of_picture(self.hierarchy.edges, self.items.offsets, image if place.query.row is not None else None),
            "members": pack_rows(around.members, len(self.items)),
            "members_total": len(around.members),
        }

    def of_class(
        self, query: Mapping[str, Any], omega: float | None, *, by: str, band: int, label: int, offset: int = 0, limit: int = 40
    ) -> Json:
        """All items behind one card of `select`'s "elsewhere", best first, see `Children.of_class`."""
        place, cones = self.placer.resolve(query), self.has_cones(query)
        candidates = self.lists.candidates(place.query, way(by, cones), omega, place.picture["place"].get("image"), cones=cones)
        return self.lists.of_class(candidates, band=band, label=label, offset=offset, limit=limit, cones=cones)

    def to_root(self, query: Mapping[str, Any], own_words: Sequence[str] = ()) -> Json:
        """The words met from a place to the root, see `TextSearch.to_root`; CheckpointError without a text tower."""
        return self.words.to_root(self.placer.resolve(query).query, self.items.classes, own_words)

    def search(
        self,
        *,
        item_id: str | None = None,
        picture: Path | None = None,
        text: str | None = None,
        kinds: list[str],
        omega: float | None,
        limit: int,
        own_words: Sequence[str] = (),
        each: bool = False,
    ) -> Json:
        """The answers of the command line: lists named in `kinds` ("children", "bands", "parents", "nearest", "path", "words") for an
        item, a picture file or a text; omega None takes the calibrated thresholds. "how" says what children are found by: without
        cones (`has_cones`) they are the nearest by cosine, and nothing is a parent. own_words: see `to_root`; each: see `select`."""
        named: Json = {"row": self.row_of(item_id)} if item_id is not None else {"text": text}
        if picture is not None:
            named = {"upload": self.placer.uploads.add(read_bytes(picture), picture.name)}
        place, cones = self.placer.resolve(named), self.has_cones(named)
        image = place.picture["place"].get("image")
        result: Json = {
            "label": place.picture["title"],
            "radius": float(place.query.radius),
            "how": ENTAILMENT if cones else COSINE,
        }
        for kind in kinds:
            if kind == "words":
                result |= {"words": (walk := self.to_root(named, own_words))["words"], "pool": walk["pool"]}
            else:
                result |= self.lists.named(kind, place.query, omega, limit=limit, image=image, cones=cones, each=each)
        return result

    def row_of(self, item_id: str) -> int:
        """The row of an item id; SelectionError when there is none."""
        return self.items.row(item_id)

    @cached_property
    def pictures(self) -> ShownPictures:
        """Items and pictures as JPEG."""
        return ShownPictures(self.workspace, self.items)

    def thumb(self, row: int) -> bytes:
        """The card of an item, see `ShownPictures.thumb`; SelectionError when there is no such row."""
        return self.pictures.thumb(self.placer.checked(row, len(self.items), "item"))

    def picture(self, image: int) -> bytes:
        """One of the data set's pictures, see `ShownPictures.picture`; SelectionError when there is none of this number."""
        return self.pictures.picture(self.placer.checked(image, len(self.items.images), "picture"))
