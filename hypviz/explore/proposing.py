"""Proposing boxes for an open set of pictures without any: a job in the background that makes a new set beside it, and embeds it."""

from __future__ import annotations

import hashlib
import re

from hypviz.access.trust import is_made_here
from hypviz.access.visitors import LOCAL, Visitor, claim, visitor
from hypviz.data.items import only_pictures
from hypviz.errors import DataError, ForbiddenError, WorkspaceError
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.inference.embed import embed_workspace
from hypviz.inference.objectness import is_learned_for
from hypviz.inference.proposals_kept import KeptProposals, proposals_key
from hypviz.inference.propose import ProposalSettings
from hypviz.inference.proposed_workspace import propose_workspace
from hypviz.jobs.progress import DONE, RUNNING
from hypviz.jobs.thread import Job, Jobs
from hypviz.model.card import checkpoint_hash
from hypviz.progress import OnStage
from hypviz.storage.home import home
from hypviz.storage.json_types import Json
from hypviz.workspace.store import Workspace

SECONDS = 3.2
"""A picture takes on a free CPU core (docs/data.md)."""
LOOKING = 0.95
"""Share of the work taken to be the looking at windows; the rest is the new set's embedding."""
START = 5
"""Pictures that loading the model and choosing its number format take as long as."""
MAX_TITLE = 60
BYTES = 16 << 10
"""Of the disk, for a picture: its proposals and their embeddings, rounded up."""

WHAT = "Up to six windows of each picture become boxes, in a new set; this one stays as it is. {:,} {} {} on a free CPU core. "
LEARNED = (
    "Nobody checks the boxes: of people, streets and cars one in five to one in three frames what a person would have annotated, of other "
    "things fewer; the rest frame a part of it, or nothing."
)
NEAREST = (
    "Nobody checks the boxes: what frames an object was learned for the checkpoint “photos”, and with this one about one in ten frames "
    "what a person would have annotated."
)


class Proposing:
    """Proposals over one library, one set at a time; safe to share between threads and browsers."""

    def __init__(self, library: Library) -> None:
        self.library, self.jobs = library, Jobs()
        self._starters: dict[str, Visitor] = {}

    def status(self, view_key: str) -> Json:
        """Where the proposals for a view's set stand: "ready" (`set` names the new one), "running", "busy" (another set's run),
        "failed", "cancelled" or "absent", with the job if there is one, what it means and costs, and how many pictures are done."""
        view = self.library.view(view_key).finest
        name, job = set_name(view), self.jobs.last
        same = job is not None and job.subject == name
        ready, running = is_made_here(home() / name), job is not None and job.state == RUNNING
        if running:
            state = RUNNING if same else "ready" if ready else "busy"
        else:
            state = "ready" if ready else job.state if job is not None and same and job.state != DONE else "absent"
        pictures = len(view.items.images)
        return {
            "state": state,
            "set": name if state == "ready" else None,
            "job": job.describe() if job is not None and (same or state == "busy") else None,
            "about": about(view),
            "done": 0 if state in ("ready", RUNNING) else len(_kept(view)),
            "pictures": pictures,
        }

    def run(self, view_key: str) -> Job | None:
        """Start, or join what runs already; None where the new set is there. BusyError while another set's run, DataError for a set
        that has boxes or no pictures."""
        view = self.library.view(view_key).finest
        check_boxless(view)
        name = set_name(view)
        running = self.jobs.running
        if is_made_here(home() / name) and (running is None or running.subject != name):
            return None
        asking = visitor.get()
        job = self.jobs.start(f"Proposing boxes for {view.workspace.name}", name, lambda on_stage: self._work(view, name, asking, on_stage))
        self._starters = {job.id: self._starters.get(job.id, asking)}
        return job

    def cancel(self, job_id: str) -> None:
        """Stop a job; the pictures that it has looked at are kept. ForbiddenError for somebody else's."""
        asking, owner = visitor.get(), self._starters.get(job_id, LOCAL)
        if not asking.admin and owner.id != asking.id:
            raise ForbiddenError(f"This was started by {owner.name}: only they or an admin may stop it.")
        self.jobs.cancel(job_id)

    def _work(self, view: View, name: str, asking: Visitor, on_stage: OnStage) -> None:
        before = len(_kept(view))

        def looking(done: int, total: int | None) -> None:
            new, all_new = max(done - before, 0) + START, max((total or done) - before, 0) + START
            on_stage(LOOKING * new / all_new, f"looked at {done:,} of {total or done:,} pictures")

        def embedding(done: int, total: int | None) -> None:
            on_stage(LOOKING + (1 - LOOKING) * done / (total or done or 1), "embedding the boxes")

        old, target = view.workspace, home() / name
        on_stage(0.0, "loading the model")
        if not is_made_here(target):
            called = f"{old.name}, proposed boxes"
            try:
                propose_workspace(old.folder, target, view.checkpoint, name=called, device=view.device, on_progress=looking)
                claim(target, asking)
            except WorkspaceError:
                if not is_made_here(target):  # else another server was quicker: it stays whose it is
                    raise
        embed_workspace(Workspace.open(target), view.checkpoint, device=view.device, on_progress=embedding)


def check_boxless(view: View) -> None:
    """DataError unless the view's set is of pictures without a box."""
    if view.workspace.vectors is not None or not view.workspace.meta.get("pictures", True):
        raise DataError(f"{view.workspace.name} holds vectors only; boxes are proposed for pictures.")
    if not only_pictures(view.items):
        raise DataError(f"{view.workspace.name} has boxes already; they are proposed for sets of pictures without any.")


def set_name(view: View) -> str:
    """Name of the set that proposals for a view's set go into: the same for the same pictures, boxes, checkpoint and settings."""
    title = re.sub(r"[^\w .-]+", "-", view.workspace.name).strip(" .-")[:MAX_TITLE].encode()[: 2 * MAX_TITLE].decode("utf-8", "ignore")
    key = proposals_key(view.workspace, checkpoint_hash(view.checkpoint), ProposalSettings())
    mark = hashlib.sha256(f"{view.workspace.folder} {key}".encode()).hexdigest()[:8]
    return f"{title or 'set'}-proposed-{mark}"


def about(view: View) -> str:
    """What proposing boxes for a view's set does, how long it may take, and how good the boxes are."""
    count = len(view.items.images)
    takes = "picture takes" if count == 1 else "pictures take"
    return WHAT.format(count, takes, duration((count + START) * SECONDS)) + (LEARNED if is_learned_for(view.card) else NEAREST)


def duration(seconds: float) -> str:
    """A time to come in words.

    >>> duration(20), duration(60), duration(400), duration(5000)
    ('less than a minute', 'about a minute', 'about 7 minutes', 'about 1.4 hours')
    """
    minutes = round(seconds / 60)
    if minutes < 2:
        return "about a minute" if seconds > 45 else "less than a minute"
    return f"about {minutes} minutes" if minutes < 60 else f"about {seconds / 3600:,.1f} hours"


def _kept(view: View) -> KeptProposals:
    return KeptProposals(view.workspace, checkpoint_hash(view.checkpoint), ProposalSettings())
