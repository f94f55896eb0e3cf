"""The class graph of one data set in the classes of another: to judge by what the training annotations could know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError


def graph_from(classes: tuple[str, ...], items: Items, hierarchy: Hierarchy) -> NDArray[np.bool_]:
    """(C, C) bool over `classes`, [a, b] where b lies under a in the class graph of `items`; classes meet by name.

    A class that `items` does not know has nothing above or below it. DataError when no class is known.
    """
    row = {name: number for number, name in enumerate(items.classes)}
    known = np.array([row.get(name, -1) for name in classes], np.int64)
    if len(classes) and not (known >= 0).any():
        raise DataError(
            f"The class graph's data has none of the classes judged here (it has {', '.join(items.classes[:3])}, …): expected class"
            " names to be the same in both."
        )
    graph = class_graph(items, hierarchy)[np.ix_(known, known)]
    graph[known < 0] = False
    graph[:, known < 0] = False
    return graph
