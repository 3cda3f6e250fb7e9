"""What Python programs call: proposals, profiles, diagnoses, upgrades, texts; and its errors."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics_data import metrics_data
from public_shapes import SHAPES
from ugly import write_csv

import recgen

OLD = {
    "features": {
        "buyer_model_features": [{"column": "user_id", "type": "string_embedding"}],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
}


def test_the_text_of_a_page_is_checked_with_positions() -> None:
    report = recgen.check_text("features: {}\nmodel:\n  epochs: many\n")
    (found,) = (each for each in report.errors if each.path == "model.epochs")
    assert (found.line, found.column) == (3, 3)
    assert report.source is None
    assert "config:3:3: error RG012 model.epochs: " in str(report)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "RG005"),
        (None, "RG005"),
        ("a: [", "RG002"),
        ("- 1", "RG005"),
        ("just words", "RG005"),
        ("a: 1\na: 2", "RG003"),
        ("x" * 5_000_001, "RG001"),
        ("\0", None),
        ("\ud800", None),
        ("{" * 1000, None),
    ],
)
def test_no_text_raises(text: str | None, code: str | None) -> None:
    report = recgen.check_text(text)
    assert not report.ok
    assert code is None or code in {each.code for each in report.errors}


@given(st.text(max_size=300))
def test_no_text_raises_whatever_it_is(text: str) -> None:
    assert not recgen.check_text(text).ok


def test_warnings_carry_what_a_page_shows(experiment: dict[str, Any]) -> None:
    risky = {**experiment, "data": {"split": {"kind": "random"}}}
    risky["model"] = {**experiment["model"], "loss_function": "mse"}
    found = {each["type"]: each for each in recgen.check(risky).warning_dicts()}
    assert found["RG301"] == {
        "type": "RG301",
        "severity": "medium",
        "message": found["RG301"]["message"],
        "code": "RG301",
        "path": "data.split.kind",
        "help": "Use `strict_time` with a `date_column`, if a column has times.",
        "fix": None,
    }
    assert found["RG112"]["severity"] == "low"
    assert found["RG112"]["fix"] == {
        "path": "model.loss_function",
        "op": "remove",
        "value": None,
        "safe": True,
    }
    assert json.loads(json.dumps(list(found.values())))


def test_a_report_prints_as_check_does(
    tmp_path: Path, capsys: Any, experiment: dict[str, Any]
) -> None:
    from recgen.cli import main

    path = tmp_path / "config.yaml"
    path.write_text("features: {}\nmodel: {epoch: 5}\n", "utf-8")
    with pytest.raises(SystemExit):
        main(["check", str(path)])
    shown = capsys.readouterr().out
    assert str(recgen.check(path)) in shown
    assert str(recgen.check(experiment)) == "config: no findings"


def row(**changes: Any) -> SimpleNamespace:
    """Returns an experiment as rows of a database have it: what is not set is None."""
    model = dict.fromkeys(recgen.ModelConfig.model_fields)
    feature = {"display_name": None, "transforms": None, "is_primary_id": None, "stats": None}
    features = {
        **dict.fromkeys(recgen.FeatureConfig.model_fields),
        "buyer_model_features": [{"column": "customer_id", "data_type": "text", **feature}],
        "product_model_features": [SimpleNamespace(column="sku", data_type="text", **feature)],
    }
    return SimpleNamespace(
        name=None,
        description=None,
        features=SimpleNamespace(**features),
        model=SimpleNamespace(**{**model, **changes}),
        data=None,
    )


def test_none_is_the_default_where_there_is_one() -> None:
    config = recgen.load(row(early_stopping_patience=3, gradient_clip_norm=1.0))
    assert config.model == recgen.ModelConfig()
    assert config.name == ""
    nullable = recgen.load(row(epochs=4)).model
    assert (nullable.epochs, nullable.early_stopping_patience) == (4, None)  # null is a value there


def test_none_for_what_is_needed_is_an_error() -> None:
    features = {"buyer_model_features": [{"column": None, "data_type": "text"}]}
    found = recgen.check({"features": features}).field_errors()
    assert "expected text" in found["features.buyer_model_features[0].column"]
    assert not recgen.check({"features": None}).ok


@pytest.mark.parametrize("kind", ["text", "numeric", "temporal"])
@pytest.mark.parametrize("transforms", [{}, None])
def test_empty_transforms_are_like_none(kind: str, transforms: Any) -> None:
    plain = {"column": "x", "data_type": kind}
    section = {"buyer_model_features": [{**plain, "transforms": transforms}]}
    found = recgen.FeatureConfig.model_validate(section)
    assert found == recgen.FeatureConfig.model_validate({"buyer_model_features": [plain]})
    assert found.buyer_model_features[0].active


def test_dump_says_what_it_takes(experiment: dict[str, Any]) -> None:
    config = recgen.load(experiment)
    assert recgen.load(recgen.dump(config, as_mapping=True)) == config
    assert json.loads(json.dumps(recgen.dump(config, as_mapping=True)))
    for wrong in (experiment, "config.yaml", config.model, None, recgen.ExperimentConfig):
        with pytest.raises(TypeError, match=r"dump takes an ExperimentConfig, as recgen\.load"):
            recgen.dump(wrong)  # type: ignore[call-overload]


STRANGE: tuple[Any, ...] = (
    *(None, 123, 1.5, True, "", b"", b"\xff", "\0", "x" * 5000, "a\nb: c", [], (), {}, {1: 2}),
    *({"a": 1}, [1, 2], {"a": [1, 2], "b": [1]}, set(), object(), Path("/nope"), Path("\0")),
    *(Path(), "/dev/null", SimpleNamespace(), recgen, recgen.Report, float("nan")),
    *({"features": None}, {"loss": {"loss": [1, "x", None, float("nan")]}}, {"x": object()}),
    {"schema_version": 1, "params": 5},
)


def refusal(call: Any, *given: Any, **named: Any) -> str | None:
    """Returns what a function says if it refuses what it is given; other errors pass."""
    try:
        call(*given, **named)
    except recgen.RecgenError as error:
        return str(error)
    return None


FUNCTIONS = ("load", "render", "dump", "diagnose", "profile", "propose", "upgrade")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_is_given_has_a_result_or_a_sentence(name: str) -> None:
    for strange in STRANGE:
        said = refusal(getattr(recgen, name), strange)
        assert said is None or (len(said) > 10 and " object at 0x" not in said), strange


def test_whatever_is_checked_has_findings() -> None:
    for strange in STRANGE:
        assert recgen.check(strange if strange is not None else "").errors, strange
        assert recgen.check_text(strange).errors, strange


def test_bytes_are_checked_as_the_text_that_they_are() -> None:
    text = "features: {}\nmodel: {epochs: é}\n"
    assert recgen.check_text(text.encode()) == recgen.check_text(text)
    (found,) = recgen.check_text(text.encode("latin-1")).errors
    assert (found.code, found.message) == ("RG001", "the text is not text: byte 29 is not UTF-8")


@pytest.mark.parametrize("option", ["name", "buyer_id", "product_id", "time", "reading"])
def test_options_of_a_proposal_have_a_result_or_a_sentence(option: str) -> None:
    table = {"customer": ["a", "b"] * 30, "sku": ["x", "y", "z"] * 20}
    for strange in STRANGE:
        said = refusal(recgen.propose, table, **{option: strange})
        assert said is None or len(said) > 10, strange


@pytest.mark.parametrize("wrong", [5, "RG201", b"", None, {"RG201": 1}, object()])
def test_codes_come_as_a_list(wrong: Any, experiment: dict[str, Any]) -> None:
    for call in (recgen.check, recgen.load, recgen.render):
        with pytest.raises(TypeError, match="allow is ") as caught:
            call(experiment, allow=wrong)
        assert isinstance(caught.value, recgen.RecgenError)


@pytest.mark.parametrize("wrong", [5, "shop.parquet", {}, Path("shop.parquet"), [1]])
def test_a_profile_is_what_profile_returns(wrong: Any, experiment: dict[str, Any]) -> None:
    for call in (recgen.check, lambda *_, **named: recgen.check_text("a: 1", **named)):
        with pytest.raises(recgen.RecgenError, match="profile is ") as caught:
            call(experiment, profile=wrong)
        assert "recgen.profile(data)" in caught.value.help


@pytest.mark.parametrize("form", ["dict", "model", "numpy"])
def test_figures_are_diagnosed_like_the_file_that_has_them(form: str, tmp_path: Path) -> None:
    data = metrics_data()
    path = tmp_path / "training_metrics.json"
    path.write_text(json.dumps(data), "utf-8")
    given: Any = data
    if form == "model":
        given = recgen.TrainingMetrics.model_validate(data)
    if form == "numpy":
        np = pytest.importorskip("numpy")
        given = {**data, "loss": {**data["loss"], "loss": np.float32(data["loss"]["loss"])}}
    found, expected = recgen.diagnose(given), recgen.diagnose(path)
    assert (found.verdict, found.summary) == (expected.verdict, expected.summary)
    assert [cause.code for cause in found.causes] == [cause.code for cause in expected.causes]


def test_functions_have_their_public_names() -> None:
    for name in ("load", "check", "check_text", "propose", "profile", "diagnose", "upgrade"):
        assert getattr(recgen, name).__name__ == name
        assert getattr(recgen, name).__doc__


def test_a_mapping_is_upgraded_to_a_mapping() -> None:
    done = recgen.upgrade(OLD)
    assert [each.code for each in done.changes] == ["RG020"]
    features: Any = done.data["features"]
    assert features["buyer_model_features"] == [{"column": "user_id", "data_type": "text"}]
    assert recgen.load(done.data)
    assert OLD["features"]["buyer_model_features"][0]["type"]  # what was given stays


def test_a_text_is_upgraded_with_its_comments(tmp_path: Path) -> None:
    text = (
        "features:\n"
        "  buyer_model_features:\n"
        "    - {column: user_id, type: string_embedding} # who\n"
        "  product_model_features: [{column: sku, data_type: text}]\n"
    )
    done = recgen.upgrade(text)
    assert done.before == text
    assert "{column: user_id, data_type: text} # who" in done.after
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    assert recgen.upgrade(path).after == done.after
    assert recgen.upgrade(done.after).changes == ()


@pytest.mark.parametrize("wrong", ["", "a: [", "words", {"features": {"x": object()}}])
def test_what_cannot_be_upgraded_is_a_config_error(wrong: Any) -> None:
    with pytest.raises(recgen.ConfigError) as error:
        recgen.upgrade(wrong)
    assert pickle.loads(pickle.dumps(error.value)).report.errors


def test_a_run_is_diagnosed_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "training_metrics.json").write_text('{"available": true}', "utf-8")
    assert recgen.diagnose(tmp_path).verdict == recgen.diagnose(str(tmp_path)).verdict
    with pytest.raises(recgen.RecgenError, match="nowhere"):
        recgen.diagnose(tmp_path / "nowhere")
    (tmp_path / "training_metrics.json").write_text("{", "utf-8")
    assert recgen.diagnose(tmp_path).verdict == "broken"


def test_a_diagnosis_is_told_how_many_products_there_are() -> None:
    data = metrics_data()
    del data["params"]["candidates"]
    data["final_metrics"] = {"test_recall_at_100": 0.064}
    told = recgen.diagnose(data, products=1054)
    assert told.causes[0].evidence[0].endswith("0.0949 of random products (100 of 1,054)")
    assert "RD601" not in [cause.code for cause in recgen.diagnose(data).causes]
    with pytest.raises(recgen.RecgenError, match="0 products"):
        recgen.diagnose(data, products=0)


class TestData:
    """Proposals and profiles, which need PyArrow."""

    pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
    rows = SHAPES["hm"].rows()

    def test_a_proposal_of_a_file(self, tmp_path: Path) -> None:
        path = write_csv(tmp_path / "hm.csv", self.rows)
        for data in (path, str(path)):
            found = recgen.propose(data)
            assert found.keys.names == ("customer_id", "article_id", "t_dat")
            report = recgen.check_text(found.text, profile=recgen.profile(data))
            assert report.ok
            assert recgen.check_text(found.text).ok
        assert recgen.propose(path, product_id="price", name="x").keys.product.name == "price"
        with pytest.raises(recgen.RecgenError, match="--product-id: there is no column 'prise'"):
            recgen.propose(path, product_id="prise")

    def test_a_table_is_as_good_as_a_file(self) -> None:
        from_mapping = recgen.propose(self.rows, name="shop")
        from_arrow = recgen.propose(self.pa.table(self.rows), name="shop")
        assert from_mapping == from_arrow
        assert from_mapping.keys.product.name == "article_id"
        profile = recgen.profile(self.rows)
        assert (profile.rows, profile.source) == (len(self.rows["price"]), "the table")
        assert recgen.check_text(from_arrow.text, profile=profile).ok

    def test_a_data_frame(self) -> None:
        pandas = pytest.importorskip("pandas")
        assert recgen.propose(pandas.DataFrame(self.rows)).keys.buyer.name == "customer_id"

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({}, "the table has no columns"),
            ({"a": []}, "the table has no rows"),
            ({"a": [1, "x"]}, "the table cannot be used"),
            ({"a": [1], "b": [1, 2]}, "the table cannot be used"),
            (5, "expected a path or a table, got a whole number"),
            (None, "expected a path or a table, got nothing"),
            ([1, 2], "expected a path or a table, got a list"),
            ("nowhere.csv", "there is no file nowhere.csv"),
        ],
    )
    def test_what_is_no_data_is_an_error_for_the_user(self, data: object, said: str) -> None:
        for function in (recgen.profile, recgen.propose):
            with pytest.raises(recgen.RecgenError, match=said):
                function(data)

    @pytest.mark.parametrize(
        "content", [b"", b"PAR1 but no more", b"\xff\xfe\0\0a", b"PK\x03\x04", b"a,b\n", b"\x80abc"]
    )
    def test_damaged_files_are_errors_for_the_user(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "data.parquet"
        path.write_bytes(content)
        with pytest.raises(recgen.RecgenError) as error:
            [recgen.profile(path).column(name) for name in recgen.profile(path).names]
        assert str(path) in str(error.value)

    def test_a_missing_package_is_named_with_what_installs_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import sys

        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(recgen.RecgenError, match=r"pyarrow, which is not installed") as error:
            recgen.profile({"a": [1]})
        assert "pip install '.[data]'" in error.value.help
