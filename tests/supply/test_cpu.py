"""`TORCH=cpu`: which packages are left, that nothing is missing, and the install itself from an index on this machine."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply import cpu
from tests.supply.locked import ROOT, here

LOCKS = ("requirements.lock", "requirements-dev.lock")
BUILT = set(cpu.BUILT)


class Index:
    """A simple index (PEP 503) in a folder, with wheels that hold nothing but their names."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.hashes: dict[str, str] = {}

    def add(self, name: str, version: str, tag: str = "py3-none-linux_x86_64", needs: tuple[str, ...] = ()) -> Path:
        """Write a wheel and its link."""
        wheel = self.folder / name / f"{name}-{version}-{tag}.whl"
        wheel.parent.mkdir(exist_ok=True)
        about = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{name}.py", f"__version__ = {version!r}\n")
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in needs)]
            archive.writestr(f"{about}/METADATA", "\n".join(lines) + "\n")
            archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n")
            archive.writestr(f"{about}/RECORD", "")
        self.hashes[wheel.name] = hashlib.sha256(wheel.read_bytes()).hexdigest()
        links = [
            f'<a href="../{name}/{one.name.replace("+", "%2B")}#sha256={self.hashes[one.name]}">{one.name}</a><br/>'
            for one in sorted(wheel.parent.glob("*.whl"))
        ]
        (wheel.parent / "index.html").write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")
        return wheel


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index that is served at a port of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    folder = tmp_path / "index"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Index(folder, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def add_builds(index: Index) -> None:
    """The CPU builds of every torch that the lock file names, and what else such an index holds."""
    for name, version in re.findall(r"^(torch|torchvision)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        index.add(name, f"{version}+cpu")
        index.add(name, f"{version}+cpu", "py3-none-manylinux_2_28_aarch64")
        index.add(name, f"{version}+cpu", "py3-none-win_amd64")
        index.add(name, f"{version}1+cpu")


@pytest.mark.parametrize("lock", LOCKS)
def test_it_leaves_out_cuda_and_nothing_else(lock: str, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    add_builds(index)
    text = cpu.cpu_lock((ROOT / lock).read_text(), "", index.url)
    monkeypatch.setattr("tests.supply.locked.ROOT", index.folder)
    (index.folder / "cpu.lock").write_text(text)
    left = here("cpu.lock")
    monkeypatch.undo()
    whole = here(lock)
    gone = whole.keys() - left.keys()
    assert not [name for name in left if name.startswith(("nvidia", "cuda")) or name == "triton"]
    assert {name: version for name, version in left.items() if name not in BUILT} == {
        name: version for name, version in whole.items() if name not in BUILT | gone
    }
    if sys.platform == "linux":
        assert {name: left[name] for name in BUILT} == {name: f"{whole[name]}+cpu" for name in BUILT}
        assert "nvidia-cudnn-cu13" in gone and "triton" in gone
    needed = {name for package in left.keys() - BUILT for name in _needs(package)}
    assert not needed & gone, "what stays needs something that was left out"
    assert "sympy" in left and "jinja2" in left  # torch's own, whichever build


def _needs(package: str) -> set[str]:
    """The names of what an installed package asks for here, extras aside."""
    stated = [Requirement(line) for line in requires(package) or ()]
    return {canonicalize_name(one.name) for one in stated if one.marker is None or one.marker.evaluate({"extra": ""})}


def test_every_hash_is_stated_and_only_those_of_linux_wheels_of_this_very_version(index: Index) -> None:
    add_builds(index)
    text = cpu.cpu_lock((ROOT / "requirements.lock").read_text(), "", index.url)
    blocks = {block.split()[0]: block for block in cpu._blocks(text)}
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks.values())
    pin = next(pin for pin in blocks if pin.startswith("torch==") and pin.endswith("+cpu"))
    files = {file for file, digest in index.hashes.items() if digest in blocks[pin]}
    version = pin.removeprefix("torch==")
    assert files == {f"torch-{version}-py3-none-{tag}.whl" for tag in ("linux_x86_64", "manylinux_2_28_aarch64")}
    assert not re.search(r"https?:", text)


def small_lock(index: Index) -> str:
    """A lock file as uv writes it, of torch, one of CUDA's libraries and one package beside them."""
    return "".join(
        f"{name}=={version}{marker} \\\n    --hash=sha256:{index.hashes.get(f'{name}-{version}-py3-none-any.whl', '0' * 64)}\n"
        for name, version, marker in (
            ("beside", "1.0", ""),
            ("nvidia-cublas", "13.4", " ; sys_platform == 'linux'"),
            ("torch", "2.15.0", " ; python_full_version >= '3.10'"),
            ("triton", "3.9.0", " ; sys_platform == 'linux'"),
        )
    )


def install(index: Index, lock: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """What the Makefile calls, with the index of this machine as the only one."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--isolated"]
    command += ["--require-hashes", "--index-url", index.url, "--target", str(target), "-r", str(lock)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyPI's torch is for the CPU already")
def test_pip_installs_the_cpu_build_by_its_hash_and_refuses_another_file(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("beside", "1.0", "py3-none-any")
    wheel = index.add("torch", "2.15.0+cpu", f"py3-none-linux_{platform.machine()}", ("beside",))
    (tmp_path / "small.lock").write_text(small_lock(index))
    monkeypatch.setattr(cpu, "ROOT", tmp_path)
    cpu.main("small.lock", index.url)
    done = install(index, tmp_path / "small-cpu.lock", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert sorted(path.stem for path in (tmp_path / "site").glob("*.py")) == ["beside", "torch"]
    assert "2.15.0+cpu" in (tmp_path / "site" / "torch.py").read_text()

    stated = (tmp_path / "small-cpu.lock").read_text()
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("more.py", "")
    index.hashes.clear()
    refused = install(index, tmp_path / "small-cpu.lock", tmp_path / "other")
    assert refused.returncode != 0 and "DO NOT MATCH THE HASHES" in refused.stderr
    cpu.main("small.lock", "http://127.0.0.1:1")  # a hash that is written down is not asked for again
    assert (tmp_path / "small-cpu.lock").read_text() == stated


def test_an_index_that_cannot_be_read_or_lacks_the_version_is_said(index: Index) -> None:
    with pytest.raises(SystemExit, match=r"127.0.0.1:1/torch/ could not be read .* without TORCH=cpu"):
        cpu.cpu_lock(small_lock(index), "", "http://127.0.0.1:1/")
    index.add("torch", "2.15.01+cpu")
    with pytest.raises(SystemExit, match=r"states no Linux wheel of torch 2\.15\.0\+cpu with its sha256"):
        cpu.cpu_lock(small_lock(index), "", index.url)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_makefile_installs_the_derived_lock_and_the_environment_remembers_it(tmp_path: Path) -> None:
    folder = f"VENV={tmp_path / 'venv'}"
    first = make("run", folder, "TORCH=cpu", "TORCH_INDEX=http://localhost/cpu").stdout
    assert "cpu.py requirements.lock http://localhost/cpu\n" in first
    assert re.search(r"pip install .*--require-hashes --extra-index-url http://localhost/cpu -r requirements-cpu\.lock\n", first)
    assert "-cpu.lock" not in make("run", folder).stdout and "index-url" not in make("test", folder).stdout
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / ".torch").write_text("cpu\n")
    (tmp_path / "venv" / ".app").touch()
    later = make("test", folder).stdout
    assert "-r requirements-dev-cpu.lock" in later
    assert "was set up with TORCH=cpu, not TORCH=:" in make("run", folder, "TORCH=").stderr
    assert "TORCH is cpu or not stated, got rocm" in make("run", folder, "TORCH=rocm").stderr


STARTED = """import torch, beside
print("the page is open with torch", torch.__version__, "beside", beside.__version__)
"""
"""What stands for app.py: it needs what was installed."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyPI's torch is for the CPU already")
def test_make_run_sets_up_for_the_cpu_once_and_starts_the_page(index: Index, tmp_path: Path) -> None:
    """The documented command itself, in a checkout whose lock file names three small packages, from an index of this machine."""
    checkout = tmp_path / "checkout"
    (checkout / "tests" / "supply").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", checkout)
    shutil.copy(ROOT / "tests" / "supply" / "cpu.py", checkout / "tests" / "supply")
    index.add("beside", "1.0", "py3-none-any")
    index.add("torch", "2.15.0+cpu", f"py3-none-linux_{platform.machine()}", ("beside",))
    (checkout / "requirements.lock").write_text(small_lock(index))
    (checkout / "app.py").write_text(STARTED)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "MFLAGS"))}
    environment |= {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "run", *words, f"PYTHON={sys.executable}"]
        return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=240)

    first = run("TORCH=cpu", f"TORCH_INDEX={index.url}")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == "the page is open with torch 2.15.0+cpu beside 1.0"
    environment["PIP_INDEX_URL"] = "http://127.0.0.1:1"  # nothing is asked for any more
    later = run("TORCH_INDEX=http://127.0.0.1:1")
    assert later.returncode == 0 and later.stdout.splitlines()[-1] == first.stdout.splitlines()[-1], later.stderr
    assert "pip install" not in later.stdout and (checkout / "requirements-cpu.lock").is_file()
