"""The dataflow of embedding on a cluster: work read, pictures decoded, encoded by actors, parts written and remembered by Ray."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hypviz import errors
from hypviz.errors import HypvizError
from hypviz.inference.ray_stages import Embedder, decoded
from hypviz.progress import OnProgress
from hypviz.workspace.parts import PROGRESS, VECTORS, About, Place, count_rows
from hypviz.workspace.work import read_work_file, work_files

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

ID = "picture"
"""The column that Ray's checkpoints are keyed by."""
LIGHT = {"num_cpus": 0.1}
"""What reading, decoding and writing reserve of a core: little, so that every stage has its place on two cores at any time. How many run
at once is counted instead."""
ENCODER = {"num_cpus": 0.2}
"""What an encoder on a CPU reserves: another share than the stage before, or Ray would make one of both."""
FILTER_BYTES = 64 << 20
"""Memory reserved for the actor that leaves out what is written already, beside the ids themselves."""
POLL_S = 2.0
"""How far apart the written parts are counted."""


@dataclass(frozen=True)
class RaySettings:
    """How the work is divided; the result does not depend on it, but by rounding."""

    pictures_per_batch: int = 16
    """Pictures that an encoder is given at a time."""
    pictures_per_part: int = 1024
    """Pictures in a Parquet file, where there are as many: what a stopped run may lose of each worker."""
    batch: int | None = None
    """Crops looked at together; None for what suits the device."""

    def rows_per_block(self, pictures: int, cores: int) -> int:
        """Pictures in a block of work: those of a part, fewer where some cores would have nothing to do."""
        return max(1, min(self.pictures_per_part, pictures // (4 * max(1, cores))))


def run_pipeline(
    ray: Any, place: Place, about: About, encoder: HyperbolicEncoder, settings: RaySettings, on_progress: OnProgress | None
) -> None:
    """Embed the work in `place` that no part holds yet. DataError for a picture that cannot be read; Ray's own errors for the rest."""
    from ray.data.checkpoint import CheckpointConfig

    checkpoints = CheckpointConfig(ID, place.sub(PROGRESS), override_filesystem=place.filesystem, delete_checkpoint_on_success=False)
    checkpoints.checkpoint_actor_memory_bytes = FILTER_BYTES
    checkpoints.checkpoint_actor_pool_max_size = 1  # a look-up of ids: one is never the slowest, and each reserves a core
    context = ray.data.DataContext.get_current().copy()
    context.checkpoint_config = checkpoints
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    files = work_files(place)
    gpus, cores = (int(ray.cluster_resources().get(kind, 0)) for kind in ("GPU", "CPU"))
    cores = max(1, cores)
    encoders = min(gpus or cores, len(files))
    batches = {"batch_format": "pyarrow", "batch_size": settings.pictures_per_batch}
    with ray.data.DataContext.current(context):
        work = ray.data.read_datasource(_source(ray, place, files), override_num_blocks=len(files), concurrency=cores, **LIGHT)
        decode = partial(decoded, root=about.root, size=encoder.image_size)
        crops = work.map_batches(decode, **batches, compute=ray.data.TaskPoolStrategy(size=cores), **LIGHT)
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=encoders, initial_size=encoders)
        worker = _worker(ray, encoder, about.root, settings.batch, threads=None if gpus else 1)  # on CPUs there is one for each core
        vectors = crops.map_batches(worker, **batches, compute=pool, **({"num_gpus": 1} if gpus else ENCODER))
        warnings.filterwarnings("ignore", message="The maximum number of concurrent tasks")  # of little work, as of a run gone on with
        with _watched(place, about.pictures, on_progress), _in_words():
            vectors.write_parquet(
                place.sub(VECTORS),
                filesystem=place.filesystem,
                min_rows_per_file=settings.rows_per_block(about.pictures, cores),
                concurrency=cores,
                ray_remote_args=dict(LIGHT),
            )


def _source(ray: Any, place: Place, files: list[str]) -> Any:
    """The work as a source of Ray's, a block a file."""
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class Work(Datasource):  # type: ignore[misc]
        """Files of work; Ray's reader of Parquet would make one block of many small files."""

        def estimate_inmemory_data_size(self) -> None:
            """Not known, and not needed: the blocks are what they are."""

        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
            """One for each file, whatever the parallelism asked for."""
            unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
            return [ReadTask(partial(read_work_file, place, path), unknown) for path in files]

    return Work()


def _worker(ray: Any, encoder: HyperbolicEncoder, root: str, batch: int | None, *, threads: int | None) -> Any:
    """A class for actors, each of which fetches the encoder once from the cluster's memory."""
    reference = ray.put(encoder.cpu())

    class Worker(Embedder):
        """An encoder in an actor."""

        def __init__(self) -> None:
            super().__init__(ray.get(reference), root=root, batch=batch, threads=threads)

    return Worker


@contextmanager
def _watched(place: Place, pictures: int, on_progress: OnProgress | None) -> Iterator[None]:
    """Count what is written, now and then, while the block runs."""
    ended = threading.Event()

    def watch() -> None:
        known: dict[str, int] = {}
        while on_progress and not ended.wait(POLL_S):
            on_progress(min(count_rows(place, known), pictures), pictures)

    thread = threading.Thread(target=watch, daemon=True)
    if on_progress:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if thread.is_alive():
            thread.join()


@contextmanager
def _in_words() -> Iterator[None]:
    """An error of a stage that is meant for a person, as itself: Ray hands on the text of what was raised elsewhere, and not its kind."""
    try:
        yield
    except Exception as error:
        raised = re.search(r"^\s*hypviz\.errors\.(\w+): (.+)$", str(error), re.MULTILINE)
        if raised is None:
            raise
        raise getattr(errors, raised[1], HypvizError)(raised[2]) from None
