"""Boxes for pictures that have none: windows of many sizes, of which the model itself chooses.

Every window of a few sizes, shapes and places is embedded like any item. A window is kept when the model says that it is
a part of its picture, that is inside the picture's cone (the one retrieval meaning, at the checkpoint's calibrated ω) and
farther from the root than the picture. Of windows that overlap, the one is kept that most likely frames an object, as was learned from
annotated boxes for the shipped backbone of photographs (`inference.objectness`); for another backbone the one nearest the root, where
objects lie above their parts. Windows around a kept one then vote on where its edges are. This is ours [R]; the paper needs boxes.

A proposal is an item of `source` "proposal" and of the one class PROPOSED: it is never counted, exported or shown as an
annotation. The workspace it came from stays as it is.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_range
from hypviz.data.crops import crop_square
from hypviz.data.items import Items, item_ids
from hypviz.data.pictures import open_upright
from hypviz.errors import DataError, SettingsError
from hypviz.inference.embed import features_of, in_fastest_dtype, projected
from hypviz.inference.in_pictures import in_pictures
from hypviz.inference.objectness import shipped_objectness
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.retrieval import Cones, as_cones

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

PROPOSED = "proposal"
"""The class and the source of a proposed box."""
OVERLAP = {True: 0.3, False: 0.4}
"""By whether objects were learned, so that neighbours vote; without votes 0.3 would cost a third of the objects framed (docs/data.md)."""
PART = 0.25
"""A window inside another may be a part of what that one shows when it has at most this share of its area."""
VOTING, VOTE = 0.4, 4.0
"""Least intersection over union of a window with the one that it votes for, and how much a better score weighs; docs/data.md."""
LONGEST = 1280
"""Pixels of the longest side that windows are cut from: the narrowest ones still have the side of a network's input."""
Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class ProposalSettings:
    """Which windows are looked at, and how many are kept."""

    scales: tuple[float, ...] = (0.6, 0.4, 0.25)
    """Sides of the windows as shares of the picture's: halves, objects, parts."""
    aspects: tuple[float, ...] = (1.0, 2.0, 0.5)
    """Width over height, relative to the picture's own."""
    stride: float = 0.5
    """Step between windows as a share of their side."""
    overlap: float | None = None
    """Of two windows whose intersection is more than this share of their union, one is kept; None for `OVERLAP`."""
    inside: float = 0.7
    """So are two of nearly one size, one of which lies inside the other by more than this share of its area."""
    most: int = 6
    """Proposals kept per picture; the first are the likeliest."""
    min_side: float = 24.0
    """Smaller windows, in pixels, show nothing."""

    def __post_init__(self) -> None:
        for name in ("scales", "aspects"):
            if not getattr(self, name):
                raise SettingsError(f"{name} must hold at least one number.")
        for scale in self.scales:
            check_range("scale", scale, 0.02, 0.95)
        for aspect in self.aspects:
            check_range("aspect", aspect, 0.1, 10.0)
        check_range("stride", self.stride, 0.1, 1.0)
        if self.overlap is not None:
            check_range("overlap", self.overlap, 0.0, 1.0)
        check_range("inside", self.inside, 0.0, 1.0)
        check_range("most", self.most, 1, 1000)
        check_range("min_side", self.min_side, 1.0, 1e4)

    def selected(self, boxes: Boxes, score: NDArray[np.floating], *, learned: bool) -> NDArray[np.int64]:
        """Rows of the windows (n, 4) that are kept, best score first."""
        overlap = OVERLAP[learned] if self.overlap is None else self.overlap
        return suppress(boxes, score, overlap=overlap, most=self.most, inside=self.inside)


def windows(size: tuple[int, int], settings: ProposalSettings) -> Boxes:
    """(n, 4) xyxy windows of a picture of `size` (width, height), none twice, none of nearly the whole picture.

    >>> windows((100, 100), ProposalSettings(scales=(0.5,), aspects=(1.0,), stride=1.0)).tolist()[:2]
    [[0.0, 0.0, 50.0, 50.0], [50.0, 0.0, 100.0, 50.0]]
    """
    width, height = size
    boxes: dict[tuple[float, ...], None] = {}
    for scale in settings.scales:
        for aspect in settings.aspects:
            w, h = min(1.0, scale * aspect**0.5) * width, min(1.0, scale / aspect**0.5) * height
            if min(w, h) < settings.min_side or w * h > 0.8 * width * height:
                continue
            for y in _places(height, h, settings.stride):
                for x in _places(width, w, settings.stride):
                    boxes[round(x, 3), round(y, 3), round(min(x + w, width), 3), round(min(y + h, height), 3)] = None
    return np.array(list(boxes), dtype=np.float64).reshape(-1, 4)


def _places(length: float, side: float, stride: float) -> NDArray[np.float64]:
    """Where windows of `side` begin, evenly from edge to edge, at most `stride` sides apart."""
    steps = int(np.ceil((length - side) / (stride * side) - 1e-9))
    return np.linspace(0.0, length - side, steps + 1) if steps > 0 else np.zeros(1)


def suppress(boxes: Boxes, score: NDArray[np.floating], *, overlap: float, most: int, inside: float = 1.0) -> NDArray[np.int64]:
    """Rows of at most `most` boxes (n, 4), best score first, no two with an intersection over union above `overlap`, and none of which
    more than the share `inside` is common to it and to one not much larger (`PART`): a part inside its object stays.

    >>> suppress(np.array([[0., 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10]]), np.array([1., 3, 2]), overlap=0.5, most=9).tolist()
    [1, 2]
    >>> suppress(np.array([[0., 0, 10, 10], [0, 0, 6, 6], [0, 0, 4, 4]]), np.array([3., 2, 1]), overlap=0.5, most=9, inside=0.7).tolist()
    [0, 2]
    """
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    waiting = np.argsort(-score, kind="stable")
    selected: list[int] = []
    while len(waiting) and len(selected) < most:
        best, others = waiting[0], waiting[1:]
        selected.append(int(best))
        shared = _shared(boxes[best], boxes[others])
        small, large = np.minimum(area[best], area[others]), np.maximum(area[best], area[others])
        again = (shared > overlap * (small + large - shared)) | ((shared > inside * small) & (small > PART * large))
        waiting = others[~again]
    return np.array(selected, dtype=np.int64)


def _shared(box: Boxes, others: Boxes) -> NDArray[np.float64]:
    """(n,) areas common to a box (4,) and to others (n, 4)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    areas: NDArray[np.float64] = np.prod(np.maximum(high - low, 0.0), axis=1)
    return areas


def voted(boxes: Boxes, rows: NDArray[np.int64], score: NDArray[np.floating]) -> Boxes:
    """(k, 4) the kept windows, each moved to where those that overlap it most would have it: their mean, weighted by exp(VOTE · score).

    boxes: (n, 4) all windows.  rows: (k,) the kept ones.  score: (n,) in log odds. A window votes for the kept one that it overlaps
    most, when their intersection over union is at least `VOTING`. After box voting, Gidaris and Komodakis, ICCV 2015 [R].

    >>> voted(np.array([[0.0, 0, 10, 10], [0, 0, 12, 10], [50, 0, 60, 10]]), np.array([0]), np.zeros(3)).tolist()
    [[0.0, 0.0, 11.0, 10.0]]
    """
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    shared = np.stack([_shared(boxes[row], boxes) for row in rows]) if len(rows) else np.zeros((0, len(boxes)))
    union = shared / (area[rows, None] + area - shared)
    votes = (union >= VOTING) & (union >= union.max(axis=0, initial=0.0))
    weight = np.where(votes, np.exp(VOTE * (score - score[rows, None])), 0.0)
    moved: Boxes = weight @ boxes / weight.sum(axis=1, keepdims=True)
    return moved


def choose(
    embedding: Embedding, boxes: Boxes, omega: float | Cones, settings: ProposalSettings, likely: NDArray[np.floating] | None = None
) -> NDArray[np.int64]:
    """Rows of the windows (n, 4) that the model takes for parts of their picture, the likeliest object first.

    embedding: n + 1 rows, the whole picture's first.  omega: half-angle of the picture's cone in radians, or the cones by level.
    likely: (n,) how likely each window frames an object; None for those nearest to the root first, or, where radii
    mean nothing, those with the smallest angle at the picture.
    """
    index = Index(embedding)
    picture = index.query(0)
    children = index.children(picture, float(as_cones(omega).at(picture.radius)), limit=len(boxes))
    rows = np.asarray(children.rows, np.int64)
    if embedding.geometry != "cosine":  # whose radii say nothing
        rows = rows[embedding.radii[rows] > embedding.radii[0]]
        score = -np.asarray(embedding.radii[rows])
    else:
        score = -np.asarray(children.angle)
    if likely is not None:
        score = np.asarray(likely)[rows - 1]
    return rows[settings.selected(boxes[rows - 1], score, learned=likely is not None)] - 1


def propose(
    items: Items,
    encoder: HyperbolicEncoder,
    omega: float | Cones,
    *,
    settings: ProposalSettings | None = None,
    everywhere: bool = False,
    by_image: MutableMapping[int, Boxes] | None = None,
    on_progress: OnProgress | None = None,
) -> Items:
    """The items with proposals added, to the pictures without a box, or with `everywhere` to all.

    omega: half-angle of a picture's cone in radians, or the cones of the checkpoint's card.  by_image: proposals (n, 4); those
    there are taken, others put in as they are found. on_progress may raise to stop. Raises DataError when every
    picture has boxes, when the items have a class called PROPOSED already, or when nothing was found.
    """
    settings = settings or ProposalSettings()
    if PROPOSED in items.classes:
        raise DataError(f"The data set has a class {PROPOSED!r} already; propose from the workspace it was made of.")
    alone = np.diff(items.offsets) == 1
    images = np.flatnonzero(alone | everywhere)
    if not len(images):
        raise DataError(f"All {len(alone):,} pictures have boxes; propose for them too by --everywhere.")
    by_image = {} if by_image is None else by_image
    look = _Looking(items, encoder, omega, settings, len(images))
    for done, image in enumerate(images.tolist(), start=1):
        if image not in by_image:
            by_image[image] = look.at(image)
        if on_progress is not None:
            on_progress(done, len(images))
    proposals = {image: by_image[image] for image in images.tolist()}
    if not any(len(boxes) for boxes in proposals.values()):
        raise DataError(f"No window of {len(images):,} pictures is a part of its picture to this model; try another checkpoint.")
    return with_proposals(items, proposals)


class _Looking:
    """Proposals of one picture after the other; count: how many there will be at most."""

    def __init__(self, items: Items, encoder: HyperbolicEncoder, omega: float | Cones, settings: ProposalSettings, count: int) -> None:
        self.items, self.encoder, self.omega, self.settings, self.count = items, encoder, omega, settings, count
        self.objectness = shipped_objectness(encoder)
        self.quick: HyperbolicEncoder | None = None

    def at(self, image: int) -> Boxes:
        """(n, 4) the proposals of a picture, the likeliest object first."""
        size = (int(self.items.images.width[image]), int(self.items.images.height[image]))
        boxes = windows(size, self.settings)
        if not len(boxes):
            return boxes
        crops = self._crops(image, size, np.concatenate([[(0.0, 0.0, *size)], boxes]))
        self.quick = self.quick or in_fastest_dtype(self.encoder, crops, count=len(crops) * self.count)
        features = features_of(self.quick, crops)
        embedding = Embedding(*projected(self.quick, features), self.encoder.curv.item(), self.encoder.settings.geometry)
        embedding = in_pictures(embedding, np.zeros(len(crops), np.int64), replace(self.encoder.settings, contents=0.0))
        likely = None if self.objectness is None else self.objectness.scores(features[1:], boxes, size)
        rows = choose(embedding, boxes, self.omega, self.settings, likely)
        return boxes[rows] if likely is None else voted(boxes, rows, likely)

    def _crops(self, image: int, size: tuple[int, int], boxes: Boxes) -> NDArray[np.uint8]:
        """(n, S, S, 3) of boxes (n, 4), from the picture at no more than `LONGEST` pixels: its hundreds of windows overlap."""
        picture = open_upright(self.items.path(int(self.items.offsets[image])), side=LONGEST)
        picture.thumbnail((LONGEST, LONGEST))
        boxes = boxes * ([picture.width / size[0], picture.height / size[1]] * 2)
        return np.stack([crop_square(picture, box, self.encoder.image_size) for box in boxes.tolist()])


def with_proposals(items: Items, proposals: dict[int, Boxes]) -> Items:
    """The items with boxes (n, 4) added to some images, after those they have."""
    classes = (*items.classes, PROPOSED)
    order: list[NDArray[np.int64]] = []
    new: list[tuple[int, Sequence[float], str]] = []
    for image in range(len(items.images)):
        image_rows = items.of_image(image)
        order.append(image_rows)
        boxes = np.round(np.asarray(proposals.get(image, np.empty((0, 4))), np.float64) * 8) / 8
        known_ids = set(items.item_id[image_rows].tolist())
        ids = item_ids(f"{PROPOSED}|{items.images.content[image]}", boxes.tolist())[1:]
        fresh = [(box, name) for box, name in zip(boxes.tolist(), ids, strict=True) if name not in known_ids]
        order.append(len(items) + len(new) + np.arange(len(fresh)))
        new += [(image, box, name) for box, name in fresh]
    rows = np.concatenate(order)

    def column(old: NDArray[Any], added: Sequence[Any]) -> NDArray[Any]:
        return np.concatenate([old, np.array(added, dtype=old.dtype if old.dtype.kind != "U" else None)])[rows]

    return replace(
        items,
        item_id=column(items.item_id, [name for _, _, name in new]),
        image=column(items.image, [image for image, _, _ in new]),
        xyxy=column(items.xyxy, [box for _, box, _ in new]),
        label=column(items.label, [len(classes) - 1] * len(new)),
        source=column(items.source, [PROPOSED] * len(new)),
        classes=classes,
    )
