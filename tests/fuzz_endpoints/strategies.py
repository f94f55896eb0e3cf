"""What to send to a route: its own words with values that fit, nearly fit, or never could."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.fuzz_endpoints.world import Request, Site
from tests.server.every_route import filled

HOSTILE = (
    "",
    " ",
    "²",
    "٣",
    "x" * 300,
    "é" * 200,
    "\0",
    "../..",
    "../../etc/passwd",
    "/etc",
    "~",
    "C:\\x",
    "\ud800",
    "\u202e",
    "<b>",
    "%00",
    "null",
    "-1",
    "0",
    "7",
    "1e999",
    "NaN",
    "9" * 40,
    "9" * 5000,
    "x\ny",
    ".",
    "..",
    "con",
    "a/b",
    "\\",
    "'",
    '"',
    "{}",
    "[",
    "tiny",
    "demo",
    "best",
)
NUMBERS = (
    0,
    1,
    7,
    -1,
    2**31,
    2**63,
    2**64,
    2**70,
    -(2**70),
    10**400,
    0.5,
    1.5,
    3.2,
    1e-300,
    1e308,
    float("nan"),
    float("inf"),
    -float("inf"),
    True,
)
SENSE: dict[str, tuple[Any, ...]] = {
    "row": (0, 7, 131),
    "image": (0, 1),
    "box": ([5, 5, 80, 90], [0, 0, 0, 0]),
    "layout": ("hierarchy", "pca"),
    "omega": (0.5, 3.0, None),
    "kind": ("angle", "sum", "cosine", "same", "contains"),
    "by": ("entailment", "cosine", "distance"),
    "rows": ([0, 5], [], "AAA"),
    "ids": ([], ["x"]),
    "members": ("AAAA", ""),
    "format": ("csv", "json", "coco", "jsonl", "parquet", "npz", "html"),
    "scale": ("true", "log"),
    "query": ({"row": 3}, {"image": 0, "box": [5, 5, 60, 60]}, {"text": "cat"}),
    "queries": ([{"row": 1}, {"row": 2}],),
    "filter": ({}, {"rows": [1, 2]}, {"text": "a"}, {"depth": [1]}, {"radius": [0, 9]}, {"class": [0]}, {"tags": ["a"]}, {"not": {}}),
    "polygon": ([[0, 0], [1, 0], [1, 1]],),
    "window": ([0, 0, 1, 1],),
    "view": ([0, 0, 1], {"x": 0, "y": 0}),
    "budget": (10, 0),
    "order": ("row", "radius", "class", "near", "worst", "typical"),
    "offset": (0, 5),
    "limit": (3, 40),
    "down": (True,),
    "name": ("a tag",),
    "link": ("data=tiny",),
    "on": (True, False),
    "band": (0, 1),
    "class": (0, 1),
    "words": (["cat"],),
    "version": (0, 1),
    "boxes": ([{"key": "", "xyxy": [1, 1, 40, 40], "label": "cat"}], []),
    "level": ("items", "classes"),
    "a": ("cat",),
    "b": ("dog",),
    "set": ("tiny",),
    "checkpoint": ("tiny",),
    "depth": ("head", "blocks", "all", 1),
    "settings": ({}, {"tune.epochs": 2}),
    "epoch": ("0",),
    "source": ("tiny",),
    "task": ("parent-child",),
    "reading": ("all",),
    "score": ("listed",),
    "metric": ("map",),
    "apex": ("query",),
    "scope": ("quick",),
    "data": (["tiny"], "tiny"),
    "fn_index": (0, 1, 99),
    "session_hash": ("abc",),
    "event_data": (None, {}),
    "state": ({},),
    "seen": ("a tag",),
    "id": ("x",),
    "to": ("b tag",),
    "licence": ("MIT",),
    "note": ("",),
    "weights": ("",),
    "backbone": ("timm:test_vit",),
    "since": (0, 3),
    "text": ("cat",),
    "upload": ("0" * 32,),
    "focus": ("1,2", "1"),
    "direct": (True,),
    "right": (True,),
    "shown": (5,),
}
"""Values that mean something, by the name of a field."""
NESTED = (
    "row",
    "image",
    "box",
    "upload",
    "text",
    "layout",
    "polygon",
    "window",
    "view",
    "budget",
    "rows",
    "ids",
    "members",
    "format",
    "name",
    "on",
    "class",
    "classes",
    "depth",
    "radius",
    "tags",
    "filter",
    "not",
    "any",
    "images",
    "words",
    "query",
    "omega",
    "kind",
    "zoom",
    "x",
    "y",
)
"""Names that objects inside of bodies have."""

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
scalars = st.one_of(st.none(), st.booleans(), st.sampled_from(NUMBERS), st.integers(-9, 300), st.floats(), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NESTED), inner, max_size=4)),
    max_leaves=8,
)


def value_of(name: str) -> st.SearchStrategy[Any]:
    """A value for a field: one that fits as often as not."""
    return st.one_of(st.sampled_from(SENSE[name]), values) if name in SENSE else values


def body_of(names: list[str]) -> st.SearchStrategy[Any]:
    """An object with most of a route's fields and some that are none of its."""
    known = names or list(NESTED)
    own = st.fixed_dictionaries({}, optional={name: value_of(name) for name in known})
    whole = st.fixed_dictionaries({name: value_of(name) for name in names}) if names else own
    return st.one_of(whole, own, st.builds(dict.__or__, own, st.dictionaries(texts, values, max_size=2)), values)


def written(value: Any) -> bytes:
    """JSON, NaN and lone surrogates included, as a parser may meet it."""
    return json.dumps(value).encode()


raw_bodies = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 20_000, b"\xff\xfe", b"{", b'{"row": 1e400}', b'{"a": ' + b"9" * 6000 + b"}", b'"\\ud800"']
    ),
)


def requests_to(site: Site, method: str, path: str, query: list[str], body: list[str]) -> st.SearchStrategy[Request]:
    """Requests to one route, whose own query and body fields are named."""
    parts = {name: st.one_of(st.sampled_from(site.names[name]), st.sampled_from(site.names[name]), texts) for name in site.names}
    path_values = st.fixed_dictionaries({name: parts.get(name, _place(name)) for name in _names(path)})
    fields = st.fixed_dictionaries({}, optional={name: value_of(name).map(_text) for name in query} | {"data": st.just("tiny")})
    headers = st.sampled_from(
        [
            (),
            (("X-File-Name", "a.zip"),),
            (("X-File-Name", "%00" * 90),),
            (("Content-Type", "application/json"),),
            (("Content-Type", "multipart/form-data; boundary=x"),),
            (("Range", "bytes=5-2"),),
            (("Cookie", "a=b;;="),),
        ]
    )
    bodies: st.SearchStrategy[bytes] = st.just(b"")
    if method not in ("GET", "HEAD", "OPTIONS"):
        json_bodies = body_of(body).map(written)
        bodies = st.one_of(json_bodies, json_bodies, json_bodies, json_bodies, raw_bodies)

    def build(places: dict[str, Any], said: dict[str, Any], extra: tuple[tuple[str, str], ...], content: bytes) -> Request:
        kind = extra if any(key == "Content-Type" for key, _ in extra) else (("Content-Type", "application/json"), *extra)
        return Request(method, filled(path, **places), urlencode(said, errors="surrogatepass"), kind if content else extra, content)

    return st.builds(build, path_values, fields, headers, bodies)


def _place(name: str) -> st.SearchStrategy[str]:
    """A value for a parameter of a path."""
    numbers = st.sampled_from(["0", "1", "7", "-1", "²", str(2**70), "1e3", "9" * 30])
    fitting = [str(value) for value in SENSE.get(name, ()) if isinstance(value, (str, int))]
    return st.one_of(numbers, texts, st.sampled_from(fitting)) if fitting else st.one_of(numbers, texts)


def _names(path: str) -> list[str]:
    return [part.strip("{}").split(":")[0] for part in path.replace("=", "/").replace(".", "/").split("/") if part.startswith("{")]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
