"""The process of one training: `python -m hypviz.finetune.subprocess_main FOLDER DEVICE CACHES`. It dies alone, and with its server.

Standard input is its leash: a line "stop" ends it after the step it is at, its state saved; "finish" concludes with the best so
far; when the other end is gone, so is the server, and it stops. What it has to say stands in the folder's status.json and outcome.json.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from hypviz.errors import BusyError, HypvizError, page_sentence
from hypviz.finetune.folder import JobFolder
from hypviz.jobs.progress import DONE, FAILED, STOPPED
from hypviz.storage.locks import held

log = logging.getLogger(__name__)
NICENESS = 10
"""Behind the server's own work, so that browsing stays quick while it trains."""
NOT_WRITTEN, TAKEN = 74, 75
"""Exit codes (those of sysexits.h): the outcome cannot be written; another process works on the training."""
BUSY = "Another process works on this training already; wait for it or stop it."


class _StopNowError(Exception):
    """Raised out of the preparations, which have no state to save; it never leaves this module."""


def main() -> int:
    """Run the job in the folder named on the command line; 0 when its outcome is written there, else the reason why it is not."""
    folder, device, caches = JobFolder(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
        os.setpgid(0, 0)  # Ctrl-C at the server's terminal is for the server, which tells its worker by ending
    stop, finish = threading.Event(), threading.Event()
    threading.Thread(target=_listen, args=(stop, finish), daemon=True).start()

    def tell(status: dict[str, Any]) -> None:
        concludes = finish.is_set() and folder.resumable  # a resumed one has a best already
        if stop.is_set() and "step" not in status and not concludes:
            raise _StopNowError

    try:
        with held(folder.lock, BUSY):
            folder.write("outcome", do(folder, tell, device, caches, (stop, finish)))
    except BusyError:
        return TAKEN
    except OSError as error:
        log.error("How it ended cannot be written: %s", error)
        return NOT_WRITTEN
    return 0


def do(folder: JobFolder, tell: Any, device: str, caches: Path, ends: tuple[threading.Event, threading.Event]) -> dict[str, str]:
    """Run the job; ends: to stop, to finish. How it ended as {"state": "done", "stopped" or "failed", "error": one sentence}."""
    try:
        from hypviz.finetune.run import FinetuneRun
        from hypviz.training.loop import Stopped

        starting = {"what": "starting", "share": 0.0, "process": os.getpid()}
        folder.write("status", folder.read("status") | starting)
        try:
            track = os.environ.get("HYPVIZ_TRACK", "none")
            FinetuneRun(folder, tell, device=device, caches=caches, stop=ends[0], finish=ends[1], track=track).run()
        except (Stopped, _StopNowError):
            return {"state": STOPPED, "error": ""}
        return {"state": DONE, "error": ""}
    except HypvizError as error:
        return {"state": FAILED, "error": page_sentence(error)}
    except Exception as error:
        log.exception("The training failed")
        return {"state": FAILED, "error": _in_words(error)}


def _in_words(error: Exception) -> str:
    from hypviz.model.device import is_out_of_memory

    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file of the training'}: {error.strerror}."
    if is_out_of_memory(error):
        return "The memory did not suffice: choose fewer pairs per step, or the head only, and try again."
    return f"The training failed by a defect of the program ({type(error).__name__}); its log.txt says where. Please report it."


def _listen(stop: threading.Event, finish: threading.Event) -> None:
    """Wait for the word to stop or to finish, or for the server's end."""
    for line in sys.stdin:
        if line.strip() == "finish":
            finish.set()
        if line.strip() in ("stop", "finish"):
            break
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
