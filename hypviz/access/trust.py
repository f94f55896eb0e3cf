"""What those who use a server may name: folders it reads, checkpoints, weights from a hub. The machine's owner says so at the start.

Nothing that lies in a file decides this. A workspace is one that the program made in the home folder, or that the owner named; a
`meta.json` among an uploaded set's pictures is a file like any other, and one elsewhere may point to pictures in allowed folders only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath

from hypviz.errors import DataError, WorkspaceError
from hypviz.storage.home import home
from hypviz.workspace.meta import damaged, is_workspace, read_meta
from hypviz.workspace.tables import read_names

PICTURES = ".pictures"
"""Ending of the folder that holds an uploaded set's pictures, beside its workspace."""


@dataclass(frozen=True)
class Trust:
    """roots: folders, with all below them, that may be named; None for all, as one's own code may.  hub: whether weights, checkpoints
    and data may be fetched from a hub."""

    roots: tuple[Path, ...] | None = None
    hub: bool = True

    @classmethod
    def of_server(cls, allowed: Sequence[Path | str], *, hub: bool) -> Trust:
        """That of a server whose owner allowed some folders; WorkspaceError for one that is not there."""
        for folder in allowed:
            if not Path(folder).is_dir():
                raise WorkspaceError(f"{folder} is no folder, so it cannot be allowed; expected one that is there.")
        return cls(tuple(Path(folder).resolve() for folder in allowed), hub)

    def allows(self, path: Path | str) -> bool:
        """Whether a path may be named: inside an allowed folder with all links followed, and not in the home folder, whose content goes
        by name."""
        if self.roots is None:
            return True
        try:
            place = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL byte
            return False
        return not place.is_relative_to(home().resolve()) and any(place.is_relative_to(root) for root in self.roots)

    def checked(self, path: Path | str, kind: str = "folder") -> Path:
        """The path; WorkspaceError, before anything is looked up, when it may not be named."""
        if not self.allows(path):
            raise WorkspaceError(
                f"{str(path)[:200]!r} is no {kind} that this server opens: expected a name from the list, or a path in a folder that was "
                "allowed when hypviz was started (option allow-root)."
            )
        return Path(path)

    def check_hub(self, name: str) -> None:
        """WorkspaceError, before anybody is asked, when nothing may be fetched from a hub."""
        if not self.hub:
            raise WorkspaceError(
                f"{name[:200]!r} is not opened: this server fetches nothing from a hub; start hypviz with the option hub to allow it."
            )

    def check_workspace(self, folder: Path) -> None:
        """WorkspaceError unless the pictures of a workspace that the program did not make here lie in allowed folders."""
        if self.roots is None:
            return
        root = (folder / str(read_meta(folder)["root"])).resolve()
        self.checked(root, "place of a workspace's pictures")
        if not _stays_inside(folder, (folder / "images.parquet").stat().st_mtime_ns if (folder / "images.parquet").is_file() else 0):
            raise WorkspaceError(f"{folder} names pictures outside their own folder; such a workspace is not opened here.")

    def check_names(self, root: Path, names: Iterable[str]) -> None:
        """DataError unless pictures named beside own vectors lie in allowed folders."""
        if self.roots is None:
            return
        if not self.allows(root) or not all(map(_is_inside, names)):
            raise DataError("The file of vectors names pictures outside the folders that this server opens; name them relative to it.")


def is_made_here(folder: Path) -> bool:
    """Whether a folder is a workspace that the program put into the home folder: never one of what others uploaded."""
    return folder.parent == home() and not folder.name.startswith(".") and not folder.name.endswith(PICTURES) and is_workspace(folder)


def is_uploaded(path: Path) -> bool:
    """Whether a path lies among the pictures of an uploaded set, whose files are data whatever they are called."""
    try:
        parts = path.resolve().relative_to(home().resolve()).parts
    except (ValueError, OSError, RuntimeError):
        return False
    return bool(parts) and (parts[0].endswith(PICTURES) or parts[0].startswith("."))


@lru_cache(maxsize=256)
def _stays_inside(folder: Path, _mtime_ns: int) -> bool:
    """Whether every picture of a workspace is named relative to its root, without climbing out of it."""
    try:
        return all(map(_is_inside, read_names(folder)))
    except DataError as error:
        raise damaged(folder, str(error)) from None


def _is_inside(name: str) -> bool:
    place = PurePath(name)
    return not place.is_absolute() and ".." not in place.parts
