"""Every way in for a stranger's bytes, as functions that may raise what a person is shown, a `HypvizError`, and nothing else."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypviz.config import HierarchySettings
from hypviz.data.class_tree import ClassTree
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.limits import check_files
from hypviz.data.formats.sniff import sniff
from hypviz.data.formats.table import load_rows
from hypviz.data.formats.taxonomy import parse_taxonomy, read_taxonomy
from hypviz.data.formats.xml_text import read_xml
from hypviz.data.formats.yaml_text import read_yaml
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.pictures import inspect_picture, open_upright, read_size
from hypviz.data.raw import DropCounter
from hypviz.errors import HypvizError
from hypviz.finetune.archive import unpack
from hypviz.model.card import checkpoint_hash, read_card
from hypviz.vectors.columns import read_cells
from hypviz.vectors.read import read_vectors
from hypviz.workspace.meta import is_workspace, read_meta
from tests.fuzz import seeds


@dataclass
class Target:
    """seeds: sound inputs.  run: takes one input; `try_one` is what to call."""

    name: str
    seeds: list[bytes]
    run: Callable[[bytes], object]
    refused: int = field(default=0)

    def try_one(self, data: bytes) -> None:
        """Run one input; a refusal in words is counted, any other error gets out."""
        try:
            self.run(data)
        except HypvizError as error:
            self.refused += 1
            assert str(error).strip(), "a refusal without a word"


def names() -> list[str]:
    """All targets."""
    files = ("safetensors", "pt", "npy", "npz", "parquet")
    single = (
        *(f"read {kind}" for kind in READERS),
        "picture",
        "zip",
        "upload",
        "card",
        "meta",
        "classtree",
        "weights safetensors",
        "weights pt",
    )
    return [*(f"set {form}" for form in seeds.SETS), *single, *(f"vectors {kind}" for kind in files)]


def make(name: str, folder: Path) -> Target:
    """A target that works in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    kind, _, form = name.partition(" ")
    if kind == "read":
        return _parser(name, form, folder)
    if kind == "set":
        return _set(name, form, folder)
    if kind in ("vectors", "weights"):
        return _reader(name, kind, f".{form}", folder)
    return {"picture": _picture, "zip": _zip, "upload": _upload, "card": _card, "meta": _meta, "classtree": _class_tree}[kind](folder)


READERS: dict[str, Callable[[Path], object]] = {
    "yaml": read_yaml,
    "xml": read_xml,
    "rows": lambda path: load_rows(path, DropCounter()),
    "table": lambda path: read_cells(path),
    "sniffed": sniff,
}
"""Readers of one file, without the set around it."""


def weight(name: str) -> int:
    """How many inputs a target gets for each that one of whole sets gets, which takes as many times as long."""
    return 1 if name.startswith("set ") or name == "upload" else 6


def _parser(name: str, form: str, folder: Path) -> Target:
    """All annotation files there are, through one reader; the sound ones of other formats may be refused by it."""
    sound = [path.read_bytes() for one in seeds.SETS for path in seeds.write_set(one, folder / one) if path.suffix != ".arrow"]
    every = (".json", ".xml", ".csv", ".txt", ".yaml", ".parquet")
    endings = {"yaml": (".yaml",), "xml": (".xml",), "rows": (".json", ".csv"), "table": (".csv",), "sniffed": every}

    def run(data: bytes) -> None:
        for ending in endings[form]:
            (folder / f"a{ending}").write_bytes(data)
            READERS[form](folder / f"a{ending}")

    target = Target(name, sound, run)
    target.seeds = [data for data in sound if _is_read(target, data)]
    target.refused = 0
    return target


def _is_read(target: Target, data: bytes) -> bool:
    before = target.refused
    target.try_one(data)
    return target.refused == before


def _set(name: str, form: str, folder: Path) -> Target:
    """One of the files beside the pictures of a set is the input; its first byte says which."""
    files = seeds.write_set(form, folder / "set")
    sound = [path.read_bytes() for path in files]

    def run(data: bytes) -> None:
        place = data[0] % len(files) if data else 0
        files[place].write_bytes(data[1:])
        try:
            check_files(folder / "set")
            items, report = import_items(open_dataset(folder / "set", extract_to=folder / "extracted"))
            build_hierarchy(items, HierarchySettings())
            json.dumps(report.to_json(), ensure_ascii=False).encode("utf-8")
        finally:
            files[place].write_bytes(sound[place])

    return Target(name, [bytes([place]) + data for place, data in enumerate(sound)], run)


def _picture(folder: Path) -> Target:
    def run(data: bytes) -> None:
        (folder / "a.jpg").write_bytes(data)
        for look in (read_size, inspect_picture):
            with contextlib.suppress(HypvizError):
                look(folder / "a.jpg")
        assert open_upright(data).mode == "RGB"

    return Target("picture", seeds.pictures(), run)


def _unpacked(data: bytes, folder: Path) -> Path:
    inside = folder / "box" / "inside"
    shutil.rmtree(folder / "box", ignore_errors=True)
    inside.mkdir(parents=True)
    (folder / "a.zip").write_bytes(data)
    try:
        unpack(folder / "a.zip", inside, name="a.zip")
    finally:
        assert [path.name for path in (folder / "box").iterdir()] == ["inside"], "a file left its folder"
        assert not any(path.is_symlink() for path in inside.rglob("*")), "a link came out"
    return inside


def _zip(folder: Path) -> Target:
    return Target("zip", seeds.archives(), lambda data: _unpacked(data, folder))


def _upload(folder: Path) -> Target:
    """A whole zip, as the page takes it in, without the workspace at the end."""

    def run(data: bytes) -> None:
        inside = _unpacked(data, folder)
        check_files(inside)
        import_items(open_dataset(inside, extract_to=inside / "pictures"))

    return Target("upload", seeds.uploads(folder / "seeds"), run)


def _card(folder: Path) -> Target:
    (folder / "a.safetensors").write_bytes(b"")

    def run(data: bytes) -> None:
        (folder / "a.json").write_bytes(data)
        checkpoint_hash(folder / "a.safetensors")
        read_card(folder / "a.safetensors").answers  # noqa: B018 - it is computed when asked for

    return Target("card", [seeds.card()], run)


def _meta(folder: Path) -> Target:
    sound = {
        "kind": "hypviz workspace",
        "schema": 1,
        "name": "a",
        "root": "..",
        "stamp": "x",
        "classes": ["a"],
        "data_hash": "y",
        "hierarchy": {"counts": {}},
    }

    def run(data: bytes) -> None:
        (folder / "meta.json").write_bytes(data)
        is_workspace(folder)
        read_meta(folder)

    return Target("meta", [json.dumps(sound).encode()], run)


def _class_tree(folder: Path) -> Target:
    """A class tree, which is written and read again as it was."""
    sound = (
        b"animal\n  dog\n    poodle\n  cat\n",
        b'{"name": "animal", "children": [{"name": "dog", "children": ["poodle"]}, "cat"]}',
        b'{"animal": ["dog", "cat"], "dog": ["poodle"]}',
        b'[["dog", "animal"], ["poodle", "dog"], ["cat", "animal"]]',
        b'[{"synset": "n1", "name": "dog", "hypernyms": ["n2", "n3"]}, {"synset": "n2", "name": "animal"}]',
    )

    def run(data: bytes) -> None:
        (folder / "taxonomy.txt").write_bytes(data)
        tree = read_taxonomy(folder / "taxonomy.txt")
        assert parse_taxonomy(tree.to_text(), "again") == tree
        ClassTree(tree, ("dog", "Cat", "pudel")).report()

    return Target("classtree", list(sound), run)


def _reader(name: str, kind: str, ending: str, folder: Path) -> Target:
    def run(data: bytes) -> None:
        path = folder / f"a{ending}"
        path.write_bytes(data)
        if kind == "vectors":
            read_vectors(path).content_hash()
            return
        from hypviz.model.published import is_published, translate
        from hypviz.model.weights import read_weights

        tensors = read_weights(path)
        if is_published(tensors):
            translate(tensors, source=path)

    return Target(name, seeds.weights(folder)[ending], run)
