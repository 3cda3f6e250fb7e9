"""What the benchmark keeps, compares and shows; nothing is trained."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy", reason="needs the extra `data`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra `data`")

from bench import processes, report, run, speed  # noqa: E402
from bench.ours import Ours, read_config  # noqa: E402
from bench.scale import copied, scale_table, stages_table  # noqa: E402
from bench.store import Store, digest  # noqa: E402
from bench.streaming import parts, parts_table  # noqa: E402
from bench.synthetic import TEST_ROWS, pieces, transactions  # noqa: E402
from recgen.presets import NAMES, find_preset  # noqa: E402

_EXAMPLE = Path(__file__).parents[1] / "examples" / "online_retail" / "config.yaml"


def test_a_result_for_the_same_inputs_is_not_measured_again(tmp_path: Path) -> None:
    path, measured = tmp_path / "results.json", []

    def measure() -> dict[str, Any]:
        measured.append(1)
        return {"value": len(measured)}

    for inputs in ("one", "one", "two", "two"):
        # A new store each time, as after an interruption.
        Store(path).get("models", "als", 1, inputs, measure)
    Store(path).get("models", "als", 2, "two", measure)
    found = Store(path).pick("models", [("als", 2), ("als", 1), ("bpr", 1)])
    assert [(each["number"], each["value"]) for each in found] == [(2, 3), (1, 2)]
    assert len(json.loads(path.read_text())["models"]) == 2
    stored = Store(path, measures=False)
    assert stored.get("models", "als", 2, "two", measure) is not None
    assert stored.get("models", "als", 2, "three", measure) is None
    assert stored.get("models", "als", 3, "two", measure) is None
    assert len(measured) == 3


def test_a_digest_sees_what_is_in_a_file_and_its_place_among_the_inputs(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("a")
    first = digest(path, "x", "y")
    assert digest(path, "x", "y") == first
    assert digest(path, "y", "x") != first
    path.write_text("b")
    assert digest(path, "x", "y") != first


def test_a_config_ranks_the_whole_catalogue_and_keeps_its_comments(tmp_path: Path) -> None:
    data, commented = tmp_path / "data", tmp_path / "online_retail.yaml"
    data.write_text("rows")
    commented.write_text(f"# more\n{_EXAMPLE.read_text('utf-8')}", "utf-8")
    ours, same = (read_config(path, data, products=3608) for path in (_EXAMPLE, commented))
    kept = ours.text.replace("top_k: 3608", "top_k: 100")
    assert kept.replace("  refit: validation\n", "") == _EXAMPLE.read_text("utf-8")
    assert "  refit: validation\n" in ours.text  # the test's rows are not learned from
    assert (ours.name, ours.batch) == ("online_retail", 1024)
    assert same == replace(ours, text=same.text)
    data.write_text("other rows")
    assert read_config(_EXAMPLE, data, products=3608).inputs != ours.inputs


def test_a_user_trains_on_a_file_that_ends_where_the_test_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.ours.RUNS", tmp_path)
    times = pa.array([*range(0, 101_000, 1000), None], pa.timestamp("ms"))
    ids = ["a"] * 50 + [None] + ["b"] * 51
    rows = pa.table(
        {"CustomerID": ids, "StockCode": ids, "InvoiceDate": times, "Price": range(102)}
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    ours = read_config(_EXAMPLE, tmp_path / "rows.parquet", products=3608, is_of_user=True)
    assert "refit" not in ours.text
    assert ours.name == "online_retail as a user trains it"
    assert pq.read_table(ours.data).to_pylist() == rows.slice(0, 90).to_pylist()


def test_a_comment_in_the_generated_code_is_no_other_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.write_text("rows")
    inputs = []
    for code in ("x = 1", "# One.\nx = (\n    1\n)", "x = 2"):
        monkeypatch.setattr("bench.ours.generate", lambda _, code=code: {"trainer.py": code})
        inputs.append(read_config(_EXAMPLE, data, products=3608).inputs)
    assert inputs[0] == inputs[1] != inputs[2]


def test_the_benchmark_of_recall_runs_every_preset_of_retrieval_beside_the_example() -> None:
    example, *presets = run.CONFIGS
    assert example == _EXAMPLE
    texts = [find_preset(name).text for name in NAMES]
    assert [path.read_text("utf-8") for path in presets] == texts


def test_a_config_with_another_split_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(_EXAMPLE.read_text("utf-8").replace("test: 0.1", "test: 0.2"), "utf-8")
    with pytest.raises(SystemExit, match="has to be strict_time"):
        read_config(path, tmp_path, products=10)


def test_a_command_that_takes_too_much_memory_is_ended() -> None:
    grow = "import time; x = bytearray(200_000_000); time.sleep(60)"
    usage = processes.run([sys.executable, "-c", grow], most_mb=150)
    assert usage.code < 0
    assert usage.peak_mb > 150


def test_memory_is_that_of_a_command_and_its_children() -> None:
    grow = "x = bytearray(100_000_000); import time; time.sleep(1.5)"
    both = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {grow!r}]); {grow}"
    usage = processes.run([sys.executable, "-c", f"{both}; p.wait(); print('done')"])
    assert (usage.code, usage.output) == (0, "done\n")
    assert 190 < usage.peak_mb < 400


def test_lines_have_the_seconds_and_the_memory_up_to_them() -> None:
    work = "sum(n * n for n in range(3_000_000))"
    child = f"subprocess.run([sys.executable, '-c', 'x = bytearray(80_000_000); {work}'])"
    wait = "time.sleep(0.5)"  # until what was printed is seen
    said = (
        "import functools, subprocess, sys, time; say = functools.partial(print, file=sys.stderr)"
    )
    code = f"{said}; say('né'); {wait}; {child}; {wait}; say('b'); {wait}"
    usage = processes.run([sys.executable, "-c", code])
    first, second = usage.lines
    assert (first.text, second.text) == ("né", "b")
    assert second.seconds > first.seconds + 0.05
    assert first.peak_mb < 60 < second.peak_mb


def test_what_lies_between_the_ends_of_two_parts_is_of_the_second() -> None:
    printed = ["read       10 rows", "warning: few", "split      8 rows", "split      again"]
    lines = [processes.Line(text, 2.0 * at, 90 - at) for at, text in enumerate(printed, 1)]
    found = parts(lines)
    assert found == {"check and read_s": 2, "check and read_mb": 89, "split_s": 6, "split_mb": 88}
    assert "| split | 600000.0 | 88 |" in parts_table([{"rows": 10, **found}])
    # The second fit of the layer is after the test, and no part of the first.
    printed = ["final layer: validation", "final layer: of the saved model", "refit  done"]
    found = parts([processes.Line(text, 2.0 * at, 10) for at, text in enumerate(printed, 1)])
    assert (found["final layer_s"], found["test, final layer again_s"]) == (2, 4)


def _timed(name: str, number: int, rate: float, recall: list[tuple[float, float]]) -> Any:
    shape = {"batch": 8192, "validation_rows": 10, "peak_mb": 100.0, "others": 0.0}
    return {"name": name, "number": number, "examples_per_s": rate, "recall": recall, **shape}


_CONFIG = Ours("shop", "", "", 8192, Path())


def test_throughput_is_compared_within_a_round() -> None:
    tutorial = speed.tutorial_name(8192)
    results = [
        _timed(tutorial, 1, 10, [(50, 0.1), (100, 0.2)]),
        _timed(_CONFIG.title, 1, 60, [(2, 0.1), (4, 0.2), (8, 0.3)]),
        _timed(tutorial, 2, 20, [(40, 0.2), (80, 0.2)]),
        _timed(_CONFIG.title, 2, 80, [(2, 0.25), (4, 0.3)]),
    ]
    first, ours = speed.summary(results, [_CONFIG])
    assert first["to_published"] == (1, 1, 1)
    assert ours["to_published"] == (5, 4, 6)  # not 70 / 15
    # The tutorial has its final recall after 100 and, in round 2, 40 seconds; ours after 4 and 2.
    assert (ours["tutorial_s"], ours["seconds"]) == (70, 3)
    assert ours["to_first"] == (22.5, 20, 25)
    assert ours["to_whole"] == (32.5, 25, 40)


@pytest.mark.parametrize("change", [{"recall": [(1, 0.1)]}, {"validation_rows": 11}])
def test_no_time_is_given_for_a_recall_that_is_not_reached_or_another(change: Any) -> None:
    results = [
        _timed(speed.tutorial_name(8192), 1, 10, [(50, 0.2)]),
        _timed(_CONFIG.title, 1, 60, [(2, 0.3)]) | change,
    ]
    _, ours = speed.summary(results, [_CONFIG])
    assert ours["seconds"] is None


def _scored(title: str, seed: int, recall: float, views: tuple[str, ...]) -> dict[str, Any]:
    score = {"value": recall, "low": recall - 0.1, "high": recall + 0.1}
    names = ("recall@10", "recall@100", "ndcg@10")
    metrics: dict[str, Any] = {view: {"pairs": 3, **dict.fromkeys(names, score)} for view in views}
    metrics["distinct_products@100"] = 7
    taken = {"seconds": 1.0, "peak_mb": 5.0, "others": 0.0}
    return {"title": title, "is_ours": True, "number": seed, "metrics": metrics, **taken}


def test_the_page_shows_means_spreads_and_what_is_best() -> None:
    views = ("all", "new", "new_filtered")
    models = [
        _scored("one", 1, 0.2, views),
        _scored("one", 2, 0.3, views),
        _scored("two", 1, 0.24, views[:2]),
    ]
    counts = dict.fromkeys(
        ("training_rows", "training_buyers", "candidates", "test_pairs", "new_test_pairs"), 9
    )
    page = report.markdown("shop.parquet", counts, models, [], [])
    assert "| one | 2 | **0.250 ± 0.071 (0.150 to 0.350)** | **0.250 ± 0.071** |" in page
    assert "| two | 1 | 0.240 (0.140 to 0.340) | 0.240 | 0.240 |" in page
    assert "| - | - | 7 |" in page  # no filtered view of the second
    assert "Throughput" not in page


def test_the_page_begins_with_the_views_that_others_win() -> None:
    ours = _scored("ours", 1, 0.2, ("all", "new"))
    theirs = {**_scored("theirs", 1, 0.3, ("new",)), "is_ours": False}
    first = report.winners(report.summarize([ours, theirs]))
    theirs_first = "Best recall@100 of new pairs: theirs (0.300), not ours (0.200)"
    assert first == f"{theirs_first}; of all pairs: ours (0.200)."


def test_an_extrapolated_epoch_is_marked() -> None:
    cell = {
        "products": 10,
        "rows": 2048,
        "batch": 1024,
        "steps": 2,
        "read_s": 1.0,
        "step_s": 0.01,
        "validated": 1000,
        "validation_s": 1.0,
        "end_s": 0.1,
        "peak_mb": 900.0,
    }
    whole, part = scale_table([cell, cell | {"rows": 1_024_000}]).splitlines()[2:]
    assert "| 0.0 |" in whole
    assert "| ~10.0 |" in part


def test_copies_are_of_other_buyers_or_of_later_times() -> None:
    rows = transactions(products=50, rows=500)
    times = rows["InvoiceDate"].cast("int64").to_numpy()
    others = copied(rows, "other buyers", 3)
    assert others.schema == rows.schema
    assert len(others) == 3 * len(rows)
    assert len(others["CustomerID"].unique()) == 3 * len(rows["CustomerID"].unique())
    later = copied(rows, "later times", 2)
    assert later["CustomerID"].unique().equals(rows["CustomerID"].unique())
    assert later["InvoiceDate"].cast("int64").to_numpy()[len(rows) :].min() > times.max()


def test_stages_are_beside_the_peers() -> None:
    figures = {"rows": 1000, "split_s": 1.04, "split_mb": 300, "transform_s": 20, "transform_mb": 9}
    found = {"name": "later times", "number": 2, "own": figures}
    (line,) = stages_table([found | {"peer": figures | {"split_s": 4}}]).splitlines()[2:]
    assert line == "| 1,000 | 2, later times | 1.0 (4.0) | 300 (300) | 20 (20) | 9 (9) |"


def test_synthetic_rows_have_every_product_and_few_late_rows() -> None:
    table = transactions(products=500, rows=5000)
    seconds = table["InvoiceDate"].cast("int64").to_numpy()
    place = (seconds - seconds.min()) / (seconds.max() - seconds.min())
    assert ((place >= 0.87) & (place < 0.9)).sum() == 150
    assert (place >= 0.9).sum() == TEST_ROWS
    early = table.filter(place < 0.87)
    assert len(early) == 5000
    assert len(early["StockCode"].unique()) == 500
    assert table.equals(transactions(products=500, rows=5000))


def test_pieces_hold_what_the_whole_holds() -> None:
    import pyarrow as pa

    products, rows, size = 500, 20_000, 3_000
    parts = list(pieces(products, rows, size))
    assert [len(part) for part in parts] == [size] * 6 + [2_000]
    found, whole = pa.concat_tables(parts), transactions(products, rows).slice(0, rows)
    assert found.schema == whole.schema
    for name in ("CustomerID", "Country", "StockCode"):
        assert set(found[name].unique().to_pylist()) == set(whole[name].unique().to_pylist())
    # One country for a buyer, one price for a product, in all pieces.
    for key, value in (("CustomerID", "Country"), ("StockCode", "UnitPrice")):
        pairs = found.group_by([key, value]).aggregate([])
        assert len(pairs) == len(found[key].unique())
    best, other = (each["StockCode"].to_pylist().count("p0") for each in (found, whole))
    assert best == pytest.approx(other, rel=0.1)
    assert found.equals(pa.concat_tables(pieces(products, rows, size)))
    assert not parts[1].equals(parts[2])
