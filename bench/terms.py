"""What the terms of the final layer contribute, on UCI Online Retail: docs/presets.md.

`python -m bench.terms --data FILE` trains the shop example as `make bench` does, with five seeds,
fits its final layer without each group of terms, and compares recall on the test, buyer by buyer.
Writes bench/results/terms.json and the table of the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.models.without_terms import GROUPS
from bench.ours import Ours, last_json, read_config
from bench.processes import ROOT, module
from bench.protocol import read_split
from bench.report import table
from bench.run import CONFIGS
from bench.store import Store, digest

_PAGE, _RESULTS = ROOT / "docs" / "presets.md", ROOT / "bench" / "results" / "terms.json"
_BEGIN, _END = "<!-- terms -->\n", "<!-- end of terms -->\n"
_VIEWS = {
    "all": "all pairs",
    "new": "new pairs",
    "new_filtered": "new pairs, past products removed",
}


def main() -> None:
    """Measures the seeds that have no result yet, and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.terms", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Parquet of UCI Online Retail")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    config = read_config(
        CONFIGS[0], options.data.resolve(), len(read_split(options.data).training.products)
    )
    store = Store(_RESULTS)
    inputs = digest(config.inputs, ROOT / "bench" / "models" / "without_terms.py")
    for seed in range(1, options.seeds + 1):

        def one(seed: int = seed) -> dict[str, Any]:
            print(f"{config.title}, seed {seed}", flush=True)
            return measured(config, options.data, seed)

        store.get("terms", config.name, seed, inputs, one)
    seeds = range(1, options.seeds + 1)
    text = terms_table(store.pick("terms", [(config.name, seed) for seed in seeds]))
    page = _PAGE.read_text("utf-8")
    head, _, rest = page.partition(_BEGIN)
    _PAGE.write_text(f"{head}{_BEGIN}\n{text}\n\n{_END}{rest.partition(_END)[2]}", "utf-8")
    print(text)


def measured(config: Ours, data: Path, seed: int) -> dict[str, Any]:
    """Returns what one seed reaches without each group; its run is trained, if there is none."""
    if not (config.folder(seed) / "serving_model").exists():
        config.train(seed)
    return last_json(module("bench.models.without_terms", config.folder(seed)))


def terms_table(found: Sequence[dict[str, Any]]) -> str:
    """Returns recall@100 with all terms, and what is lost without each group, by view."""
    lines = []
    for name in ("nothing", *GROUPS):
        cells = []
        for view in _VIEWS:
            of_seeds = [each["without"][name][view] for each in found]
            value = fmean(own["value"] for own in of_seeds)
            lost = [fmean(own.get(f"lead_{end}", 0) for own in of_seeds) for end in ("low", "high")]
            cells.append(_cell(value, *lost) if name != "nothing" else f"{value:.3f}")
        lines.append([name, *cells])
    return table(["left out", *_VIEWS.values()], lines)


def _cell(value: float, low: float, high: float) -> str:
    """Returns recall without the terms, and the interval of the change that leaving out makes."""
    return f"{value:.3f} ({-high:+.3f} to {-low:+.3f})"


if __name__ == "__main__":
    main()
