"""Reviews without a page: work in the background, results kept beside the data, and the pictures behind the numbers."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hypviz.errors import BusyError, DataError, SelectionError, SettingsError
from hypviz.evaluation import LISTED, evaluate
from hypviz.evaluation.embedding_tables import RADII
from hypviz.evaluation.page import EvaluationOptions, EvaluationResult, EvaluationService
from hypviz.evaluation.page import service as service_module
from hypviz.evaluation.page.cache import ResultCache
from hypviz.evaluation.page.compare import differences
from hypviz.evaluation.page.depths import items_at, levels, ordered_pairs
from hypviz.evaluation.page.options import UNTRAINED
from hypviz.evaluation.page.pictures import region_jpeg, scene
from hypviz.evaluation.page.sources import sources_of
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.jobs.thread import Job, Jobs
from hypviz.progress import OnStage
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld, make_checkpoint

PATIENCE = 120.0


@pytest.fixture(scope="module", autouse=True)
def few_resamplings() -> Iterator[None]:
    """The intervals of these tests need not be good ones."""
    settings = EvaluationOptions.settings.fget  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EvaluationOptions, "settings", property(lambda self: replace(settings(self), bootstrap=30)))
        yield


def wait(job: Job) -> Job:
    """Until the job has ended."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if job.state != "running":
            return job
        pause.wait(0.01)
    raise AssertionError(f"still running: {job.describe()}")


# ---- jobs -------------------------------------------------------------------------------------------------------------


class Gate:
    """Work that reports, then waits until it is let on, and reports again."""

    def __init__(self) -> None:
        self.waiting, self.on = threading.Event(), threading.Event()

    def __call__(self, report: OnStage) -> None:
        report(0.5, "half")
        self.waiting.set()
        assert self.on.wait(PATIENCE)
        report(0.25, "less than before")


def test_one_job_runs_at_a_time_and_the_same_wish_joins_it() -> None:
    jobs, gate = Jobs(), Gate()
    job = jobs.start("First", "wish", gate)
    gate.waiting.wait(PATIENCE)
    assert jobs.start("First", "wish", gate) is job
    with pytest.raises(BusyError, match=r"^First is running; wait for it or cancel it"):
        jobs.start("Second", "other wish", gate)
    gate.on.set()
    assert wait(job).describe() | {"seconds": 0} == {
        "id": job.id, "title": "First", "state": "done", "share": 1.0, "what": "less than before", "error": "", "seconds": 0,
        "seconds_left": None, "cancelling": False,
    }  # fmt: skip
    assert jobs.running is None
    wait(jobs.start("Second", "other wish", lambda report: None))


def test_a_bar_never_runs_backwards() -> None:
    job = Job("Work", None)
    shares = []
    for share in (0.5, 0.2, 7.0):
        job.report(share, "")
        shares.append(job.share)
    assert shares == [0.5, 0.5, 1.0]


def test_the_time_left_follows_from_the_share_done() -> None:
    job = Job("Work", None)
    job.started -= 10.0
    assert job.describe()["seconds_left"] is None  # nothing done yet: nothing can be said
    job.report(0.25, "")
    assert job.describe()["seconds_left"] == pytest.approx(30.0, rel=0.1)


def test_a_cancelled_job_stops_at_its_next_report_and_another_may_start() -> None:
    jobs, gate = Jobs(), Gate()
    job = jobs.start("Work", 1, gate)
    gate.waiting.wait(PATIENCE)
    jobs.cancel("another id")
    assert not job.describe()["cancelling"]
    jobs.cancel(job.id)
    assert job.describe()["cancelling"]
    gate.on.set()
    assert wait(job).state == "cancelled"
    assert wait(jobs.start("Work", 2, lambda report: None)).state == "done"


def fail(error: Exception) -> Any:
    def work(report: OnStage) -> None:
        raise error

    return work


def test_a_failed_job_says_why_in_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs()
    told = wait(jobs.start("Work", 1, fail(DataError("The box is empty."))))
    assert (told.state, told.error) == ("failed", "The box is empty.")
    defect = wait(jobs.start("Work", 2, fail(ZeroDivisionError("secret"))))
    assert defect.state == "failed" and "secret" not in defect.error and "defect" in defect.error
    assert "ZeroDivisionError" in caplog.text  # the log has what the page has not


# ---- the service --------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(tiny_world: TinyWorld, tmp_path: Path) -> Library:
    world = tiny_world.copy(tmp_path / "world")
    return Library(device="cpu", extra={"tiny": world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})


@pytest.fixture
def view(library: Library) -> View:
    return library.open("tiny", "tiny")


@pytest.fixture
def service(library: Library) -> EvaluationService:
    return EvaluationService(library)


@pytest.fixture(scope="module")
def shared(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationResult]:
    """A finished full review of the tiny world beside its untrained encoder."""
    world = tiny_world.copy(tmp_path_factory.mktemp("shared") / "world")
    library = Library(device="cpu", extra={"tiny": world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    key, options, service = library.open("tiny", "tiny").key, EvaluationOptions(other=UNTRAINED, scope="full"), EvaluationService(library)
    assert wait(service.run(key, options)).error == ""
    yield service.review(key, options)


def test_an_evaluation_runs_once_and_is_found_again(
    service: EvaluationService, view: View, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EvaluationOptions()
    assert service.status(view.key, options)["state"] == "absent"
    with pytest.raises(SelectionError, match="not there yet"):
        service.review(view.key, options)
    assert wait(service.run(view.key, options)).state == "done"
    assert service.status(view.key, options)["state"] == "ready"
    first = service.review(view.key, options).report()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("measured twice")

    monkeypatch.setattr(service_module, "evaluate", refuse)
    again = EvaluationService(library)  # as after a restart of the server: only the disk remembers
    assert again.status(view.key, options) | {"job": None} == {
        "state": "ready", "job": None, "stale": None, "available": ["quick"],
    }  # fmt: skip
    assert json.dumps(again.review(view.key, options).report()) == json.dumps(first)


def test_what_is_kept_is_exactly_what_was_measured(service: EvaluationService, view: View) -> None:
    options = EvaluationOptions(scope="full")
    wait(service.run(view.key, options))
    source = sources_of(view, options, service.library)[0]
    kept = ResultCache(view.workspace).load(source, options.settings)
    made = evaluate(view.items, view.hierarchy, view.embedding, options.settings, retrieval=view.card.answers)
    assert kept is not None
    assert json.dumps(kept.evaluation.to_json()) == json.dumps(made.to_json())
    for one, two in zip(kept.evaluation.results, made.results, strict=True):
        assert np.array_equal(one.rows, two.rows) and one.rows.dtype == two.rows.dtype
        assert one.values.keys() == two.values.keys()
        assert all(np.array_equal(one.values[name], two.values[name], equal_nan=True) for name in one.values)
    assert kept.evaluation.settings == made.settings and kept.evaluation.radii == made.radii


def test_other_settings_are_another_evaluation(service: EvaluationService, view: View) -> None:
    wait(service.run(view.key, EvaluationOptions()))
    assert service.status(view.key, EvaluationOptions(apex="sum"))["state"] == "absent"
    assert service.status(view.key, EvaluationOptions(scope="full"))["state"] == "absent"
    assert service.status(view.key, EvaluationOptions(scope="full"))["available"] == ["quick"]


def test_changed_data_make_an_evaluation_stale_and_the_next_one_replaces_it(
    service: EvaluationService, view: View, library: Library
) -> None:
    options = EvaluationOptions()
    wait(service.run(view.key, options))
    old = view.workspace
    Workspace.create(old.folder, old.items, old.hierarchy, name=old.name, overwrite=True)
    renewed = library.open("tiny", "tiny")
    status = service.status(renewed.key, options)
    assert status["state"] == "absent" and status["stale"] == "An evaluation of tiny was kept, but the data has changed since."
    wait(service.run(renewed.key, options))
    assert service.status(renewed.key, options)["stale"] is None
    assert len(list((old.folder / "evaluations").iterdir())) == 1


def test_a_retrained_checkpoint_makes_an_evaluation_stale(service: EvaluationService, view: View, library: Library, tmp_path: Path) -> None:
    options = EvaluationOptions()
    wait(service.run(view.key, options))
    library.checkpoints["tiny"] = make_checkpoint(tmp_path / "other" / "tiny", view.workspace, seed=5)
    retrained = library.open("tiny", "tiny")
    assert service.status(retrained.key, options)["stale"] == "An evaluation of tiny was kept, but the checkpoint has changed since."


@pytest.mark.parametrize("damage", ["empty", "other", "cut", "flipped"])
def test_a_damaged_evaluation_is_run_again(service: EvaluationService, view: View, library: Library, damage: str) -> None:
    options = EvaluationOptions()
    wait(service.run(view.key, options))
    file = next((view.workspace.folder / "evaluations").glob("*/arrays.npz"))
    good = file.read_bytes()
    middle = len(good) // 2
    flipped = good[:middle] + bytes(255 - byte for byte in good[middle : middle + 64]) + good[middle + 64 :]
    file.write_bytes({"empty": b"", "other": b"no arrays", "cut": good[:middle], "flipped": flipped}[damage])
    again = EvaluationService(library)
    with pytest.raises(SelectionError, match="run it"):
        again.review(view.key, options)
    assert wait(again.run(view.key, options)).state == "done"
    assert EvaluationService(library).review(view.key, options).report()["tables"]


def test_an_older_way_of_measuring_makes_an_evaluation_stale(
    service: EvaluationService, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(service.run(view.key, EvaluationOptions()))
    monkeypatch.setattr("hypviz.evaluation.page.cache.SCHEMA", 999)
    stale = EvaluationService(service.library).status(view.key, EvaluationOptions())["stale"]
    assert stale == "An evaluation of tiny was kept, but the way hypviz measures has changed since."


def test_a_workspace_that_cannot_be_written_to_still_gets_its_review(
    service: EvaluationService, view: View, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (view.workspace.folder / "evaluations").write_text("a file is in the way")
    assert wait(service.run(view.key, EvaluationOptions())).state == "done"
    assert "cannot be written" in caplog.text and list(home.rglob("record.json")), "it is kept in the home folder"
    assert service.status(view.key, EvaluationOptions())["state"] == "ready"
    assert service.review(view.key, EvaluationOptions()).report()["tables"]


def test_a_second_browser_sees_the_running_evaluation_and_another_has_to_wait(
    service: EvaluationService, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()

    def slow(*args: Any, on_stage: OnStage, **kwargs: Any) -> Any:
        gate(on_stage)
        return evaluate(*args, **kwargs)

    monkeypatch.setattr(service_module, "evaluate", slow)
    job = service.run(view.key, EvaluationOptions())
    gate.waiting.wait(PATIENCE)
    seen = service.status(view.key, EvaluationOptions())
    assert seen["state"] == "running" and seen["job"]["id"] == job.id and seen["job"]["share"] == 0.5
    assert seen["job"]["what"] == "tiny: half"
    assert service.run(view.key, EvaluationOptions()) is job
    other = service.status(view.key, EvaluationOptions(apex="sum"))
    assert other["state"] == "busy" and other["job"]["id"] == job.id
    with pytest.raises(BusyError, match="evaluation of tiny on tiny is running"):
        service.run(view.key, EvaluationOptions(apex="sum"))
    service.jobs.cancel(job.id)
    gate.on.set()
    wait(job)
    assert service.status(view.key, EvaluationOptions())["state"] == "cancelled"
    assert service.status(view.key, EvaluationOptions(apex="sum"))["state"] == "absent"


def test_a_checkpoint_is_not_compared_with_itself_and_must_exist(service: EvaluationService, view: View) -> None:
    with pytest.raises(SettingsError, match="open already"):
        service.run(view.key, EvaluationOptions(other="tiny"))
    with pytest.raises(ValueError, match="No checkpoint 'nowhere'"):
        service.run(view.key, EvaluationOptions(other="nowhere"))
    with pytest.raises(SettingsError, match="apex must be one of"):
        EvaluationOptions(apex="top")
    with pytest.raises(SettingsError, match="scope must be one of"):
        EvaluationOptions(scope="half")


# ---- what a review says -----------------------------------------------------------------------------------------------


def test_a_report_is_plain_json_of_both_sources(shared: EvaluationResult) -> None:
    report = json.loads(json.dumps(shared.report(), allow_nan=False))
    assert [one["name"] for one in report["sources"]] == ["tiny", "untrained"] and report["sources"][1]["trained"] is False
    assert {row["source"] for table in report["tables"] for row in table["rows"]} == {"tiny", "untrained", "chance"}
    assert {curve["source"] for curve in report["curves"]} == {"tiny", "untrained"}
    both = [result for result in shared.evaluations["tiny"].results if result.score != LISTED]  # the untrained one lists nothing
    assert len(report["differences"]) == sum(len(result.metrics) for result in both)


def test_every_number_of_the_tables_leads_to_its_examples(shared: EvaluationResult) -> None:
    cells = [(row["source"], cell) for table in shared.report()["tables"] for row in table["rows"] for cell in row["cells"]]
    measured = [(source, c) for source, c in cells if c["value"] is not None and c["pictures"] and c["task"] != RADII]
    keys = {(source, c["task"], c["reading"], c["score"], c["metric"]) for source, c in measured}
    assert len(keys) > 40
    for source, task, reading, score, metric in sorted(keys)[::3]:
        answer = shared.examples(
            source=source, task=task, reading=reading, score=score, metric=metric, label=None, order="worst", limit=3, shown=5
        )
        assert answer["estimate"]["chance"] == pytest.approx(shared.evaluations[source].find(task, reading, score).chance_of(metric))
        values = [example["value"] for example in answer["examples"] if example["value"] is not None]
        assert values and all(len(example["retrieved"]) <= 5 for example in answer["examples"])
        if metric == "precision@5":
            found = [[item["relevant"] for item in example["retrieved"]] for example in answer["examples"]]
            assert [sum(flags) / 5 for flags in found] == pytest.approx(values)


def test_the_mean_by_class_adds_up_to_the_mean_of_all(shared: EvaluationResult) -> None:
    key = {"task": "box → scene", "reading": "same class", "score": "angle", "metric": "precision@5"}
    answer = shared.classes(**key)
    rows = [row for row in answer["rows"] if row["values"][0] is not None]
    weighted = sum(row["values"][0] * row["count"] for row in rows) / sum(row["count"] for row in rows)
    result = shared.evaluations["tiny"].find(key["task"], key["reading"], key["score"])
    assert answer["sources"] == ["tiny", "untrained"]
    lucky = sum(row["chance"] * row["count"] for row in rows) / sum(row["count"] for row in rows)
    assert lucky == pytest.approx(result.chance_of(key["metric"]))
    assert weighted == pytest.approx(result.metrics[key["metric"]].mean)


def test_a_score_of_one_source_alone_leaves_the_other_empty_by_class(shared: EvaluationResult) -> None:
    answer = shared.classes(task="box → scene", reading="same class", score=LISTED, metric="precision@5")
    assert {row["values"][1] for row in answer["rows"]} == {None} and any(row["values"][0] is not None for row in answer["rows"])


def test_what_is_not_in_a_review_is_refused_in_one_sentence(shared: EvaluationResult) -> None:
    good = {"source": "tiny", "task": "box → scene", "reading": "same class", "score": "angle", "metric": "precision@5", "label": None}
    rest = {"order": "worst", "limit": 1, "shown": 1}
    for change in ({"source": "x"}, {"task": "x"}, {"reading": "x"}, {"score": "x"}, {"metric": "x"}, {"label": 99999}):
        with pytest.raises(SelectionError, match=r"\w"):
            shared.examples(**{**good, **change}, **rest)  # type: ignore[arg-type]


def test_differences_are_paired_query_by_query(shared: EvaluationResult) -> None:
    first, second = shared.evaluations.values()
    for one in differences(first, second, shared.view.items.image):
        a = first.find(one.task, one.reading, one.score).values[one.metric]
        b = second.find(one.task, one.reading, one.score).values[one.metric]
        if np.isnan(b - a).all():
            assert np.isnan(one.change.mean)
            continue
        assert one.change.mean == pytest.approx(np.nanmean(b - a))
        certain = one.change.low > 0 or one.change.high < 0
        assert (one.better != 0) == certain
        if certain:
            assert (one.better > 0) == ((one.change.mean > 0) != one.metric.startswith(("OT", "TV")))
        if one.overlap is not None:
            assert one.overlap == (max(one.first.low, one.second.low) <= min(one.first.high, one.second.high))


# ---- radii, regions, files --------------------------------------------------------------------------------------------


def test_levels_tell_the_true_radii_and_their_items_come_in_the_asked_order(shared: EvaluationResult) -> None:
    hierarchy, radii = shared.view.hierarchy, shared.view.embedding.radii
    found = levels(hierarchy, radii)
    assert [one.depth for one in found] == sorted(set(hierarchy.depth.tolist()))
    assert sum(one.count for one in found) == len(radii)
    for one in found:
        here = radii[hierarchy.depth == one.depth]
        assert one.mean == pytest.approx(here.mean(), rel=1e-5)
        assert one.quantiles[2] == pytest.approx(np.median(here), rel=1e-6)
        assert one.low <= one.quantiles[0] <= one.quantiles[-1] <= one.high
    inner = radii[items_at(hierarchy, radii, 1, "inner")]
    assert (np.diff(inner) >= 0).all() and (np.diff(radii[items_at(hierarchy, radii, 1, "outer")]) <= 0).all()
    off = np.abs(radii[items_at(hierarchy, radii, 1, "typical")] - np.median(inner))
    assert (np.diff(off) >= 0).all()
    with pytest.raises(SelectionError, match="No items at depth 77"):
        items_at(hierarchy, radii, 77, "inner")


def test_pairs_in_the_wrong_and_right_order_are_all_pairs(shared: EvaluationResult) -> None:
    hierarchy, radii = shared.view.hierarchy, shared.view.embedding.radii
    for direct in (True, False):
        wrong = ordered_pairs(hierarchy, radii, direct=direct, right=False)
        right = ordered_pairs(hierarchy, radii, direct=direct, right=True)
        assert (radii[wrong[:, 0]] >= radii[wrong[:, 1]]).all() and (radii[right[:, 0]] < radii[right[:, 1]]).all()
        total = int(hierarchy.edges.direct.sum()) if direct else len(hierarchy.edges)
        assert len(wrong) + len(right) == total
        measured = shared.evaluations["tiny"].radii
        assert len(right) / total == pytest.approx(measured.direct if direct else measured.ancestors)
    gaps = radii[wrong[:, 1]] - radii[wrong[:, 0]]
    assert (np.diff(gaps) >= 0).all()


def test_equal_radii_are_the_wrong_order(shared: EvaluationResult) -> None:
    hierarchy = shared.view.hierarchy
    same = np.ones_like(shared.view.embedding.radii)
    assert len(ordered_pairs(hierarchy, same, direct=False, right=False)) == len(hierarchy.edges)
    assert len(ordered_pairs(hierarchy, same, direct=False, right=True)) == 0


def test_a_region_holds_its_boxes_and_is_cut_from_the_picture(shared: EvaluationResult) -> None:
    view = shared.view
    for parent, child in ordered_pairs(view.hierarchy, view.embedding.radii, direct=True, right=False)[:20]:
        made = scene(view, [int(parent), int(child)])
        x1, y1, x2, y2 = made["region"]
        width, height = view.items.images.width[made["image"]], view.items.images.height[made["image"]]
        assert min(x1, y1) >= 0 and x2 <= width and y2 <= height
        for bx1, by1, bx2, by2 in made["boxes"]:
            assert x1 <= bx1 < bx2 <= x2 and y1 <= by1 < by2 <= y2
        picture = Image.open(BytesIO(region_jpeg(view, made["image"], made["region"])))
        assert picture.width / picture.height == pytest.approx((x2 - x1) / (y2 - y1), rel=0.02)


@pytest.mark.parametrize("box", [[], [1, 2, 3], [0, 0, 1, 1], [math.nan, 0, 9, 9]])
def test_a_region_that_is_none_is_refused(shared: EvaluationResult, box: list[float]) -> None:
    with pytest.raises(SelectionError):
        region_jpeg(shared.view, 0, box)


def test_of_items_in_two_pictures_the_first_ones_is_shown(shared: EvaluationResult) -> None:
    """As pairs of own vectors are, each of which is a picture of its own."""
    other = int(shared.view.items.offsets[1])
    made = scene(shared.view, [0, other])
    assert made["image"] == 0 and len(made["boxes"]) == 1 and [one["row"] for one in made["cards"]] == [0, other]


def test_files_to_take_away_hold_every_number(shared: EvaluationResult) -> None:
    text, media = shared.download("results.csv")
    lines = text.splitlines()
    total = sum(len(result.figures()) for one in shared.evaluations.values() for result in one.results)
    assert media.startswith("text/csv") and len(lines) == total + 1 and lines[0].startswith("checkpoint,task,reading,score,metric,mean")
    assert list(json.loads(shared.download("results.json")[0])) == ["tiny", "untrained"]
    assert shared.download("tables.md")[0].count("|") > 100
    assert shared.download("classes.csv")[0].startswith("checkpoint,task,reading,score,metric,class,count,mean,chance\n")
    for number in range(len(shared.tables)):
        assert "," in shared.download(f"table-{number + 1}.csv")[0]
    with pytest.raises(SelectionError, match=r"No file 'x\.csv'"):
        shared.download("x.csv")
