"""Changed inputs from sound ones: bytes turned, cut, doubled and joined, numbers and words replaced, and JSON changed as JSON."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

WORDS = (
    b"\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 20,
    b"../" * 9, b"/etc/passwd", b"null", b"[]", b"{}", b"[" * 200, b"{\"a\":" * 50, b"<!DOCTYPE a [<!ENTITY b \"c\">]>", b"&b;",
    b"<![CDATA[", b"*a", b"&a ", b"<<: ", b"!!python/object:os.system ", b"%00", b"\n", b"\t", b",", b"\"", b"'", b"\\", b"PK\x05\x06",
    b"\x80\x02c", b"\xed\xa0\x80", b"\r\n", b"0x10", b"True", b"-0", b"1_000", b"\xc2\xb2", b"\xe2\x80\xae", b"a" * 300, b"9" * 400,
    b".", b"..", b"#", b"---\n", b"- ", b": ", b"? ", b"| ", b"> ",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 2**31, 2**63, 2**70, 10**400, 1e308, -0.0, float("nan"), float("inf"), "", "x" * 300, "../../x",
    "/etc/passwd", "\0", "\ud800", "1", "nan", [], {}, [[]], [None], {"": None}, [1, 2, 3, 4], ["a", "b", "c", "d"], [float("nan")] * 4,
    [[[[1]]]], {"a": {"a": {"a": {}}}},
)  # fmt: skip
"""Values that stand in places where others are expected."""


def mutated(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One of the seeds, changed one to six times."""
    data = rng.choice(seeds)
    if rng.random() < 0.4 and (changed := _as_json(data, rng)) is not None:
        return changed
    for _ in range(rng.randint(1, 6)):
        data = rng.choice(CHANGES)(data, seeds, rng)
    return data[: 1 << 20]


def _as_json(data: bytes, rng: random.Random) -> bytes | None:
    """The input with some of its values replaced, if it is JSON or lines of it."""
    head = data[:1] if data[:1] < b"\t" else b""  # which file of a set it is
    try:
        content = json.loads(data[len(head) :])
    except (ValueError, RecursionError):
        return None
    for _ in range(rng.randint(1, 3)):
        content = _replaced(content, rng)
    return head + json.dumps(content).encode("utf-8", "surrogatepass")


def _replaced(content: Any, rng: random.Random) -> Any:
    """The content with a value somewhere in it replaced, removed, doubled or renamed."""
    if not isinstance(content, (dict, list)) or not content or rng.random() < 0.15:
        return rng.choice(ODD)
    if isinstance(content, dict):
        key = rng.choice(list(content))
        kind = rng.random()
        if kind < 0.1:
            return {name: value for name, value in content.items() if name != key}
        if kind < 0.15:
            return content | {key.upper(): content[key], "": rng.choice(ODD)}
        return content | {key: _replaced(content[key], rng)}
    place = rng.randrange(len(content))
    if rng.random() < 0.1:
        return [*content, content[place]]
    return [*content[:place], _replaced(content[place], rng), *content[place + 1 :]]


def _turn(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _set(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    place, width = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8))
    value = rng.choice((0, 1, 255, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), rng.getrandbits(8 * width))) % 2 ** (8 * width)
    return data[:place] + value.to_bytes(width, rng.choice(("little", "big"))) + data[place + width :]


def _insert(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(WORDS) + data[place + rng.choice((0, 0, 1, 8)) :]


def _cut(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    first, last = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:first] if rng.random() < 0.3 else data[:first] + data[last:]


def _double(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    first, last = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:last] + data[first:last] * rng.choice((1, 1, 2, 30)) + data[last:]


def _join(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(seeds)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _number(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if not found:
        return data
    one = rng.choice(found)
    value = rng.choice((b"-1", b"0", b"1e308", b"1e-320", b"nan", b"inf", b"9" * 30, b"2147483648", b"", b"0.5", b"x"))
    return data[: one.start()] + value + data[one.end() :]


def _recode(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(
        rng.choice(("utf-16", "utf-16-le", "utf-32", "cp1252", "gbk", "cp932", "utf-7")), "replace"
    )


CHANGES: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _turn, _turn, _set, _set, _insert, _insert, _cut, _double, _join, _number, _number, _recode,
)  # fmt: skip
