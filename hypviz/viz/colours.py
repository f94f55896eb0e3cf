"""Colours and names of what points are grouped by: branch, depth and split, each in a light and a dark theme."""

from __future__ import annotations

from collections.abc import Sequence

Colours = Sequence[tuple[str, str]]
"""(light, dark) theme, as #rrggbb."""

BRANCH_COLOURS = (
    ("#388dbf", "#6e93f5"),
    ("#e4a416", "#fbaa0e"),
    ("#007a48", "#47dfa1"),
    ("#f27973", "#cc8783"),
    ("#6d5fe9", "#9652d6"),
    ("#740994", "#e35dc2"),
    ("#948c0b", "#a39401"),
    ("#803103", "#d43552"),
    ("#e682ff", "#eda2fe"),
    ("#a66586", "#d8eb57"),
)
"""Named branches, (light, dark) theme. Found by search: the least difference between any two of them, seen with normal
sight and with red or green blindness, is as large as ten colours of this range of lightness allow."""
SCENE_COLOUR = ("#4a566c", "#d3dbea")
OTHER_COLOUR = ("#a3a9b4", "#6d7686")
DEPTH_COLOURS = (
    ("#3b1c6b", "#f6e37a"),
    ("#22688e", "#6fd08c"),
    ("#1f9e89", "#2fa5a0"),
    ("#7cc450", "#4b7fc4"),
    ("#d8b70a", "#8a6bd1"),
)
"""Depth 0, 1, 2, …: steps of viridis, so that lightness alone already orders them; the last one repeats."""
DEPTH_NAMES = ("scene", "object", "part", "part of a part", "detail")


def branch_colours(names: Sequence[str]) -> list[tuple[str, str]]:
    """(light, dark) of each branch; "scene" and "other" have colours of their own, branches beyond the tenth none."""
    fixed = {"scene": SCENE_COLOUR, "other": OTHER_COLOUR}
    named = iter(BRANCH_COLOURS)
    return [fixed[name] if name in fixed else next(named, OTHER_COLOUR) for name in names]


def split_colours(names: Sequence[str]) -> list[tuple[str, str]]:
    """(light, dark) of each split; "not stated" is grey."""
    named = iter(BRANCH_COLOURS)
    return [OTHER_COLOUR if name == "not stated" else next(named, OTHER_COLOUR) for name in names]


def depth_names(deepest: int) -> list[str]:
    """Names of the levels 0…deepest: scene, object, part…

    >>> depth_names(1)
    ['scene', 'object']
    """
    return [DEPTH_NAMES[level] if level < len(DEPTH_NAMES) else f"level {level}" for level in range(deepest + 1)]
