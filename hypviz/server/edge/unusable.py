"""One sentence for a request that does not fit what its route reads: which part, what was expected there, what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
}
"""What was expected, by the first word of pydantic's name for the mistake."""
LIMITS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
}
"""What was expected, by pydantic's name for the mistake and its figures."""


def sentence_of(mistake: Mapping[str, Any]) -> str:
    """The sentence for one of the mistakes that pydantic lists: {"type", "loc", "msg", "input", "ctx"}."""
    kind, figures = str(mistake["type"]), mistake.get("ctx", {})
    if kind == "sentence":  # of a validator of ours
        return str(mistake["msg"])
    place = " → ".join(str(part) for part in mistake["loc"])[:120] or "body"
    if kind == "missing":
        problem = "it is missing"
    elif kind == "json_invalid":
        problem = f"expected JSON, got something else ({figures.get('error', 'no JSON')})"
    else:
        problem = f"expected {_expected(kind, figures, str(mistake['msg']))}, got {shortened(mistake.get('input'))}"
    return f"The {place} of this request is not usable: {problem}."


def _expected(kind: str, figures: Mapping[str, Any], message: str) -> str:
    if kind in LIMITS:
        return LIMITS[kind].format_map(figures)
    if kind == "expected":  # the words of `hypviz.server.schemas.base.expected`
        return message
    return KINDS.get(kind.partition("_")[0], message[:200])


def shortened(value: Any) -> str:
    """What came, at a length that fits a sentence."""
    if isinstance(value, (list, dict)) and len(value) > 8:
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    try:
        text = repr(value)
    except ValueError:  # a number of too many digits
        return "a very large number"
    return text if len(text) <= 80 else f"{text[:79]}…"
