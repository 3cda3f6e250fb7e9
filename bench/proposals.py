"""Is what `recgen init --data FILE` proposes, unchanged, at least as good as counting?

`python -m bench.proposals` makes small data sets, keeps back the last tenth of the time (or of the
rows, where there is no time), runs `init` and `train` on the rest as a user does, and scores what
is served on the rows that were kept back, beside recommenders that count. One data set takes about
a minute. Writes JSON for each to --out, and a table to the screen; with --record, adds them to
bench/results/proposals.json and writes the page of these.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from bench.models.counting import own_history, own_history_recent, popularity, popularity_recent
from bench.models.served import answers
from bench.processes import ROOT, module, run
from bench.proposals_page import page, table_of
from bench.protocol import Array, Lists, Recommend, Split, Training, codes, evaluate
from bench.shapes import DEVELOPMENT, REPORT, RETAIL, DataSet, sample_of_buyers
from bench.tuning import held_out
from recgen.edit import edit
from recgen.findings import Fix

_KEPT_BACK = 0.1
_RESAMPLES = 200
_RETAIL_BUYERS = 400
RESULTS = Path(__file__).parent / "results" / "proposals.json"
_MOST = 10_000  # of the config's top_k
_DAY = 86_400
_WORST = -1e30  # a score
_FEWEST = 50  # pairs of a view, with fewer there is nothing to compare
COUNTING = {
    "popularity": popularity,
    "popularity, half-life": popularity_recent,
    "own history": own_history,
    "own history, half-lives": own_history_recent,
}


@dataclass(frozen=True)
class Divided:
    """A data set: the file's rows, and the pairs of those that were kept back."""

    file: pa.Table
    known: Split
    """Pairs of buyers that the file has."""
    unknown: Split
    """Pairs of other buyers."""


def main() -> None:
    """Runs the data sets that were asked for, one after the other."""
    options = _options()
    for name, data in _chosen(options).items():
        result = measure(name, data, options.out, dict(options.set), options.seed)
        print(table_of(name, result), flush=True)
        worst = {view: row["gap"] for view, row in result["views"].items()}
        print(f"{name}: {result['seconds']:.0f} s, ours minus the best: {worst}\n", flush=True)
        if options.record:
            _record(name, result)


def measure(
    name: str, data: DataSet, out: Path, changes: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Returns recall in all views of what is served, and of counting; writes it, too."""
    folder = out / name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    divided = divide(data)
    file, config, trained = folder / "data.parquet", folder / "config.yaml", folder / "run"
    pq.write_table(divided.file, file)
    products = len(divided.known.training.products)
    _require(run(module("recgen", "init", "--data", file, "-o", config, "--force")).code, config)
    # The whole ranking, to take past products out of it. Training does not depend on it.
    whole = {**changes, "model.top_k": min(products, _MOST)}
    fixes = [Fix(tuple(key.split(".")), "set", value) for key, value in whole.items()]
    config.write_text(edit(config.read_text("utf-8"), fixes, "yaml"), "utf-8")
    command = module("recgen", "train", config, "--data", file, "--out", trained)
    usage = run([*command, "--seed", str(seed), "--allow-worse"])
    (folder / "train.log").write_text(usage.output + usage.errors, "utf-8")
    _require(usage.code, folder / "train.log")
    k = _k(products)
    ours = _filled_up(answers(trained, divided.known.training))
    models = {"recgen": ours, **_counting(divided.known)}
    views: dict[str, dict[str, Any]] = {}
    for model, recommend in models.items():
        for view, found in _recalls(divided, recommend, k):
            row = views.setdefault(view, {"recall": {}})
            row["recall"][model] = round(found["value"], 4)
            row.setdefault("interval", [round(found[end], 4) for end in ("low", "high")])
    for row in views.values():
        best = max(value for model, value in row["recall"].items() if model != "recgen")
        row["gap"] = round(row["recall"]["recgen"] - best, 4)
    told = json.loads((trained / "training_metrics.json").read_text("utf-8"))
    printed = told["final_metrics"].get(f"test_recall_at_{k}")
    result = {"k": k, "rows": len(divided.file), "seed": seed, "views": views}
    result |= {"seconds": usage.seconds, "printed by train": printed}
    (folder / "result.json").write_text(json.dumps(result, indent=1), "utf-8")
    return result


def divide(data: DataSet) -> Divided:
    """Returns a data set without the last tenth of its time, or of its rows in random order."""
    table = data.make()
    table = table.filter(pc.is_valid(table[data.buyer])).combine_chunks()
    time = _seconds(table[data.time]) if data.time else np.random.default_rng(0).random(len(table))
    first, last = time.min(), time.max()
    is_early = time < first + (last - first) * (1 - _KEPT_BACK)
    early, late = table.filter(pa.array(is_early)), table.filter(pa.array(~is_early))
    buyers, products = _names(table[data.buyer]), _names(early[data.product])
    training = Training(
        buyers=buyers.to_numpy(zero_copy_only=False),
        products=products.to_numpy(zero_copy_only=False),
        buyer=codes(early[data.buyer], buyers),
        product=codes(early[data.product], products),
        time=time[is_early] if data.time else np.zeros(len(early)),
    )
    buyer, product = codes(late[data.buyer], buyers), codes(late[data.product], products)
    pairs = np.unique((buyer * len(products) + product)[product >= 0])
    people, goods = np.divmod(pairs, len(products))
    is_new, is_known = ~np.isin(pairs, training.pairs()), np.isin(people, training.buyer)
    parts = (
        Split(training, people[part], goods[part], is_new[part], int(first), int(last))
        for part in (is_known, ~is_known)
    )
    return Divided(early, *parts)


def _seconds(column: pa.ChunkedArray) -> Array:
    if pa.types.is_date(column.type):
        return column.cast(pa.int32()).to_numpy() * _DAY
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    found: Array = column.to_numpy()
    return found


def _names(column: pa.ChunkedArray) -> pa.Array:
    names = column.cast(pa.string()).unique()
    return names.take(pc.sort_indices(names))


def _counting(split: Split) -> dict[str, Recommend]:
    """Returns the recommenders that count; those with half-lives where there are times."""
    is_dated = np.ptp(split.training.time) > 0
    is_told = is_dated and len(held_out(split.training).buyer) >= _FEWEST
    return {
        name: build(split.training, 0)
        for name, build in COUNTING.items()
        if is_told or "half" not in name
    }


def _filled_up(recommend: Recommend) -> Recommend:
    """Returns what fills lists up with nothing: the model may not know the newest products."""

    def recommend_all(buyers: Array, k: int) -> Lists:
        lists = recommend(buyers, k)
        missing = ((0, 0), (0, k - lists.products.shape[1]))
        products = np.pad(lists.products, missing, constant_values=-1)
        return Lists(products, np.pad(lists.scores, missing, constant_values=_WORST))

    return recommend_all


def _recalls(divided: Divided, recommend: Recommend, k: int) -> Iterator[tuple[str, Any]]:
    """Yields each view that has pairs, and the recall of it with its interval."""
    known = divided.known
    if len(known.buyer) >= _FEWEST:
        found = evaluate(known, recommend, _RESAMPLES)
        for view in ("all", "new", "new_filtered"):
            if found[view]["pairs"] >= _FEWEST:
                yield view, found[view][f"recall@{k}"]
    if len(divided.unknown.buyer) >= _FEWEST:
        found = evaluate(divided.unknown, recommend, _RESAMPLES)
        yield "unknown buyers", found["all"][f"recall@{k}"]


def _k(products: int) -> int:
    """Returns a k that can tell recommenders apart."""
    return next((k for k in (100, 50, 10) if 5 * k <= products), 5)


def _record(name: str, result: Mapping[str, Any]) -> None:
    """Adds a result to those of the page, in place of an older one."""
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    content = {**known, name: dict(result)}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    RESULTS.with_suffix(".md").write_text(page(content), "utf-8")


def _require(code: int, what: Path) -> None:
    if code != 0:
        print(f"exit code {code}: {what}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.proposals", description=__doc__)
    names = [*DEVELOPMENT, *REPORT, "retail", "more retail"]
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME")
    parser.add_argument("--report", action="store_true", help="the half that nobody tuned for")
    parser.add_argument("--retail", type=Path, help="Parquet of UCI Online Retail, for samples")
    parser.add_argument("--set", nargs="*", type=_setting, default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "proposals", metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="add to bench/results")
    return parser.parse_args()


def _setting(text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    return key, yaml.safe_load(value)


def _chosen(options: argparse.Namespace) -> dict[str, DataSet]:
    known = {True: dict(REPORT), False: dict(DEVELOPMENT)}
    if options.retail:
        for is_report, name in ((False, "retail"), (True, "more retail")):
            known[is_report][name] = DataSet(
                lambda seed=is_report: sample_of_buyers(options.retail, _RETAIL_BUYERS, int(seed)),
                *RETAIL,
            )
    if options.names:
        everything = {**known[False], **known[True]}
        return {name: everything[name] for name in options.names}
    return known[options.report]


if __name__ == "__main__":
    main()
