"""FiftyOne's own importer, and its exporter, over a folder or a file of labels: run by a Python that has FiftyOne, without its database.

FiftyOne starts MongoDB as soon as it is imported, and fetches it where it is missing. Importers and exporters need none, so the package is
entered below its `__init__`. `python fiftyone_script.py SOURCE OUT` prints what was read as JSON and writes it to OUT as FiftyOne does.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types


def main(source: str, out: str) -> None:
    spec = importlib.util.find_spec("fiftyone")
    package = types.ModuleType("fiftyone")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["fiftyone"] = package
    from fiftyone.core.config import load_config

    package.config = load_config()
    from fiftyone.utils.data.exporters import FiftyOneImageDetectionDatasetExporter
    from fiftyone.utils.data.importers import FiftyOneImageDetectionDatasetImporter

    place = {"labels_path": source} if source.endswith(".json") else {"dataset_dir": source}
    samples = []
    with (
        FiftyOneImageDetectionDatasetImporter(**place, compute_metadata=True) as importer,
        FiftyOneImageDetectionDatasetExporter(export_dir=out, export_media=True) as exporter,
    ):
        for path, metadata, label in importer:
            detections = [each.to_dict() for each in label.detections]
            samples.append({"path": path, "size": [metadata.width, metadata.height], "detections": detections})
            exporter.export_sample(path, label, metadata=metadata)
        classes = importer.get_dataset_info()["classes"]
    print(json.dumps({"classes": classes, "samples": samples}, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
