"""Relations as boolean sparse matrices, (N, N) with [a, b] for "b is below a": closure, difference, what lies between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.data.containment import transitive_closure
from hypviz.data.lookup import Rows

Pairs = NDArray[np.int64]
"""(P, 2): rows of the more general and of the more specific item."""


def closed(direct: csr_array) -> tuple[csr_array, csr_array]:
    """Closure of a relation and its transitive reduction, both boolean."""
    closure, longer = transitive_closure(direct)
    return closure, minus(closure, longer)


def minus(these: csr_array, those: csr_array) -> csr_array:
    """Entries of the one boolean matrix that the other has not."""
    left = (these.astype(np.int8) - these.multiply(those).astype(np.int8)).tocsr()
    left.eliminate_zeros()
    return left.astype(bool)


def places(matrix: csr_array) -> Pairs:
    """(P, 2) places of a boolean matrix's entries."""
    return np.stack(matrix.nonzero(), axis=1).astype(np.int64)


def linked(matrix: csr_array, a: int, b: int) -> bool:
    """Whether entry (a, b) is there."""
    return bool(np.isin(b, matrix.indices[matrix.indptr[a] : matrix.indptr[a + 1]]))


def rows_between(closure: csr_array, a: int, b: int) -> Rows:
    """What is below a and above b."""
    below = closure.indices[closure.indptr[a] : closure.indptr[a + 1]]
    between: Rows = below[[linked(closure, int(row), b) for row in below]]
    return between
