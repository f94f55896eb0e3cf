"""Dataclasses to plain JSON plus arrays and back, by their type hints: how finished evaluations are kept on disk."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


def to_record(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """`value` (dataclasses, dicts, lists, tuples, numbers, words, None) for `json.dumps`; its arrays are put into
    `arrays` and named in their place."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return name
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_record(getattr(value, field.name), arrays) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_record(entry, arrays) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_record(entry, arrays) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def from_record(cls: type[T], record: Any, arrays: Arrays) -> T:
    """The dataclass that `to_record` wrote; KeyError or TypeError when the record is of another shape."""
    hints = get_type_hints(cls)
    values = {field.name: record[field.name] for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: _restore(hints[name], value, arrays) for name, value in values.items()})


def _restore(hint: Any, value: Any, arrays: Arrays) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _restore(next(one for one in inner if one is not type(None)), value, arrays)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_record(hint, value, arrays)
    if origin is dict:
        return {key: _restore(inner[1], entry, arrays) for key, entry in value.items()}
    if origin is list:
        return [_restore(inner[0], entry, arrays) for entry in value]
    if origin is tuple:
        hints = [inner[0]] * len(value) if inner[1:] == (...,) else inner
        return tuple(_restore(one, entry, arrays) for one, entry in zip(hints, value, strict=True))
    if origin is np.ndarray:
        return arrays[value]
    return value
