"""Which index answers for a view: one over lists where there are many items and lists of them, otherwise the scan of all."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import HypvizError
from hypviz.search.approximate import WORTHWHILE, ApproximateIndex
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.lists.store import open_lists
from hypviz.search.retrieval import Retrieval
from hypviz.workspace.store import Workspace

log = logging.getLogger(__name__)


def index_of(
    workspace: Workspace, checkpoint_hash: str, embedding: Embedding, retrieval: Retrieval, *, whole: NDArray[np.bool_] | None = None
) -> Index:
    """The index of an embedding of the workspace. Lists that cannot be used are said in the log, and all items are scanned instead."""
    if len(embedding) > WORTHWHILE:
        folder = workspace.lists_folder(checkpoint_hash)
        try:
            lists = open_lists(folder, embedding)
        except HypvizError as error:
            log.warning("%s Until then all items are scanned.", error)
        else:
            if lists is not None:
                return ApproximateIndex(embedding, lists, retrieval, whole=whole)
    return Index(embedding, retrieval, whole=whole)
