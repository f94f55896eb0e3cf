"""Derive a lock file for machines without a GPU: the same packages with torch's CPU builds on Linux, and without CUDA's libraries.

    python tests/supply/cpu.py requirements.lock INDEX            writes requirements-cpu.lock

PyPI's torch for Linux does not load without CUDA's libraries, so the CPU builds come from INDEX, the one of torch's makers. A hash that
the written lock file already holds stays, and INDEX is not asked for it again. Runs before anything is installed: standard library only.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
CUDA = re.compile(r"(nvidia-|cuda-|triton==)")
"""What the names of packages that only torch on a GPU needs begin with."""
BUILT = ("torch", "torchvision")
"""What is built once for each accelerator."""
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attributes if tag == "a" and name == "href" and value]


def hashes_of(page: str, name: str, version: str) -> list[str]:
    """The sha256 of every Linux wheel of a version that a page of a simple index (PEP 503) links to, as 64 hexadecimal digits."""
    links = _Links()
    links.feed(page)
    hashes = set()
    for address in links.addresses:
        path, fragment = urldefrag(address)
        file = unquote(path).rpartition("/")[2]
        if file.startswith(f"{name}-{version}-") and "linux" in file and re.fullmatch(r"sha256=[0-9a-f]{64}", fragment):
            hashes.add(fragment.removeprefix("sha256="))
    if not hashes:
        raise SystemExit(f"error: the index states no Linux wheel of {name} {version} with its sha256.")
    return sorted(hashes)


def cpu_lock(lock: str, earlier: str, index: str) -> str:
    """The text of the CPU lock file.  lock: the whole one.  earlier: the CPU lock file so far, or ""."""
    return "".join(text for block in _blocks(lock) for text in _replaced(block, _hashes_by_pin(earlier), index))


def _blocks(lock: str) -> list[str]:
    """Each package with the lines of its hashes."""
    return re.findall(r"^\S.*\n(?:[ ]+.*\n)*", lock, re.MULTILINE)


def _hashes_by_pin(lock: str) -> dict[str, str]:
    return {block.split()[0]: block.partition("\n")[2] for block in _blocks(lock)}


def _replaced(block: str, earlier: dict[str, str], index: str) -> list[str]:
    """What stands in a package's place: nothing for CUDA's, a block for Linux and one for the rest for torch, itself for others."""
    if CUDA.match(block):
        return []
    first, _, hashes = block.partition("\n")
    pin = PIN.match(first)
    if pin is None or pin["name"] not in BUILT:
        return [block]
    version = f"{pin['version']}+cpu"
    theirs = earlier.get(f"{pin['name']}=={version}") or _asked(index, pin["name"], version)
    also = f"({pin['marker']}) and " if pin["marker"] else ""
    return [
        f"{pin['name']}=={version} ; {also}sys_platform == 'linux' \\\n{theirs}",
        f"{pin['name']}=={pin['version']} ; {also}sys_platform != 'linux' \\\n{hashes}",
    ]


def _asked(index: str, name: str, version: str) -> str:
    address = f"{index.rstrip('/')}/{name}/"
    try:
        with urlopen(address, timeout=60) as answer:
            page = answer.read().decode()
    except OSError as error:
        raise SystemExit(f"error: {address} could not be read ({error}); without TORCH=cpu everything comes from PyPI.") from None
    return " \\\n".join(f"    --hash=sha256:{one}" for one in hashes_of(page, name, version)) + "\n"


def main(lock: str, index: str) -> None:
    """Write LOCK-cpu.lock beside a lock file of the root."""
    source = ROOT / lock
    target = source.with_name(f"{source.stem}-cpu.lock")
    earlier = target.read_text(encoding="utf-8") if target.is_file() else ""
    target.write_text(cpu_lock(source.read_text(encoding="utf-8"), earlier, index), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
