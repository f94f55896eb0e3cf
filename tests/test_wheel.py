"""The installed package: one wheel with the page, the demo and the checkpoints, whose command opens the demo anywhere."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 240


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = folder.glob("hypviz-*.whl")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return folder / "site"


def run(site: Path, home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "HYPVIZ_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(site / "bin" / "hypviz"), *arguments]
    return subprocess.Popen(command, cwd=home.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_wheel_holds_what_the_page_needs_and_nothing_of_the_checkout(site: Path) -> None:
    (wheel,) = site.parent.glob("hypviz-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("assets/*.js", "assets/*/*.js", "assets/*/*.css", "checkpoints/*.json", "checkpoints/*.safetensors"):
        for file in ROOT.glob(kind):
            assert f"hypviz/shipped/{file.relative_to(ROOT).as_posix()}" in names
    assert "hypviz/shipped/assets/demo/workspace/items.parquet" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "app.py")) or "/workspaces/" in name]


def test_the_installed_command_says_its_version_and_knows_its_own_places(site: Path, tmp_path: Path) -> None:
    from hypviz import __version__

    (tmp_path / "home").mkdir()
    process = run(site, tmp_path / "home", "--version")
    assert process.communicate(timeout=PATIENCE_S)[0].strip() == f"hypviz {__version__}"
    code = "import hypviz.paths as p, hypviz.storage.home as h; print(p.IS_CHECKOUT, p.ASSETS.is_dir(), h.home())"
    environment = {name: value for name, value in os.environ.items() if name != "HYPVIZ_HOME"}
    environment |= {"PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.split()[:2] == ["False", "True"]
    assert not Path(said.split()[2]).is_relative_to(site), "nothing is written into the installed package"


def test_the_installed_command_opens_the_demo(site: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = run(site, tmp_path / "home", "app", "--no-browser", "--port", str(port))
    try:
        until, page = time.monotonic() + PATIENCE_S, ""
        while not page and time.monotonic() < until and process.poll() is None:
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read().decode()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        assert "gradio" in page
        script = urllib.request.urlopen(f"http://127.0.0.1:{port}/hypviz/assets/explore/explore.js", timeout=60).read()
        assert script == (ROOT / "assets" / "explore/explore.js").read_bytes()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert not list((site / "hypviz" / "shipped").rglob("thumbs")), "what is computed of the demo goes to the home folder"


def test_every_pin_lies_in_the_range_of_the_package() -> None:
    tomllib = pytest.importorskip("tomllib")  # from Python 3.11 on
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = {_plain(one.name): one for one in map(Requirement, project["dependencies"])}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if re.match(r"[A-Za-z]", line)]
    assert {_plain(pin.name) for pin in pins} == set(ranges)
    for pin in pins:
        version = str(pin.specifier).removeprefix("==")
        assert ranges[_plain(pin.name)].specifier.contains(version), f"{pin} is outside {ranges[_plain(pin.name)]}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
