"""The two stages of embedding on a cluster, without the cluster: pictures to crops on a CPU, crops to vectors with the encoder.

Tables come and go, a row a picture, so that any split into blocks and batches gives the same vectors: what depends on other items
(`in_pictures`) depends on those of the same picture only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.crops import TASK_CROPS, crop_square
from hypviz.data.pictures import PictureError, open_upright
from hypviz.errors import DataError
from hypviz.inference.embed import encode
from hypviz.inference.in_pictures import in_pictures
from hypviz.search.embedding import Embedding
from hypviz.workspace.work import vector_table, with_crops

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

PASSED = 128
"""Crops of a picture that travel from one stage to the next, 19 MB at 224 pixels; those of a picture with more boxes are cut where the
encoder is, a few at a time."""
Crops = NDArray[np.uint8]
Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]


def crops_of(file: Path, boxes: NDArray[np.float32], size: int) -> Iterator[Crops]:
    """Crops (n, S, S, 3) of one picture's boxes (N, 4), at most `TASK_CROPS` at a time; DataError names the file."""
    try:
        picture = open_upright(file)
    except PictureError as error:  # which cannot travel between processes
        raise DataError(str(error)) from None
    try:
        for start in range(0, len(boxes), TASK_CROPS):
            yield np.stack([crop_square(picture, box, size) for box in boxes[start : start + TASK_CROPS]])
    except DataError as error:
        raise DataError(f"{file}: {error}") from None


def decoded(work: Any, *, root: str, size: int) -> Any:
    """A table of work with a column `crops`: the bytes of all crops of a picture; none where they are more than `PASSED`."""
    crops = []
    for file, flat in zip(work["file"].to_pylist(), work["box"].to_pylist(), strict=True):
        boxes = boxes_of(flat)
        parts = crops_of(Path(root, file), boxes, size) if len(boxes) <= PASSED else iter(())
        crops.append(b"".join(part.tobytes() for part in parts))
    return with_crops(work, crops)


def boxes_of(flat: Any) -> NDArray[np.float32]:
    """(n, 4) xyxy of a row's column `box`."""
    return np.asarray(flat, np.float32).reshape(-1, 4)


class Embedder:
    """Crops to vectors; lives on one device for a whole run, so that the encoder is moved there once."""

    def __init__(self, encoder: HyperbolicEncoder, *, root: str, batch: int | None = None, threads: int | None = None) -> None:
        import torch

        from hypviz.model.device import pick_device

        if threads is not None:
            torch.set_num_threads(threads)
        device = pick_device("auto")  # a worker sees the accelerators that were given to it, and no other
        self.encoder, self.root, self.batch = encoder.to(device).eval(), root, batch

    def __call__(self, work: Any) -> Any:
        """A table of decoded pictures to a table of results."""
        items, crops = work["item"].to_pylist(), work["crops"].to_pylist()
        size = self.encoder.image_size
        passed = [np.frombuffer(of, np.uint8).reshape(-1, size, size, 3) for of in crops if of]
        together = list(self._encoded([np.concatenate(passed)], [len(of) for of in passed])) if passed else []
        vectors = []
        for file, box, of in zip(work["file"].to_pylist(), work["box"].to_pylist(), crops, strict=True):
            boxes = boxes_of(box)
            vectors.append(together.pop(0) if of else next(self._encoded(crops_of(Path(self.root, file), boxes, size), [len(boxes)])))
        return vector_table(work["picture"].to_pylist(), items, self._placed(vectors, [len(of) for of in items]))

    def _encoded(self, crops: Iterable[Crops], counts: Sequence[int]) -> Iterator[Vectors]:
        """Directions and radii of pictures with so many crops each."""
        parts = [encode(self.encoder, some, batch=self.batch) for some in crops]
        directions, radii = (np.concatenate(of) for of in zip(*parts, strict=True))
        for stop, count in zip(np.cumsum(counts).tolist(), counts, strict=True):
            yield directions[stop - count : stop], radii[stop - count : stop]

    def _placed(self, vectors: Sequence[Vectors], counts: list[int]) -> Embedding:
        encoder = self.encoder
        directions, radii = np.concatenate([of[0] for of in vectors]), np.concatenate([of[1] for of in vectors])
        first = np.cumsum([0, *counts[:-1]])
        learned = Embedding(directions, radii, encoder.curv.item(), encoder.settings.geometry)
        return in_pictures(learned, np.repeat(first, counts), encoder.settings)
