"""A review as files to take away: the paper's tables, every result, the results by class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from hypviz.data.items import Items
from hypviz.errors import SelectionError
from hypviz.evaluation import Evaluation
from hypviz.evaluation.classes import CLASS_COLUMNS, per_class_rows
from hypviz.evaluation.report import CSV_COLUMNS, csv_text
from hypviz.evaluation.tables import Table

MEDIA = {".csv": "text/csv; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".json": "application/json"}
FILES = ("tables.md", "results.csv", "classes.csv", "results.json")


def written(name: str, evaluations: Mapping[str, Evaluation], tables: Sequence[Table], items: Items) -> tuple[str, str]:
    """(text, media type) of one of `FILES`, or of one table, "table-1.csv", "table-2.csv"…; SelectionError for another name."""
    numbered = {f"table-{number}.csv": table for number, table in enumerate(tables, start=1)}
    if name in numbered:
        text = numbered[name].to_csv()
    elif name == "tables.md":
        text = "\n\n".join(table.to_markdown() for table in tables) + "\n"
    elif name == "results.csv":
        rows = ((source, *row) for source, one in evaluations.items() for row in one.csv_rows())
        text = csv_text(("checkpoint", *CSV_COLUMNS), rows)
    elif name == "classes.csv":
        rows = ((source, *row) for source, one in evaluations.items() for row in per_class_rows(items, one))
        text = csv_text(("checkpoint", *CLASS_COLUMNS), rows)
    elif name == "results.json":
        text = json.dumps({source: one.to_json() for source, one in evaluations.items()}, ensure_ascii=False, indent=1) + "\n"
    else:
        raise SelectionError(f"No file {name!r} here; there is {', '.join([*FILES, *numbered])}.")
    return text, MEDIA[name[name.rindex(".") :]]
