"""The tables say of every documented command what becomes of it, and hold nothing that the pages show no more."""

from __future__ import annotations

from hypviz.experiments.heads import ROWS
from hypviz.experiments.plan import find_plan
from tests.docs_run.lines import Line, is_name, line_of, sections, to_run
from tests.docs_run.table import COMPLETED, NAMES, NAMES_OF, NOT_RUN, SMALLER
from tests.documented import commands, commands_of

LINES = [line for line in map(line_of, commands()) if line is not None]
RUN = [line for lines in sections().values() for line in lines]


def test_every_command_is_run_or_excepted_or_only_a_name() -> None:
    run = {(line.words, line.torchrun, line.variables) for line in RUN}
    for line in LINES:
        assert (line.words, line.torchrun, line.variables) in run or is_name(line) or f"hypviz {line}" in NOT_RUN, str(line)
    assert len(RUN) == len(run) > 90


def test_what_is_not_run_is_little_documented_and_not_run() -> None:
    assert NOT_RUN.keys() <= {f"hypviz {line}" for line in LINES} and len(NOT_RUN) <= 3
    assert not NOT_RUN.keys() & {f"hypviz {line}" for line in RUN}
    assert all(why[0].islower() and len(why) > 20 for why in NOT_RUN.values())


def test_no_entry_is_of_a_command_that_no_page_shows() -> None:
    texts = [str(line) for line in RUN]
    assert not [one.words for one in SMALLER if not any(text == one.words or text.startswith(f"{one.words} ") for text in texts)]
    assert not COMPLETED.keys() - set(texts)
    assert not NAMES.keys() - {word for line in RUN for word in line.words}
    for command, names in NAMES_OF.items():
        assert names.keys() <= {word for line in RUN if " ".join(line.words[:2]) == command for word in line.words}, command


def test_a_new_command_is_run_as_it_stands_and_a_name_is_not() -> None:
    (new,) = commands_of("a page", "    hypviz health --workspace WS --limit 3")
    line = line_of(new)
    assert line is not None and not is_name(line) and to_run(line, item="0") == ["health", "--workspace", "WS", "--limit", "3"]
    (named,) = commands_of("a page", "A sentence with `python -m hypviz train` in it.")
    line = line_of(named)
    assert line is not None and is_name(line)


def test_settings_of_a_page_stay_but_for_those_that_cost_time() -> None:
    line = Line(("finetune", "--workspace", "WS", "--out", "x", "--settings", '{"tune.epochs": 6, "train.seed": 3}'), True)
    assert to_run(line, item="")[-1] == '{"tune.epochs": 1, "train.seed": 3, "tune.views": 0, "train.batch_pairs": 8}'


def test_the_rows_that_a_table_is_made_of_are_rows_of_it() -> None:
    """Of them one is run."""
    known = {"heads": {row.name for row in ROWS}, "experiment": {row.name for row in find_plan("paper-small").rows}}
    stated = [(line.words[0], line.words[line.words.index("--rows") + 1].split(",")) for line in RUN if "--rows" in line.words]
    assert len(stated) >= 4
    for command, rows in stated:
        assert set(rows) <= known[command], rows
