"""The pictures of OpenImages from their public bucket, by s5cmd, the bucket's ordinary bulk client; resumable, with checksums.

The bucket (s3://open-images-dataset, by CVDF) needs no account. s5cmd takes a file of copy commands; the file lists what
is not there yet, so running it again goes on where it stopped. The bucket publishes no list of checksums: ours records
what came (the format of sha256sum), and finds every file that changed or was cut since.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hypviz.data.formats.tree import files_below
from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.storage.files import write_file

BUCKET = "s3://open-images-dataset"
BYTES_PER_IMAGE = 561e9 / (1_743_042 + 41_620 + 125_436)
"""Mean size of a picture: 561 GB for all that have boxes, says the bucket's README (cvdfoundation/open-images-dataset)."""
CLIENT = "s5cmd"


@dataclass(frozen=True)
class DownloadPlan:
    """What is still to be fetched into `folder`: names such as "train/0001eeaf4aed83f9.jpg"."""

    folder: Path
    missing: list[str]
    present: int

    @property
    def bytes(self) -> int:
        """Estimated size of what is missing, in bytes."""
        return round(len(self.missing) * BYTES_PER_IMAGE)

    @property
    def free(self) -> int:
        """Free bytes where the pictures go."""
        place = next(each for each in (self.folder, *self.folder.resolve().parents) if each.exists())
        return shutil.disk_usage(place).free

    def describe(self) -> str:
        """The plan in one line."""
        return (
            f"{len(self.missing):,} pictures to fetch, about {self.bytes / 1e9:,.1f} GB ({self.present:,} are there); "
            f"{self.free / 1e9:,.1f} GB are free in {self.folder}"
        )


def plan_download(names: Iterable[str], folder: Path) -> DownloadPlan:
    """What of `names` is not below `folder` yet; an empty file counts as missing."""
    names = list(names)
    present = {name for name in files_below(folder) if (folder / name).stat().st_size} if folder.is_dir() else set()
    missing = [name for name in names if name not in present]
    return DownloadPlan(folder, missing, len(names) - len(missing))


def write_commands(plan: DownloadPlan, path: Path) -> None:
    """The copy commands of a plan, one a line, for `s5cmd --no-sign-request run FILE`."""
    folder = plan.folder.resolve()
    lines = (f"cp --if-size-differ {BUCKET}/{name} {shlex.quote(str(folder / name))}\n" for name in plan.missing)
    write_file(path, lambda part: _write_lines(part, lines))


def client_command(commands: Path) -> list[str]:
    """The command that fetches what `commands` lists."""
    return [CLIENT, "--no-sign-request", "--retry-count", "10", "run", str(commands)]


def download(plan: DownloadPlan, commands: Path) -> None:
    """Fetch what is missing. Raises DataError when there is no room, no client, or the bucket cannot be reached."""
    if plan.bytes > plan.free:
        raise DataError(f"There is no room: {plan.describe()}; free some, choose another --out, or take fewer by --limit.")
    write_commands(plan, commands)
    command = client_command(commands)
    how = shlex.join(command)
    if shutil.which(CLIENT) is None:
        raise DataError(f"{CLIENT} is not installed (https://github.com/peak/s5cmd); install it, or run this where it is: {how}")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    left = plan_download(plan.missing, plan.folder).missing
    if done.returncode or left:
        reason = " ".join((done.stderr.strip().splitlines() or ["it gave no reason"])[-1].split())[:200]
        raise DataError(
            f"{len(left):,} of {len(plan.missing):,} pictures did not come from {BUCKET} ({CLIENT}: {reason}); is this machine "
            f"allowed to reach it? Run the command again to go on: {how}"
        )


def record_checksums(folder: Path, path: Path, *, verify: bool = False, on_progress: OnProgress | None = None) -> tuple[int, list[str]]:
    """Record the SHA-256 of every file below `folder` that `path` does not list yet; with `verify` check the listed ones.

    Returns how many were recorded now, and the names that are listed but changed or gone. `path` is in the format of
    `sha256sum`, names relative to `folder`.
    """
    known = read_checksums(path)
    files = list(files_below(folder)) if folder.is_dir() else []
    new = [name for name in files if name not in known]
    old = [name for name in files if name in known] if verify else []
    mismatched = sorted(set(known) - set(files)) if verify else []
    with ThreadPoolExecutor(4) as pool:
        for done, (name, digest) in enumerate(pool.map(lambda name: (name, _sha256(folder / name)), [*old, *new]), start=1):
            if name not in known:
                known[name] = digest
            elif known[name] != digest:
                mismatched.append(name)
            if on_progress is not None:
                on_progress(done, len(old) + len(new))
    if new:
        lines = (f"{known[name]}  {name}\n" for name in sorted(known))
        write_file(path, lambda part: _write_lines(part, lines))
    return len(new), mismatched


def read_checksums(path: Path) -> dict[str, str]:
    """Digest by name of a file in the format of sha256sum; empty when there is none."""
    if not path.is_file():
        return {}
    rows = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {row[1].strip().lstrip("*"): row[0] for row in rows if len(row) == 2}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)


def _digest(file: object) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):  # type: ignore[attr-defined]
        digest.update(block)
    return digest.hexdigest()


def _write_lines(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
