"""What a folder holds, by content: pictures, and annotation files by format, whatever they are called and wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypviz.data.formats.mentions import Mentions
from hypviz.data.formats.sniff import UNKNOWN, sniff
from hypviz.data.formats.taxonomy import FILE_NAMES
from hypviz.data.formats.tree import SKIPPED_FOLDERS, Tree, read_tree
from hypviz.data.raw import DropCounter, storable

_BROKEN = ("broken json", "broken xml")
_NOT_ALONE = frozenset({"names"})
"""Kinds that say nothing without others."""
_IGNORED = (".md", ".rst", ".pdf", ".html", ".py", ".ipynb", ".sh", ".toml", ".lock", ".cfg", ".ini", ".log", ".gitignore")


@dataclass
class Survey:
    """kinds: what each file that is no picture is ("" for nothing that matters).  descriptions: in words, where there are any."""

    root: Path
    tree: Tree
    kinds: dict[str, str]
    descriptions: dict[str, str]

    def files(self, kind: str) -> list[str]:
        """The files of a format, with YOLO's files of class names."""
        kinds = (kind, "names") if kind == "yolo" else (kind,)
        return [name for name, each in self.kinds.items() if each in kinds]

    def formats(self, known: Sequence[str]) -> list[str]:
        """The formats that the folder holds, in the order of `known`; a tree of classes or a list of images alone is none."""
        kinds = set(self.kinds.values())
        if "openimages" in kinds:
            kinds.discard("csv")  # labels of whole images, which lie beside the boxes
        return [name for name in known if name in kinds and name not in ("auto", "classes", "folder", *_NOT_ALONE)]

    @property
    def unknown(self) -> list[str]:
        """Files that hold annotations, or may, and cannot be read here; broken ones among them."""
        return [name for name, kind in self.kinds.items() if kind == UNKNOWN or kind in _BROKEN]

    def notes(self) -> list[str]:
        """Sentences on files that speak of the pictures without any coordinates, for a folder that is opened as plain pictures."""
        named = [name for name, kind in self.kinds.items() if kind == "named"]
        sentences = [f"{storable(name)} was not read ({self.descriptions[name]})" for name in named[:5]]
        return sentences + ([f"{len(named) - 5} more files like these were not read"] if len(named) > 5 else [])

    def refusal(self) -> str:
        """Why the folder is not opened as plain pictures."""
        unknown = self.unknown
        description = self.descriptions.get(unknown[0]) or self.kinds[unknown[0]]
        more = f" and {len(unknown) - 1} other files" if len(unknown) > 1 else ""
        example = f"{storable(unknown[0])} ({description}){more}"
        return (
            f"{self.root}: holds annotations that cannot be read here: {example}; export them as COCO, YOLO or VOC, "
            "or open the pictures alone by --format folder."
        )

    def several(self, formats: Sequence[str], picture: str = "") -> str:
        """The message for formats that speak of the same pictures."""
        listing = " and ".join(f"{name} ({next(iter(self.files(name)), '')})" for name in formats)
        example = f" for the same pictures (such as {storable(picture)})" if picture else ""
        return f"{self.root}: holds annotations of several formats, {listing}{example}; keep one of them, or choose by --format."

    def count(self, tried: set[str], dropped: DropCounter) -> None:
        """Count what is in the folder and no reader had: annotation files, and folders that could not be walked."""
        self.tree.count_losses(dropped)
        for name in self.unknown:
            if name not in tried:
                dropped.file("annotation file not read", f"{storable(name)}: {self.descriptions.get(name) or self.kinds[name]}")


def survey(folder: Path, *, enter: bool = True) -> Survey:
    """Look at every file of a folder, or of the one folder that it holds beside a README, as an unpacked archive does."""
    root = inner_folder(folder) if enter else folder
    tree = read_tree(root)
    tree.others = [name for name in tree.others if not is_class_tree(root, name)]
    signs = {name: sniff(root / name) for name in tree.others}
    kinds = {name: sign.kind for name, sign in signs.items()}
    descriptions = {name: sign.description for name, sign in signs.items() if sign.description}
    mentions = Mentions(tree.pictures)
    for name in [name for name, kind in kinds.items() if not kind]:
        kind, words = mentions.kind_of(root / name)
        if kind:
            kinds[name], descriptions[name] = kind, words
    return Survey(root, tree, kinds, descriptions)


def is_class_tree(root: Path, name: str) -> bool:
    """Whether a file is the class tree beside a data set: by its name and place, unless it holds annotations."""
    return name in FILE_NAMES and sniff(root / name).kind in ("", UNKNOWN, "names", *_BROKEN)


def class_tree_in(folder: Path, dropped: DropCounter) -> Path | None:
    """The class tree in a data set's folder; of two the first of `formats.taxonomy.FILE_NAMES`, which is noted in `dropped`."""
    root = inner_folder(folder)
    files = [root / name for name in FILE_NAMES if (root / name).is_file() and is_class_tree(root, name)]
    if len(files) > 1:
        dropped.note(f"{files[1].name} was not read: the class tree is that of {files[0].name}")
    return files[0] if files else None


def inner_folder(path: Path) -> Path:
    """The folder itself, or where it holds one folder and nothing that concerns pictures that one."""
    visited: set[Path] = set()
    while path.is_dir() and path.resolve() not in visited:
        visited.add(path.resolve())
        inside = [each for each in path.iterdir() if not each.name.startswith(".") and each.name not in SKIPPED_FOLDERS]
        folders = [each for each in inside if each.is_dir()]
        if len(folders) != 1 or any(_matters(each) for each in inside if not each.is_dir()):
            break
        path = folders[0]
    return path


def _matters(path: Path) -> bool:
    """Whether a file beside the only folder is part of the data."""
    name = path.name.lower()
    if name in FILE_NAMES:
        return True
    if name.startswith(("readme", "license", "licence", "copying", "citation", "changelog")) or name.endswith(_IGNORED):
        return False
    return not name.endswith(".txt") or bool(sniff(path).kind)
