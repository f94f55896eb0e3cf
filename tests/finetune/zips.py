"""Zips of all kinds, friendly and hostile."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from tests.worlds import TinyWorld, picture_bytes


def pack(path: Path, files: Mapping[str, bytes | str] | Iterable[tuple[str | zipfile.ZipInfo, bytes | str]]) -> Path:
    """Write a zip of these files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(name, content)
    return path


def coco_files(world: TinyWorld, *, top: str = "cars/") -> dict[str, bytes | str]:
    """The tiny world as the files of a zip, in one top folder."""
    content = world.coco()
    files: dict[str, bytes | str] = {f"{top}annotations.json": json.dumps(content)}
    for image in content["images"]:
        files[f"{top}images/{image['file_name']}"] = (world.folder / "images" / image["file_name"]).read_bytes()
    return files


def relabelled(world: TinyWorld, **keys: Any) -> dict[str, bytes | str]:
    """The tiny world's files with top-level keys of its COCO file replaced."""
    files = coco_files(world)
    return files | {"cars/annotations.json": json.dumps(world.coco() | keys)}


def huge_png(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels: all that is read of it before it is refused."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def small_picture(seed: int) -> bytes:
    return picture_bytes(Image.new("RGB", (24, 24), (seed * 40 % 256, 90, 200 - seed * 20 % 200)))
