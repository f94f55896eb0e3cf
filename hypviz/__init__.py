"""hypviz: walk through pictures in hyperbolic space, from a scene to its objects and their parts.

Importing the package loads nothing heavy; each module loads what it needs when it is used.
"""

__version__ = "0.1.0"
