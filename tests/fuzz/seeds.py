"""Sound inputs of every kind that a stranger may bring; what is tried begins from these."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from hypviz.config import EncoderSettings
from hypviz.data.pictures import is_picture_name
from hypviz.data.writers import AnnotatedSet, Picture, WrittenBox
from hypviz.data.writers.hf_datasets import write_hf_datasets
from hypviz.model.card import Card
from tests.conftest import random_picture
from tests.data.importers import WRITERS as SHOT_WRITERS
from tests.data.importers import Shot
from tests.data.layouts import WRITERS as LAYOUT_WRITERS
from tests.data.layouts import Layout, Scene

SIZE = (24, 18)
SCENES = (
    Scene("a.png", SIZE, (("car", 2, 2, 20, 16), ("wheel", 4, 4, 9, 9))),
    Scene("b.png", SIZE, (("car", 1, 3, 15, 12), ("wheel", 2, 5, 6, 10))),
)
SETS = (*LAYOUT_WRITERS, "openimages", "hf", "hf-written")
PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")


def write_set(form: str, folder: Path) -> list[Path]:
    """Write a small data set; returns its files that are no pictures."""
    if form in LAYOUT_WRITERS:
        layout = Layout(folder, ("car", "wheel"))
        layout.pictures(SCENES, {"yolo": "images/train/"}.get(form, ""))
        LAYOUT_WRITERS[form](layout, SCENES)
    elif form == "hf-written":
        write_own_hf(folder)
    else:
        shots = [Shot(f"{name}.jpg", encoded("JPEG", seed), SIZE, (2, 2, 20, 16)) for seed, name in enumerate("ab")]
        SHOT_WRITERS[form](folder, shots)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not is_picture_name(path.name))
    assert files, form
    return files


def write_own_hf(folder: Path) -> None:
    """As `hypviz export datasets` does: with names of pictures and relations."""
    pictures = []
    with tempfile.TemporaryDirectory() as root:
        for number, name in enumerate(("train/a.png", "b.png")):
            (Path(root) / name).parent.mkdir(exist_ok=True)
            (Path(root) / name).write_bytes(encoded("PNG", number))
            boxes = (
                WrittenBox(2 * number + 1, "car", (2.0, 2.0, 20.0, 16.0), known={"item_id": f"{number}a"}),
                WrittenBox(2 * number + 2, "wheel", (4.0, 4.0, 9.0, 9.0), "drawn", (2 * number + 1,), {"item_id": f"{number}b"}),
            )
            pictures.append(Picture(number + 1, name, *SIZE, boxes, "CC0-1.0"))
        write_hf_datasets(folder, AnnotatedSet("own", {"car": 1, "wheel": 2}, pictures), Path(root))


@cache
def encoded(format: str, seed: int = 0, mode: str = "RGB") -> bytes:
    """A small picture in a format."""
    stream = io.BytesIO()
    random_picture(SIZE, seed).convert(mode).save(stream, format)
    return stream.getvalue()


def pictures() -> list[bytes]:
    """A picture of every format, and of the modes that are converted in their own way."""
    found = [encoded(format) for format in PICTURES]
    found += [encoded("PNG", mode=mode) for mode in ("RGBA", "P", "L", "1")] + [encoded("TIFF", mode=mode) for mode in ("CMYK", "LAB", "F")]
    for options in ({"compression": "tiff_deflate"}, {"compression": "tiff_lzw"}):
        stream = io.BytesIO()
        Image.fromarray(np.arange(432, dtype=np.uint16).reshape(18, 24) * 100).save(stream, "TIFF", **options)
        found.append(stream.getvalue())
    return found


def archives() -> list[bytes]:
    """Zips, stored and packed, with names in several encodings."""
    found = []
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", kind) as archive:
            archive.writestr("set/a.png", encoded("PNG"))
            archive.writestr("set/日本.txt", "0 .5 .5 .2 .2\n" * 20)
            archive.writestr("set/sub/data.yaml", "names: [a, b]\n")
        found.append(stream.getvalue())
    return found


def uploads(folder: Path) -> list[bytes]:
    """Zips of whole data sets."""
    found = []
    for form in ("coco", "yolo", "voc", "labelme"):
        write_set(form, folder / form)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((folder / form).rglob("*")):
                archive.write(path, path.relative_to(folder))
        found.append(stream.getvalue())
    return found


def saved(write: Callable[[Path], object], folder: Path, ending: str) -> bytes:
    """The bytes of what a library writes under a name with that ending."""
    path = folder / f"seed{ending}"
    write(path)
    return path.read_bytes()


def weights(folder: Path) -> dict[str, list[bytes]]:
    """Weights and vectors by ending."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch
    from safetensors.torch import save_file

    tensors = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.ones(2, dtype=torch.float16)}
    vectors = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32) / 4
    named = {"vectors": vectors, "labels": np.array(list("abca")), "edges": np.array([[0, 1], [0, 2]]), "curv": np.array(1.0)}
    columns = {"vectors": pa.array(vectors.tolist()), "labels": list("abca")}
    return {
        ".safetensors": [saved(lambda path: save_file(tensors, path, metadata={"model": "poincare"}), folder, ".safetensors")],
        ".pt": [
            saved(lambda path: torch.save(tensors, path), folder, ".pt"),
            saved(lambda path: torch.save({"state_dict": tensors}, path, _use_new_zipfile_serialization=False), folder, ".pt"),
        ],
        ".npy": [saved(lambda path: np.save(path, vectors), folder, ".npy")],
        ".npz": [saved(lambda path: np.savez(path, **named), folder, ".npz")],
        ".parquet": [saved(lambda path: pq.write_table(pa.table(columns), path), folder, ".parquet")],
    }


def card() -> bytes:
    """A checkpoint's card."""
    return json.dumps(Card("x", EncoderSettings(), metrics={"a": 0.5}).to_json()).encode()
