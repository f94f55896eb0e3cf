"""The types of what is read from and written to JSON."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
"""A JSON object by its keys, as `json.loads` gives it: every value is text, a number, a bool, None, a list or such an object."""
