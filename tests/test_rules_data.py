"""Rules that compare with data: what they must not say, where their limits lie, ugly data."""

from __future__ import annotations

import copy
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recgen.check import check
from recgen.config import DataConfig, ExperimentConfig, FeatureConfig, Split
from recgen.data.estimates import SplitSizes, split_sizes
from recgen.data.profile import Profile
from recgen.findings import Finding, RecgenError, percent
from recgen.local.ingest import read_table
from recgen.local.profile import read_profile
from recgen.plan.columns import input_columns

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "examples" / "online_retail" / "config.yaml"
DAY = 86_400
FIRST = 1_672_531_200  # 2023-01-01


def profile_of(folder: Path, table: dict[str, Any]) -> Profile:
    pq.write_table(pa.table(table), folder / "data.parquet")
    return read_profile(folder / "data.parquet")


def shop(rows: int = 6000) -> dict[str, Any]:
    """Returns columns in which no rule finds anything for `experiment`."""
    return {
        "customer_id": [f"c{7 * i % 400}" for i in range(rows)],
        "age": [20 + 7 * i % 400 % 60 for i in range(rows)],
        "sku": [f"p{i * i % 211}" for i in range(rows)],
        "bought_at": [FIRST + 3600 * i for i in range(rows)],
    }


@pytest.fixture
def plain(experiment: dict[str, Any]) -> dict[str, Any]:
    """Returns the small config of all tests, in which data finds nothing either."""
    split = {**experiment["data"]["split"], "validation": 0.1, "test": 0.1}
    model = {"epochs": 3, "batch_size": 512}
    return {**copy.deepcopy(experiment), "model": model, "data": {"split": split}}


def found(plain: dict[str, Any], profile: Profile) -> list[Finding]:
    return [f for f in check(plain, profile=profile).findings if f.code.startswith("RG5")]


def codes(plain: dict[str, Any], profile: Profile) -> list[str]:
    return [finding.code for finding in found(plain, profile)]


def test_nothing_is_said_where_nothing_is_wrong(plain: dict[str, Any], tmp_path: Path) -> None:
    assert found(plain, profile_of(tmp_path, shop())) == []


def test_without_data_no_rule_on_data_speaks(plain: dict[str, Any]) -> None:
    assert not [f for f in check(plain).findings if f.code.startswith("RG5")]


def online_retail() -> Path:
    beside = ROOT.parent / "shared" / "data" / "online_retail.parquet"
    path = Path(os.environ.get("RECGEN_ONLINE_RETAIL", beside))
    if not path.exists():
        pytest.skip("needs the UCI Online Retail file; set RECGEN_ONLINE_RETAIL")
    return path


def test_the_shop_example_on_its_data_hears_only_of_changing_prices() -> None:
    before = time.monotonic()
    report = check(str(SHOP), profile=read_profile(online_retail()))
    said = [(finding.code, finding.severity) for finding in report.findings]
    assert said == [("RG528", "info"), ("RG554", "info")]  # and of repeated lines
    assert "'UnitPrice' has more than one value for 72% of the products" in report.infos[0].message
    assert time.monotonic() - before < 20  # 3 s on a quiet machine, imports included


def test_p26_parts_are_those_of_a_run() -> None:
    profile = read_profile(online_retail())
    features = FeatureConfig()
    for kind, expected in (
        ("strict_time", (299_062, 17_450, 79_825)),
        ("time_holdout", (307_017, 9_495, 79_825)),
        ("random", (344_813, 11_890, 39_634)),
    ):
        split = Split(kind=kind, date_column="InvoiceDate", validation=0.03, test=0.1)
        assert split_sizes(features, DataConfig(split=split), profile) == SplitSizes(*expected)


def test_a_column_is_looked_up_by_its_name_then_by_its_source(
    plain: dict[str, Any], tmp_path: Path
) -> None:
    """P17."""
    buyer = plain["features"]["buyer_model_features"]
    buyer[0] |= {"column": "cust_no", "display_name": "customer_id"}
    table = shop()
    assert codes(plain, profile_of(tmp_path, table)) == []
    table["cust_no"] = table.pop("customer_id")
    assert codes(plain, profile_of(tmp_path, table)) == []
    table["other"] = table.pop("cust_no")
    (finding,) = found(plain, profile_of(tmp_path, table))
    assert finding.code == "RG501"
    assert "'customer_id' (nor 'cust_no')" in finding.message


@pytest.mark.parametrize(
    ("column", "display", "there", "safe"),
    [
        ("Age", None, "age", True),
        ("a_g_e", "years", "age", True),
        ("aged", None, "age", False),
        ("customer id", None, "customer_id", False),  # which is a feature already
    ],
)
def test_a_fix_is_safe_where_only_spelling_differs(
    plain: dict[str, Any], tmp_path: Path, column: str, display: str | None, there: str, safe: bool
) -> None:
    feature = {"column": column, "display_name": display, "data_type": "text"}
    plain["features"]["buyer_model_features"][1] = feature
    (finding,) = [f for f in found(plain, profile_of(tmp_path, shop())) if f.code == "RG501"]
    assert finding.fix is not None
    assert (finding.fix.value, finding.fix.safe) == (there, safe)
    assert finding.fix.path == "features.buyer_model_features[1].column"


def test_the_fix_of_an_id_is_not_safe(plain: dict[str, Any], tmp_path: Path) -> None:
    """`product_id_column` names it, too."""
    table = shop()
    table["SKU"] = table.pop("sku")
    (finding,) = found(plain, profile_of(tmp_path, table))
    assert finding.fix is not None
    assert not finding.fix.safe


def test_a_missing_date_column_is_found_alike(plain: dict[str, Any], tmp_path: Path) -> None:
    table = shop()
    table["BoughtAt"] = table.pop("bought_at")
    (finding,) = found(plain, profile_of(tmp_path, table))
    assert (finding.code, finding.path) == ("RG501", "data.split.date_column")
    assert finding.fix is not None
    assert finding.fix.safe


def with_number(plain: dict[str, Any], **feature: Any) -> dict[str, Any]:
    number = {"column": "n", "data_type": "numeric", **feature}
    plain["features"]["buyer_model_features"].append(number)
    return plain


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], []),
        ([1.5, 2, 3], ["RG503"]),
        (["1", "2", "3"], []),
        (["1", "2.0", "NA"], ["RG520"]),
        ([math.inf, 1, 2], ["RG503"]),
        ([[1], [2], [3]], ["RG503"]),
        ([None, None, None], ["RG504"]),
        ([None, 1, 2], ["RG520"]),
        ([1, None, None], ["RG504", "RG505", "RG520"]),
        ([True, False, True], []),
    ],
)
def test_values_of_a_whole_number(
    plain: dict[str, Any], tmp_path: Path, values: list[Any], expected: list[str]
) -> None:
    """P24, P31: what a run would refuse, or turn into the mean."""
    table = {**shop(), "n": pa.array(values * 2000)}
    plain = with_number(plain, bq_type="INT64")
    assert sorted(codes(plain, profile_of(tmp_path, table))) == expected


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (lambda s: s, None),
        (lambda s: s * 1000, None),
        (lambda s: s * 10**6, None),
        (lambda s: s * 10**9, None),
        (lambda s: int(time.strftime("%Y%m%d", time.gmtime(s))), None),
        (lambda s: s // DAY, "'EXCEL_DAYS'}` or `column_types: {'bought_at': 'EPOCH_DAYS'}"),
        (lambda s: s // DAY - 19_000, "'EPOCH_SECONDS'}`, or with another unit"),
    ],
)
@pytest.mark.parametrize("bq_type", ["INT64", "TIMESTAMP"])
def test_p33_times_in_another_unit(
    plain: dict[str, Any], tmp_path: Path, unit: Any, said: str | None, bq_type: str
) -> None:
    plain["data"]["column_types"] = {"bought_at": bq_type}
    table = shop()
    table["bought_at"] = [unit(second) for second in table["bought_at"]]
    findings = found(plain, profile_of(tmp_path, table))
    config = ExperimentConfig.model_validate(plain)
    column = next(c for c in input_columns(config) if c.name == "bought_at")
    if said is None:
        assert findings == []
        read = read_table(tmp_path / "data.parquet", [column])["bought_at"][0].as_py()
        assert read // DAY == FIRST // DAY
    else:
        with pytest.raises(RecgenError, match="in row 1 is not a time in a known unit"):
            read_table(tmp_path / "data.parquet", [column])
        assert findings[0].code == "RG521"
        assert said in findings[0].help


def test_a_time_of_day_is_no_wrong_unit(plain: dict[str, Any], tmp_path: Path) -> None:
    wakes = {"column": "wakes", "data_type": "temporal", "bq_type": "TIME"}
    wakes["transforms"] = {"cyclical": {"daily": True}}
    plain["features"]["buyer_model_features"].append(wakes)
    table = {**shop(), "wakes": [60 * (i % 1440) for i in range(6000)]}
    assert codes(plain, profile_of(tmp_path, table)) == []


def test_p39_what_a_cut_vocabulary_leaves_out(plain: dict[str, Any], tmp_path: Path) -> None:
    product = plain["features"]["product_model_features"][0]
    profile = profile_of(tmp_path, shop())
    for embedding, severity, share in (
        ({"vocab_size": 1}, "warning", "keeps 1 of 106 values; more than 99% of the rows"),
        ({"vocab_size": 105}, "info", "keeps 105 of 106 values; less than 1% of the rows"),
        ({"min_frequency": 9999}, "error", "keeps 0 of 106 values; 100% of the rows"),
    ):
        product["transforms"] = {"embedding": embedding}
        (finding,) = [f for f in found(plain, profile) if f.code == "RG512"]
        assert (finding.severity, share in finding.message) == (severity, True), finding.message
    for embedding in ({"vocab_size": 106}, {"min_frequency": 2}, {"enabled": False}):
        product["transforms"] = {"embedding": embedding}
        assert "RG512" not in codes(plain, profile)


def test_p58_p67_sizes_against_rows_and_catalogue(plain: dict[str, Any], tmp_path: Path) -> None:
    profile = profile_of(tmp_path, shop())
    assert codes({**plain, "model": {"top_k": 106, "batch_size": 2400}}, profile) == []
    assert codes({**plain, "model": {"top_k": 107}}, profile) == ["RG514"]
    assert codes({**plain, "model": {"batch_size": 2401}}, profile) == ["RG515"]
    del plain["data"]
    assert "RG515" not in codes({**plain, "model": {"batch_size": 3000}}, profile)
    assert "RG515" in codes({**plain, "model": {"batch_size": 3001}}, profile)


def test_an_id_as_wide_as_the_output_is_wide_on_purpose(
    plain: dict[str, Any], tmp_path: Path
) -> None:
    wide = {"embedding": {"embedding_dim": 128}}
    plain["features"]["product_model_features"][0]["transforms"] = wide
    profile = profile_of(tmp_path, shop())
    assert codes(plain, profile) == ["RG510"]
    plain["model"]["output_embedding_dim"] = 128
    assert codes(plain, profile) == []


def test_p27_a_buyers_own_property_is_no_leak(plain: dict[str, Any], tmp_path: Path) -> None:
    """RG526 is about what comes with the product: an age comes with the buyer."""
    table = shop()
    table["n"] = [int(sku[1:]) % 9 for sku in table["sku"]]
    plain = with_number(plain)
    finding = found(plain, profile_of(tmp_path, table))[0]
    assert (finding.code, finding.path) == ("RG526", "features.buyer_model_features[2]")
    assert check(plain, profile=profile_of(tmp_path, table), allow=["RG526"]).ok
    table["n"] = table["age"]
    assert codes(plain, profile_of(tmp_path, table)) == []
    table["n"] = [i % 9 for i in range(6000)]  # of the row
    assert codes(plain, profile_of(tmp_path, table)) == []


def test_p27_a_column_in_both_towers_tells_the_pair_when_few_rows_share_it(
    plain: dict[str, Any], tmp_path: Path
) -> None:
    invoice = {"column": "invoice", "data_type": "text"}
    for side in ("buyer", "product"):
        plain["features"][f"{side}_model_features"].append(invoice)
    for values, is_told in ((3000, True), (5, False)):
        table = {**shop(), "invoice": [f"i{i % values}" for i in range(6000)]}
        assert ("RG527" in codes(plain, profile_of(tmp_path, table))) == is_told


def test_ids_that_hardly_repeat(plain: dict[str, Any], tmp_path: Path) -> None:
    table = shop()
    for new, severity in ((5600, "error"), (3600, "warning"), (2000, None)):
        table["sku"] = [f"new{i}" if i < new else f"p{i % 100}" for i in range(6000)]
        said = [f.severity for f in found(plain, profile_of(tmp_path, table)) if f.code == "RG508"]
        assert said == ([severity] if severity else [])


def test_buyers_that_come_at_one_time_are_orders(plain: dict[str, Any], tmp_path: Path) -> None:
    """Reported by what comes again, not by how often a value is there."""
    for rows_of_order, is_told in ((3, True), (300, False)):
        table = shop()
        table["customer_id"] = [f"o{i // rows_of_order}" for i in range(6000)]
        table["bought_at"] = [FIRST + 3600 * 3 * (i // 3) for i in range(6000)]
        said = [f for f in found(plain, profile_of(tmp_path, table)) if f.code == "RG508"]
        assert [f.severity for f in said] == (["warning"] if is_told else [])
        assert all("'customer_id' come at one time only" in f.message for f in said)
    plain["data"]["split"] = {"kind": "random", "validation": 0.1, "test": 0.1}
    table["customer_id"] = [f"o{i // 3}" for i in range(6000)]
    assert "RG508" not in codes(plain, profile_of(tmp_path, table))


def test_shares_of_ids_are_of_the_rows_that_have_one(plain: dict[str, Any], tmp_path: Path) -> None:
    table: dict[str, Any] = {name: [*each, *9000 * [None]] for name, each in shop().items()}
    table["sku"][:5600] = [f"new{i}" for i in range(5600)]
    said = {f.code: f for f in found(plain, profile_of(tmp_path, table)) if "sku" in f.message}
    assert "in 6,000 rows)" in said["RG508"].message
    assert "RG504" not in said  # RG506 says it
    (rest,) = [f for f in found(plain, profile_of(tmp_path, table)) if f.code == "RG506"][1:]
    assert "9,000 rows, which have no buyer and no product" in rest.help


def test_shares_are_never_rounded_to_nothing_or_all() -> None:
    assert [percent(share) for share in (0.0, 0.001, 0.4, 0.999, 1.0)] == [
        "0%", "less than 1%", "40%", "more than 99%", "100%",
    ]  # fmt: skip


COLUMNS = st.sampled_from(
    [
        ["a", "b", None], ["", "a", "A"], ["1", "2", "x"], ["00123", "7", "NA"], [1, 2, None],
        [1.5, math.nan, math.inf], [None, None, None], [[1], None, [2]], [{"a": 1}] * 3,
        [True, False, None], [b"\xff", b"", None], [FIRST, FIRST + DAY, None], [20240101] * 3,
        [FIRST * 1000] * 3, ["2024-01-01", "1/2/2024", ""], ["1969-12-31", "2999-01-01", None],
        [2**62, -(2**62), 0], ["9" * 40, "1", "2"], [1e300, -1e300, 0.0], [10**18, 1, None],
    ]
)  # fmt: skip


def every_kind(split: str) -> dict[str, Any]:
    """Returns a config with every transform, cross and kind of column, for columns named a to h."""
    bucketize = {"buckets": 5, "embedding_dim": 4}
    scaled = {"normalize": {"range": [0, 1]}, "missing_flag": {}}
    cut = {"embedding": {"vocab_size": 1, "min_frequency": 2}}
    members = [{"column": "c"}, {"column": "d", "type": "numeric"}]
    buyer = [
        {"column": "a", "data_type": "text"},
        {"column": "c", "data_type": "text", "bq_type": "INT64", "transforms": cut},
        {"column": "d", "data_type": "numeric", "transforms": {"bucketize": bucketize, **scaled}},
        {"column": "e", "data_type": "temporal", "transforms": {"cyclical": {"daily": True}}},
    ]
    product = [
        {"column": "b", "data_type": "text", "bq_type": "BYTES"},
        {"column": "f", "data_type": "numeric", "bq_type": "BOOL"},
        {"column": "g", "data_type": "temporal", "bq_type": "TIME", "transforms": scaled},
        {"column": "e", "data_type": "temporal", "transforms": {"cyclical": {"daily": True}}},
    ]
    features = {
        "buyer_id_column": "a",
        "product_id_column": "b",
        "buyer_model_features": buyer,
        "product_model_features": product,
        "buyer_model_crosses": [{"features": members}],
    }
    return {"features": features, "data": {"split": {"kind": split, "date_column": "h"}}}


@settings(some(50, 150), suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from("abcdefgh"), COLUMNS),
    st.sampled_from(["strict_time", "time_holdout", "random"]),
)
def test_no_data_makes_a_check_raise(
    tmp_path: Path, chosen: dict[str, list[Any]], split: str
) -> None:
    """P28: any kind of column in any place, or none."""
    pq.write_table(pa.table({**chosen, "": [1, 2, 3]}), tmp_path / "data.parquet")
    profile = read_profile(tmp_path / "data.parquet")
    report = check(every_kind(split), profile=profile)
    missing = {f.message.split("'")[1] for f in report.findings if f.code == "RG501"}
    assert missing == set("abcdefgh") - set(chosen)


@pytest.mark.parametrize(
    ("times", "help"),
    [
        (lambda n: f"2023-0{1 + n % 9}-11", "Use `strict_time` with a `date_column`."),
        (lambda n: f"shelf {n % 9}", "No column has times to split by"),
        (lambda n: f"2023-Q{1 + n % 2}", "No column has times to split by"),  # not for three parts
    ],
)
def test_a_split_by_time_is_advised_where_there_are_times(
    experiment: dict[str, Any], tmp_path: Path, times: Any, help: str
) -> None:
    table = {name: column for name, column in shop().items() if name != "bought_at"}
    table["when"] = [times(n) for n in range(len(table["sku"]))]
    table["paid_at"] = [f"2023-0{1 + n % 9}-11" if n % 3 == 0 else None for n in range(6000)]
    plain = {**copy.deepcopy(experiment), "data": {"split": {"kind": "random"}}}
    report = check(plain, profile=profile_of(tmp_path, table))
    (found,) = [each for each in report.findings if each.code == "RG301"]
    assert found.help.startswith(help)
    (alone,) = [each for each in check(plain).findings if each.code == "RG301"]
    assert alone.help == "Use `strict_time` with a `date_column`, if a column has times."
