"""Times that stand for null or never: they decide nothing, and checking says what a run does."""

from __future__ import annotations

import csv
import datetime
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from ugly import shop

from recgen.check import check, check_text
from recgen.config import DataConfig, ExperimentConfig, Split
from recgen.config.times import TimeUnit
from recgen.data.columns import read_as_configured
from recgen.data.estimates import SplitSizes, split_sizes, with_ids
from recgen.findings import Finding
from recgen.generate import render
from recgen.proposal import propose
from recgen.reading.sources import read_text

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
np = pytest.importorskip("numpy")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.histories import Wanted, add_histories  # noqa: E402
from recgen.local.ingest import clean, read_table  # noqa: E402
from recgen.local.profile import read_profile  # noqa: E402
from recgen.local.split import SplitData, split_table, without_far_times  # noqa: E402
from recgen.plan.columns import input_columns  # noqa: E402

FIRST = 1_672_531_200  # 2023-01-01
ROWS, ODD = 600, 12
MARKS = {
    "zero": 0,
    "minus one": -1,
    "pandas": -9_223_372_037,
    "1900": -2_208_988_800,
    "excel": -2_209_161_600,
    "year one": -62_135_596_800,
    "never": 253_402_214_400,
    "2199": 7_226_582_400,
}


def times(mark: int) -> list[int]:
    """Returns a year of epoch seconds, a mark in every 50th row."""
    return [mark if row % 50 == 0 else FIRST + row * 52_000 for row in range(ROWS)]


def stored(values: list[int], kind: str) -> Any:
    """Returns the times in one of the types that files have."""
    if kind == "int64":
        return pa.array(values)
    if kind == "milliseconds":
        return pa.array([value * 1000 for value in values])
    moments = pa.array(values).cast(pa.timestamp("s"))
    return moments if kind == "timestamp" else moments.cast(pa.large_string())


def config(split: str | None, **data: Any) -> ExperimentConfig:
    embedding = {"embedding": {"embedding_dim": 8}}
    if split is not None:
        data["split"] = {"kind": split, "validation": 0.1, "test": 0.1}
        data["split"] |= {"date_column": "at"}
    return ExperimentConfig.model_validate(
        {
            "features": {
                "buyer_id_column": "buyer",
                "product_id_column": "sku",
                "buyer_model_features": [
                    {"column": "buyer", "data_type": "text", "transforms": embedding},
                    {
                        "column": "born",
                        "data_type": "temporal",
                        "transforms": {"normalize": {}},
                    },
                ],
                "product_model_features": [
                    {"column": "sku", "data_type": "text", "transforms": embedding}
                ],
            },
            "model": {"batch_size": 64, "output_embedding_dim": 8, "top_k": 5},
            "data": data,
        }
    )


def write(folder: Path, at: Any, born: Any = None) -> Path:
    rows = range(len(at))
    columns = {"buyer": [f"b{7 * n % 40}" for n in rows], "sku": [f"p{n * n % 23}" for n in rows]}
    born = pa.array([FIRST - 10**9 + 1000 * n for n in rows]) if born is None else born
    pq.write_table(pa.table({**columns, "at": at, "born": born}), folder / "data.parquet")
    return folder / "data.parquet"


def trained_on(path: Path, experiment: ExperimentConfig) -> SplitData:
    """Returns what `train` makes of a file."""
    table = read_table(path, input_columns(experiment))
    if experiment.data.null_times is None:
        table = without_far_times(table, "at")
    return split_table(table, experiment.data.split, "at", ids=("buyer", "sku"))


def sizes(parts: SplitData) -> SplitSizes:
    return SplitSizes(parts.train.num_rows, parts.eval.num_rows, parts.test.num_rows)


def expected(path: Path, experiment: ExperimentConfig) -> SplitSizes | None:
    profile = read_as_configured(experiment.features, experiment.data, read_profile(path))
    return split_sizes(experiment.features, experiment.data, profile)


def require_expected(path: Path, experiment: ExperimentConfig, found: SplitSizes) -> None:
    """Requires the sizes that the rules expect; drawn rows are as many but for chance."""
    wanted, split = expected(path, experiment), experiment.data.split
    assert split
    assert wanted
    if split.kind == "strict_time":
        assert found == wanted
        return
    deviation = (found.training + found.validation + found.test) ** 0.5 / 2
    if split.kind == "time_holdout":
        assert found.test == wanted.test
    assert abs(found.test - wanted.test) < 4 * deviation
    assert abs(found.validation - wanted.validation) < 4 * deviation
    assert found.training + found.validation + found.test == (
        wanted.training + wanted.validation + wanted.test
    )


def findings(path: Path, experiment: ExperimentConfig, *codes: str) -> list[Finding]:
    found = check(experiment, profile=read_profile(path)).findings
    return [finding for finding in found if finding.code in codes]


@some(13, 40)
@given(data=st.data(), split=st.sampled_from(["strict_time", "time_holdout", "random"]))
def test_the_parts_are_those_of_a_run_where_ids_and_times_are_missing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, split: str
) -> None:
    draw = np.random.default_rng(data.draw(st.integers(0, 999)))
    share = data.draw(st.sampled_from([0.0, 0.2, 0.7]))
    at = pa.array(FIRST + np.sort(draw.integers(0, 10**7, ROWS)), mask=draw.random(ROWS) < 0.1)
    path = write(tmp_path_factory.mktemp("gaps"), at)
    table = pq.read_table(path)
    for index, name in ((0, "buyer"), (1, "sku")):
        gone = draw.random(ROWS) < share
        gone[: data.draw(st.sampled_from([0, 200]))] = True  # then the time begins later
        values = pa.array(table[name].to_pylist(), mask=gone)
        table = table.set_column(index, name, values)
    pq.write_table(table, path)
    experiment = config(split)
    rows = read_table(path, input_columns(experiment))
    kept, _ = clean(rows, "buyer", "sku")
    parts = split_table(kept, experiment.data.split, "at", ids=("buyer", "sku"))
    require_expected(path, experiment, sizes(parts))
    profile = read_profile(path)
    assert with_ids(experiment.features, profile).rows == kept.num_rows
    assert profile.rows == ROWS


@pytest.mark.parametrize("kind", ["int64", "milliseconds", "timestamp", "text"])
@pytest.mark.parametrize("split", ["strict_time", "time_holdout"])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_decide_nothing_and_are_counted(
    tmp_path: Path, mark: str, split: str, kind: str
) -> None:
    values = times(MARKS[mark])
    path, experiment = write(tmp_path, stored(values, kind)), config(split)
    plain = write_without(tmp_path, values, kind)
    parts = trained_on(path, experiment)
    assert sizes(parts) == sizes(trained_on(plain, experiment))
    require_expected(path, experiment, sizes(parts))
    assert sum(table.num_rows for table in parts.tables().values()) == ROWS - ODD
    assert parts.warnings == ("12 rows have no 'at' and were dropped",)
    (finding,) = findings(path, experiment, "RG543")
    side = "before" if MARKS[mark] < FIRST else "after"
    assert "'at': 12 rows lie " in finding.message
    assert f" years {side} all others ('" in finding.message
    assert "in row 1)" in finding.message


def write_without(folder: Path, values: list[int], kind: str) -> Path:
    """Writes the same with null in place of the marks."""
    (folder / "plain").mkdir()
    nulls = stored(values, kind).to_pylist()
    nulls = [None if row % 50 == 0 else value for row, value in enumerate(nulls)]
    return write(folder / "plain", pa.array(nulls, stored(values, kind).type))


def test_in_a_random_split_their_rows_stay_without_a_time(tmp_path: Path) -> None:
    path, experiment = write(tmp_path, pa.array(times(0))), config("random")
    parts = trained_on(path, experiment)
    assert sum(table.num_rows for table in parts.tables().values()) == ROWS
    parts, _ = add_histories(parts, [Wanted("past", "sku", 9, "string")], "buyer", "at")
    assert parts.warnings[-1].startswith("12 rows have no 'at': their histories are empty")
    for table in parts.tables().values():
        unknown = table.filter(table["at"].is_null())
        assert unknown["past"].to_pylist() == [[]] * unknown.num_rows


@pytest.mark.parametrize("mark", ["0", "1970-01-01", "1970-01-01T00:00:00Z", "1 Jan 1970"])
@pytest.mark.parametrize("kind", ["int64", "timestamp", "text"])
def test_null_times_of_a_config(tmp_path: Path, kind: str, mark: str) -> None:
    """They are null in all columns of times, also in features."""
    values = stored(times(0), kind)
    path = write(tmp_path, values, born=values)
    experiment = config("time_holdout", null_times=[mark])
    parts = trained_on(path, experiment)
    assert sum(table.num_rows for table in parts.tables().values()) == ROWS - ODD
    assert sum(table["born"].null_count for table in parts.tables().values()) == 0
    born = read_table(path, input_columns(experiment))["born"]
    assert born.null_count == ODD
    require_expected(path, experiment, sizes(parts))
    assert findings(path, experiment, "RG543") == []
    (finding,) = findings(path, experiment, "RG523")
    assert "12 rows have no 'at'" in finding.message


def test_what_a_config_does_not_list_counts(tmp_path: Path) -> None:
    path, experiment = write(tmp_path, pa.array(times(0))), config("time_holdout", null_times=[])
    parts = trained_on(path, experiment)
    require_expected(path, experiment, sizes(parts))
    assert parts.test.num_rows == ROWS - ODD  # a year at the end of 53
    (finding,) = findings(path, experiment, "RG543")
    assert "They decide the split" in finding.help


def test_values_that_are_no_times_may_be_listed(tmp_path: Path) -> None:
    values = stored(times(0), "text").to_pylist()
    values[5] = "yesterday"
    path, experiment = write(tmp_path, pa.array(values)), config("strict_time")
    (finding,) = findings(path, experiment, "RG503")
    assert "'yesterday' in row 6 is not a time" in finding.message
    experiment = config("strict_time", null_times=["yesterday", "1970-01-01 00:00:00"])
    assert findings(path, experiment, "RG503", "RG543") == []
    require_expected(path, experiment, sizes(trained_on(path, experiment)))


def test_a_feature_has_its_far_times_unless_they_are_listed(tmp_path: Path) -> None:
    born = [FIRST - 10**9 + 1000 * row for row in range(ROWS)]
    born[3] = -2_208_988_800
    path, experiment = write(tmp_path, pa.array(times(FIRST)), pa.array(born)), config("random")
    assert read_table(path, input_columns(experiment))["born"][3].as_py() == born[3]
    (finding,) = findings(path, experiment, "RG543")
    assert (finding.severity, finding.path) == (
        "info",
        "features.buyer_model_features[1].bq_type",
    )


def test_formats_apply_to_features_and_to_the_date_column(tmp_path: Path) -> None:
    at = [datetime.date(2023, 1 + n % 12, 1 + n % 12).strftime("%d/%m/%Y") for n in range(ROWS)]
    at[7] = "03/04/2023"
    born = pa.array([40_000.5 + n for n in range(ROWS)])
    path = write(tmp_path, pa.array(at), born)
    in_doubt = findings(path, config("random"), "RG542", "RG521", "RG503")
    assert [finding.code for finding in in_doubt] == ["RG521", "RG542"]
    assert "`column_types: {'at': '%d/%m/%Y'}`" in in_doubt[1].help
    types = {"at": "%d/%m/%Y", "born": "EXCEL_DAYS"}
    experiment = config("random", column_types=types)
    assert findings(path, experiment, "RG542", "RG521", "RG503", "RG112") == []
    table = read_table(path, input_columns(experiment))
    assert table["at"][7].as_py() == 1_680_480_000  # the 3rd of April
    assert table["born"][0].as_py() == (40_000 - 25_569) * 86_400 + 43_200


def test_zones_that_are_missing_are_found(tmp_path: Path) -> None:
    at = [f"2023-{1 + n % 12:02}-05 10:00:00{'+02:00' * (n % 2)}" for n in range(ROWS)]
    (finding,) = findings(write(tmp_path, pa.array(at)), config("strict_time"), "RG544")
    assert "'at': 300 rows have a time without a zone" in finding.message


@given(st.permutations(range(30)), st.integers(1, 4))
def test_a_shuffled_file_gives_the_same_histories(order: list[int], per_time: int) -> None:
    """Equal times are ordered by value, which the order of the rows does not change."""
    rows = range(30)
    data = pa.table(
        {
            "buyer": [f"b{n % 3}" for n in rows],
            "at": [n // per_time for n in rows],
            "sku": [f"p{n * 7 % 11}" for n in rows],
        }
    )

    def lists(table: Any) -> list[Any]:
        parts = SplitData(table, table, table)
        wanted = [Wanted("past", "sku", 5, "string")]
        made, latest = add_histories(parts, wanted, "buyer", "at")
        ends = zip(*latest["past"].to_pydict().values(), strict=True)
        return [sorted(made.test.to_pylist(), key=repr), sorted(ends)]

    assert lists(data.take(order)) == lists(data)


def test_the_page_on_data_shows_a_config_that_is_read() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "data.md").read_text("utf-8")
    times = page.split("## Times")[1].split("\n## ")[0]
    document = read_text(times.split("```yaml\n")[1].split("```")[0], "yaml", None)
    data = DataConfig.model_validate(document.data["data"])  # type: ignore[index]
    assert data.time_format_of("listed") == "EXCEL_DAYS"
    assert data.null_times == ("0", "9999-12-31", "yesterday")
    assert set(get_args(TimeUnit)) <= set(re.findall(r"[A-Z_]+", times))


def test_the_data_config_knows_types_and_formats_apart() -> None:
    data = DataConfig(
        column_types={"a": "DATE", "b": "EPOCH_MILLIS", "c": "%d.%m.%Y"},
        split=Split(kind="random"),
    )
    assert [data.type_of(name, "TIMESTAMP") for name in "abcd"] == ["DATE"] + ["TIMESTAMP"] * 3
    assert [data.time_format_of(name) for name in "abcd"] == [
        None, "EPOCH_MILLIS", "%d.%m.%Y", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("EPOCH_MILIS", "'EPOCH_MILIS' is not one of STRING, "),
        ("%d.%m", "it has no year"),
        ("%Y %d", "it has a day (%d) but no month"),
        ("%Q.%Y", "'%Q' is not known; known are %Y %y"),
        ("%Y %y", "'%Y' or what stands for the same occurs twice"),
        ("%F %Y", "occurs twice"),
        ("%m %b %Y", "it has the month twice"),
        ("%Y%", "'%' is not known"),
        ("%%", "it has no year"),
        ("%Y" + "x" * 100, "more than 100 characters"),
    ],
)
def test_a_format_is_checked_when_the_config_is_read(word: str, said: str) -> None:
    plain = config("random").model_dump(mode="json", exclude_defaults=True)
    plain["data"]["column_types"] = {"at": word}
    (finding,) = check(plain).errors
    assert (finding.code, finding.path) == ("RG013", "data.column_types.at")
    assert said in finding.message
    if finding.fix is not None:
        assert finding.fix.value == "EPOCH_MILLIS"


def test_how_times_are_written_does_not_change_the_modules() -> None:
    def code(**data: Any) -> dict[str, str]:
        """Returns the modules without the digests of levels, which know how rows are read."""
        files = render(config("strict_time", **data))
        levels = "weights|transform|compare"
        digests = re.compile(rf"#   ({levels}) .*|\"({levels})\": .*")
        return {name: digests.sub("", text) for name, text in files.items()}

    for data in ({"column_types": {"at": "%d.%m.%Y"}}, {"null_times": []}):
        assert code(**data) == code()
    assert (
        "without(at, (0, 253_370_764_800))"
        in code(null_times=[0, "9999-01-01", "soon"])["transform_module.py"]
    )


def test_a_format_of_a_column_without_times_has_no_effect() -> None:
    found = check(config("random", column_types={"sku": "%Y", "born": "%Y", "x": "%Y"})).findings
    said = [(f.path, f.message.split(": ", 1)[1]) for f in found if f.code == "RG112"]
    assert said == [
        ("data.column_types.sku", "the feature is text and has no times"),
        ("data.column_types.x", "neither a cross nor the split reads this column"),
    ]


def exported(name: str) -> list[Any]:
    """Returns the times of `shop`, as the programs write them that people export from."""
    times = shop()["time"]
    if name == "one bad date":
        return ["yesterday" if row == 5 else str(time) for row, time in enumerate(times)]
    if name == "future":
        return ["2199-01-01 00:00:00" if row == 0 else str(time) for row, time in enumerate(times)]
    if name == "movielens":  # seconds of 2000
        return [int(time.timestamp()) - 23 * 365 * 86_400 for time in times]
    formats = {
        "bigquery": "%Y-%m-%d %H:%M:%S UTC",
        "shopify": "%Y-%m-%d %H:%M:%S -0500",
        "excel": "%m/%d/%Y %H:%M",
        "german": "%d.%m.%Y",
        "sap": "%Y%m%d",
        "mail": "%a, %d %b %Y %H:%M:%S +0000",
        "in doubt": "%d/%m/%Y",
    }
    if name == "in doubt":
        times = [time.replace(day=1 + time.day % 12) for time in times]
    return [time.strftime(formats[name]) for time in times]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("bigquery", []),
        ("shopify", []),
        ("excel", []),
        ("german", []),
        ("sap", []),
        ("mail", []),
        ("movielens", []),
        ("future", ["RG543"]),
        ("one bad date", ["RG503"]),
        ("in doubt", ["RG542"]),
    ],
)
def test_init_finds_the_time_of_exports_or_asks(
    tmp_path: Path, name: str, codes: list[str]
) -> None:
    """What `init` writes is split by time, and checking says what is odd, in the next line."""
    rows = {**shop(), "time": exported(name)}
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows, *zip(*rows.values(), strict=True)])
    profile = read_profile(tmp_path / "data.csv")
    proposal = propose(profile, "shop", "data.csv")
    assert proposal.keys.time.name == "time"
    assert "kind: strict_time" in proposal.text
    report = check_text(proposal.text, "yaml", profile=profile)
    odd = ("RG503", "RG521", "RG542", "RG543", "RG544")
    assert [finding.code for finding in report.findings if finding.code in odd] == codes
