"""The run of a pipeline whose root was named: its metrics, its config and its vocabularies."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.analysis.storage import open_folder
from recgen.findings import RecgenError


@dataclass(frozen=True)
class PipelineRun:
    """Where the parts of a run are below the root of a pipeline; None for what is missing."""

    metrics: str
    config: str | None
    transform: str | None
    has_model: bool

    def vocabularies(self) -> dict[str, int]:
        """Return the number of entries of each vocabulary, by file name."""
        if self.transform is None:
            return {}
        folder, _ = open_folder(self.transform)
        assets = "transform_fn/assets"
        names = [name for name in folder.names(assets) if name.endswith("_vocab")]
        return {name: folder.count_lines(f"{assets}/{name}") for name in names}


def run_below(root: str) -> PipelineRun | None:
    """Return the newest run of a pipeline; None if there are no metrics below the folder."""
    try:
        from recgen.inspect.pipeline import choose, walk  # imports numpy
        from recgen.inspect.places import place_of

        found = walk(place_of(root)).artifacts
    except (ImportError, RecgenError):  # without the extra `data`, only run directories are read
        return None
    with_metrics = [each for each in found if each.sort == "metrics"]
    if any(each.sort == "module" and each.parts for each in found) or not with_metrics:
        return None  # a folder of runs, of which one has to be named
    chosen = choose(found)
    if chosen.metrics is None:
        return None
    return PipelineRun(
        metrics=str(chosen.metrics.place),
        config=str(chosen.config.place) if chosen.config else None,
        transform=str(chosen.transform.place) if chosen.transform else None,
        has_model=bool(chosen.models),
    )
