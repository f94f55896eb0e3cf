"""Try changed inputs on every way in for a stranger's bytes:  python -m tests.fuzz.run --inputs 100000

Each target runs in a process of its own, so that a crash, a hang or growing memory is seen and named with its input. With
`--engine atheris` the same targets are driven by coverage. Findings are written to the folder of --out; what is mended goes, as a test,
to tests/fuzz/corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.memory import peak_mib

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
LIMIT_S = 20
"""Seconds that one input may take on a quiet machine; a busy one is given ten times as much by --patience."""
LIMIT_MB = 600
"""Memory that a target may grow by over all its inputs."""
WARM = 50
"""Inputs before memory is measured from."""


def corpus(name: str) -> list[bytes]:
    """Inputs that were findings once, or that led somewhere new."""
    return [path.read_bytes() for path in sorted((CORPUS / name.replace(" ", "-")).glob("*"))]


class Late(BaseException):
    """An input takes too long; no reader takes this for an error of a file."""


class Watch:
    """Time and memory of one target's inputs."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s, self.base = limit_s, 0
        signal.signal(signal.SIGALRM, self._late)

    def _late(self, *_: object) -> None:
        raise Late(f"an input took more than {self.limit_s:.0f} s")

    def run(self, target: Any, data: bytes, number: int) -> None:
        """One input under the limits."""
        signal.setitimer(signal.ITIMER_REAL, self.limit_s)
        try:
            target.try_one(data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        peak = peak_mib()
        if number == WARM or not self.base:
            self.base = peak
        if peak - self.base > LIMIT_MB:
            self.base = peak
            raise MemoryError(f"memory grew to {peak} MB")


def work(name: str, inputs: int, seed: int, out: Path, limit_s: float) -> dict[str, Any]:
    """Try `inputs` changed inputs on one target in this process; findings go to `out`, each place in the code once."""
    from tests.fuzz.mutate import mutated
    from tests.fuzz.targets import make

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="hypviz-fuzz-") as folder:
        target = make(name, Path(folder) / "work")
        rng, watch = random.Random(f"{seed} {name}"), Watch(limit_s)
        seeds, kept = target.seeds, corpus(name)
        places: dict[str, str] = {}
        current = out / f"{name.replace(' ', '-')}.current"
        start = time.monotonic()
        for number in range(inputs):
            data = (seeds + kept)[number] if number < len(seeds) + len(kept) else mutated(seeds + kept, rng)
            current.write_bytes(data)
            try:
                watch.run(target, data, number)
            except (Exception, Late) as error:
                place = _place(error)
                if place not in places:
                    places[place] = _keep(out, name, data, error)
        current.unlink()
        seconds = time.monotonic() - start
    peak = peak_mib()
    return {
        "target": name,
        "inputs": inputs,
        "refused": target.refused,
        "s": round(seconds, 1),
        "peak_mb": peak,
        "grew_mb": peak - watch.base,
        "findings": places,
    }


def _place(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "hypviz/" in frame.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def _keep(out: Path, name: str, data: bytes, error: BaseException) -> str:
    path = out / f"{name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="replace")
    return path.name


def coverage(name: str, inputs: int, out: Path) -> None:
    """The same target under atheris, which keeps the inputs that reach new code in the folder `out`/NAME."""
    import atheris

    with atheris.instrument_imports(include=["hypviz"]):
        from tests.fuzz.targets import make
    warnings.simplefilter("ignore")
    target = make(name, Path(tempfile.mkdtemp(prefix="hypviz-fuzz-")) / "work")
    store = out / name.replace(" ", "-")
    store.mkdir(parents=True, exist_ok=True)
    for data in (*target.seeds, *corpus(name)):
        (store / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
    flags = [
        f"-runs={inputs}",
        f"-timeout={LIMIT_S * 10}",
        "-rss_limit_mb=4096",
        "-max_len=65536",
        f"-artifact_prefix={store}-",
        str(store),
    ]
    atheris.Setup([sys.argv[0], *flags], target.try_one)
    atheris.Fuzz()


def main() -> int:
    """All targets, one process each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="in all, shared by the targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", help="only these")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--engine", choices=("own", "atheris"), default="own")
    parser.add_argument("--patience", type=float, default=10, help="times the limit of seconds for one input")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.worker:
        (name,) = given.target
        if given.engine == "atheris":
            coverage(name, given.inputs, given.out)
        else:
            print(json.dumps(work(name, given.inputs, given.seed, given.out, LIMIT_S * given.patience)))
        return 0
    from tests.fuzz.targets import names, weight  # not sooner: coverage is of what is imported under it

    chosen = given.target or names()
    parts = sum(map(weight, chosen))
    shares = {name: -(-given.inputs * weight(name) // parts) for name in chosen}
    return _all(shares, given)


def _all(shares: dict[str, int], given: argparse.Namespace) -> int:
    total, bad = 0, 0
    options = ["--seed", str(given.seed), "--out", str(given.out), "--engine", given.engine, "--patience", str(given.patience)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    for name, each in shares.items():
        command = [sys.executable, "-m", "tests.fuzz.run", "--worker", "--inputs", str(each), "--target", name, *options]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=max(3600, each))
        if done.returncode or given.engine == "atheris":
            bad += bool(done.returncode)
            total += each
            print(
                f"{name:<22} ended with {done.returncode}",
                *(done.stderr.splitlines()[-3:] if done.returncode else ()),
                sep="\n   ",
                flush=True,
            )
            continue
        said = json.loads(done.stdout.splitlines()[-1])
        total += said["inputs"]
        bad += len(said["findings"])
        numbers = f"{said['inputs']:>7,} inputs, {said['refused']:>7,} refused in words, {said['s']:>7} s, memory {said['peak_mb']} MB"
        print(f"{name:<22} {numbers}", *(f"   {place}: {file}" for place, file in said["findings"].items()), sep="\n", flush=True)
    print(f"{total:,} inputs on {len(shares)} ways in: {bad} findings.")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
