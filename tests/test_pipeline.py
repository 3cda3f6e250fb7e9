"""`render --pipeline`: what is written, when, and that no text of a config becomes code."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attacks import ATTACKS
from commands import save
from fuzzing import some
from generated import assert_well_made
from golden import PIPELINES, TESTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import plain_of

import recgen
from recgen.check import check, load
from recgen.config import PipelineConfig
from recgen.findings import RecgenError
from recgen.generate import generate, generate_pipeline
from recgen.pbtxt import render_schema
from recgen.plan.columns import InputColumn
from recgen.plan.pipeline import files_of, image_of, pipeline_name

pytest_plugins = ["running"]

Plain = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]
CONFIG = TESTS / "pipelines" / "bigquery" / "config.yaml"


@pytest.fixture
def plain() -> Plain:
    return load(CONFIG).model_dump(mode="json", exclude_defaults=True)


def files_with(plain: Plain, **changes: Any) -> dict[str, str]:
    return generate_pipeline(load({**plain, "pipeline": {**plain["pipeline"], **changes}}))


@pytest.mark.parametrize("folder", PIPELINES, ids=lambda folder: folder.name)
def test_formatter_and_linter_find_nothing(folder: Path) -> None:
    files = generate_pipeline(load(folder / "config.yaml"))
    assert_well_made({name: text for name, text in files.items() if name.endswith(".py")})


def test_each_combination_of_options_is_well_made(plain: Plain) -> None:
    tfrecord = {"source": {"tfrecord": "gs://shop/{split}/*.gz"}}
    ungated = dict.fromkeys(("gate", "bulk_inference"))
    for changes in (
        {"runner": "vertex"},
        {"runner": "vertex", **tfrecord},
        {"runner": "local", **tfrecord, "bulk_inference": True},
        {"beam": {"runner": "flink", "args": ["--flink_master=localhost:8081"]}},
        {"trainer": None, **ungated},
        {"gate": {"better_than_current": False}, **tfrecord},
        {"histories": ["past"]},
        {"histories": ["past"], "runner": "vertex", **ungated},
        {"histories": ["past"], "source": {"csv": "gs://shop/{split}/*.csv"}, **ungated},
        {"source": {"parquet": "gs://shop/{split}/*"}, "runner": "local", **ungated},
        {"schema_pbtxt": True, **ungated},
    ):
        files = files_with(plain, **changes)
        assert_well_made({name: text for name, text in files.items() if name.endswith(".py")})
        uses = {
            node.id for node in ast.walk(ast.parse(files["pipeline.py"])) if type(node) is ast.Name
        }
        defined = {
            node.targets[0].id  # type: ignore[attr-defined]
            for node in ast.parse(files["pipeline.py"]).body
            if isinstance(node, ast.Assign)
        }
        assert defined - {"MODELS", "BUCKET", "PROJECT"} <= uses | {"NAME"}


CHANCES = {"loss_function": "binary_crossentropy"}
LIMITS = {  # a gate's key, its constant, and a value of both
    "at_least": ("LEAST_RECALL", 0.2, "0.2"),
    "rmse_at_most": ("MOST_RMSE", 5.0, "5.0"),
    "auc_at_least": ("LEAST_AUC", 0.6, "0.6"),
    "calibration_within": ("CALIBRATION", 0.1, "(0.9, 1.1)"),
}
GATES: list[tuple[Plain, Plain, set[str], int]] = [
    ({"model_type": "ranking"}, {}, {"rmse_at_most", "calibration_within"}, 1),
    ({"model_type": "multitask"}, {}, {"at_least", "rmse_at_most"}, 2),
    ({"model_type": "multitask"}, {"better_than_current": False}, set(), 0),
    ({"model_type": "multitask", **CHANCES}, {}, {"at_least", "auc_at_least"}, 2),
    ({"model_type": "multitask", **CHANCES}, {"metric": "auc"}, {"calibration_within"}, 1),
    ({"model_type": "multitask"}, {"metric": "recall"}, {"at_least"}, 1),
]


@pytest.mark.parametrize(("model", "gate", "keys", "compared"), GATES)
def test_gates_of_all_kinds_are_well_made(
    plain: Plain, model: Plain, gate: Plain, keys: set[str], compared: int
) -> None:
    plain["features"]["target_column"] = "amount"
    plain["model"] |= model | {
        "rating_head_layers": [{"type": "dense", "units": 1, "activation": "linear"}]
    }
    limits = {key: LIMITS[key][1] for key in keys}
    files = files_with(plain, gate=gate | limits, runner="local", source={"tfrecord": "{split}*"})
    assert_well_made({name: text for name, text in files.items() if name.endswith(".py")})
    text = files["pipeline.py"]
    for key in keys:
        name, _, literal = LIMITS[key]
        assert f"{name} = {literal}" in text
        assert "value_threshold=within(" in text.partition(name)[2]
        assert text.count(name) > 1
    assert text.count("change_threshold=not_worse") == compared
    assert "            threshold=" not in text  # which would hold for each slice


def test_histories_that_a_query_does_not_return_are_made(plain: Plain) -> None:
    names = "customer_id, country, sku, is_new, price, listed_on, bought_at"
    for more, is_made in (("", True), (", past", False), (", Past", False), (", *", False)):
        query = f"SELECT {names}{more} FROM p.a.b FOR SYSTEM_TIME AS OF {{snapshot}}"
        files = files_with(plain, source={"bigquery": {"query": query}})
        assert ("examples_module.py" in files) == is_made
        assert ("past" in files["queries/train.sql"].partition("FROM (")[0]) != is_made


def test_files_are_those_that_the_section_needs(plain: Plain) -> None:
    queries = {f"queries/{split}.sql" for split in ("train", "eval", "test")}
    both = {"pipeline.py", "requirements.txt"}
    cloud = {"Dockerfile", "submit.py"}
    assert set(files_with(plain)) == both | cloud | queries | {"evaluator_module.py"}
    tfrecord = {"source": {"tfrecord": "gs://shop/{split}/*.gz"}, "gate": None}
    assert set(files_with(plain, **tfrecord)) == both | cloud
    assert set(files_with(plain, **tfrecord, runner="local")) == both
    parquet = {"source": {"parquet": "gs://shop/{split}/*"}, "gate": None, "runner": "local"}
    for own in (tfrecord | {"histories": ["past"], "runner": "local"}, parquet):
        assert set(files_with(plain, **own)) == both | {"examples_module.py"}


def test_modules_are_the_same_with_and_without_a_pipeline(plain: Plain) -> None:
    without = {key: value for key, value in plain.items() if key != "pipeline"}
    found = recgen.render_pipeline(plain)
    modules = recgen.render(without)
    assert {name: found[name] for name in modules} == modules
    assert set(found) == set(modules) | set(files_with(plain))
    assert recgen.render_pipeline(copy.deepcopy(plain)) == found


def test_without_the_section_there_is_no_pipeline(plain: Plain) -> None:
    del plain["pipeline"]
    with pytest.raises(RecgenError, match="no section `pipeline`"):
        recgen.render_pipeline(plain)


def test_the_command_writes_compares_and_keeps_what_is_not_its_own(run: Run, config: Path) -> None:
    query = Path("out/queries/eval.sql")
    command = ("render", str(CONFIG), "--out", "out")
    assert run(*command, "--pipeline")[0] == 0
    assert query.read_text("utf-8").startswith("-- Code generated by recgen")
    assert run(*command, "--pipeline", "--check")[0] == 0
    query.write_text("SELECT 1", encoding="utf-8")
    code, _, err = run(*command, "--pipeline", "--check")
    assert code == 1
    assert "queries/eval.sql" in err
    code, _, err = run(*command, "--pipeline")
    assert code == 2
    assert "was not generated by recgen" in err
    assert query.read_text("utf-8") == "SELECT 1"
    assert run(*command, "--check")[0] == 0  # the modules alone
    code, _, err = run("render", config, "--pipeline")
    assert code == 2
    assert "no section `pipeline`" in err


def test_the_command_removes_what_the_pipeline_no_longer_needs(
    run: Run, folder: Path, plain: Plain
) -> None:
    render = ("render", "config.yaml", "--pipeline")
    save(folder / "config.yaml", plain)
    assert run(*render)[0] == 0
    files = {"tfrecord": "gs://shop/{split}/*.gz"}
    plain["pipeline"] |= {"source": files, "gate": None}
    save(folder / "config.yaml", plain)
    code, _, err = run(*render, "--check")
    assert code == 1
    assert "left over: evaluator_module.py: the pipeline does not need it" in err
    Path("queries/test.sql").write_text("SELECT 1", encoding="utf-8")
    code, out, _ = run(*render)
    assert code == 0
    assert out.count("removed   ") == 3
    assert [path.name for path in Path("queries").iterdir()] == ["test.sql"]  # no longer ours
    assert run(*render, "--check")[0] == 0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Shop & more", "shop-more"),
        ("Товары 2", "tovary-2"),
        ("", "recgen"),
        ("a" * 200, "a" * 128),
    ],
)
def test_a_pipeline_has_a_name_that_vertex_accepts(plain: Plain, name: str, found: str) -> None:
    assert pipeline_name(load({**plain, "name": name})) == found


def test_an_image_without_a_tag_has_that_of_the_config(plain: Plain) -> None:
    vertex = load(CONFIG).pipeline.vertex  # type: ignore[union-attr]
    assert vertex
    for image, wanted in (
        (None, "europe-west4-docker.pkg.dev/my-project/recgen/shop:abc"),
        ("localhost:5000/shop", "localhost:5000/shop:abc"),
        ("gcr.io/p/shop:1", "gcr.io/p/shop:1"),
        ("gcr.io/p/shop@sha256:00", "gcr.io/p/shop@sha256:00"),
    ):
        assert image_of(vertex.model_copy(update={"image": image}), "shop", "abc") == wanted
    of_domain = vertex.model_copy(update={"image": None, "project": "example.com:shop"})
    assert "-docker.pkg.dev/example.com/shop/recgen/" in image_of(of_domain, "shop", "abc")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("gs://b/data/{split}/*.gz", ("gs://b/data", "{split}/*.gz")),
        ("gs://b/data/rows-{split}-*", ("gs://b/data", "rows-{split}-*")),
        ("{split}*.csv", ("", "{split}*.csv")),
    ],
)
def test_a_pattern_of_files_is_a_folder_and_a_rest(pattern: str, found: tuple[str, str]) -> None:
    assert files_of(pattern) == found


QUERIES = st.text(st.sampled_from("SELECT FROM a,b(*)'`;@#-/{}snapshot \n"), max_size=60)


@settings(some(20, 60), suppress_health_check=list(HealthCheck))
@given(plain_of(PipelineConfig), QUERIES)
def test_any_section_only_causes_findings(section: Plain, query: str) -> None:
    bigquery = section["source"].get("bigquery")
    if bigquery is not None and query:
        bigquery["query"] = query
    plain = load(CONFIG).model_dump(mode="json", exclude_defaults=True)
    plain["pipeline"] = section
    if check(plain).ok:
        recgen.render_pipeline(plain)


def types_in(text: str) -> dict[str, str]:
    """Returns the types of the columns in `schema.pbtxt`, as TFX reads them."""
    text_format = pytest.importorskip("google.protobuf.text_format")
    schema_pb2 = pytest.importorskip("tensorflow_metadata.proto.v0.schema_pb2")
    found = text_format.Parse(text, schema_pb2.Schema()).feature
    return {each.name: schema_pb2.FeatureType.Name(each.type) for each in found}


def test_a_schema_has_the_types_of_the_config(plain: Plain) -> None:
    files = files_with(plain, schema_pbtxt=True)
    texts = dict.fromkeys(("customer_id", "country"), "BYTES")
    whole = dict.fromkeys(("past", "sku", "is_new", "listed_on", "bought_at"), "INT")
    assert types_in(files["schema.pbtxt"]) == {**texts, **whole, "price": "FLOAT"}
    assert "COPY *.py schema.pbtxt /pipeline/" in files["Dockerfile"]


@given(st.text(min_size=1))
def test_any_name_is_quoted_in_a_schema(name: str) -> None:
    columns = [InputColumn(name, name, "STRING", "string"), InputColumn("a", "a", "DATE", "int64")]
    assert types_in(render_schema(columns)) == {"a": "INT", name: "BYTES"} | {"a": "INT"}


TEXTS: dict[tuple[str | int, ...], str] = {  # places of texts, each with a harmless one
    ("source", "bigquery", "project"): "harmless",
    ("vertex", "project"): "harmless",
    ("vertex", "image"): "harmless",
    ("vertex", "service_account"): "a@harmless.com",
    ("vertex", "network"): "projects/1/global/networks/harmless",
    ("trainer", "machine_type"): "n1-standard-4",
    ("beam", "machine_type"): "harmless",
    ("beam", "args", 0): "--harmless",
    ("push", "filesystem"): "gs://harmless",
}


@some(10, 25)
@given(st.sampled_from(sorted(TEXTS, key=str)), st.sampled_from(sorted(ATTACKS)))
def test_no_text_of_the_section_becomes_code(path: tuple[str | int, ...], attack: str) -> None:
    plain = load(CONFIG).model_dump(mode="json", exclude_defaults=True)
    plain["pipeline"]["beam"]["args"] = ["--a"]
    plain["pipeline"]["push"] = {"filesystem": "gs://shop"}
    plain["pipeline"]["trainer"] = {"machine_type": "n1-standard-4"}
    inner: Any = plain["pipeline"]
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = TEXTS[path]
    before = generate_pipeline(load(plain, allow=()))
    inner[path[-1]] = TEXTS[path].partition("harmless")[0] + ATTACKS[attack]
    if not check(plain).ok:
        return
    after = generate_pipeline(load(plain))
    for name in before:
        if name.endswith(".py"):
            assert _form(after[name]) == _form(before[name])
        elif name.endswith(".sql"):
            assert after[name] == before[name]


def _form(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return ast.dump(tree)


def test_modules_of_a_pipeline_belong_to_the_config(plain: Plain) -> None:
    config = load(plain)
    assert (
        generate(config)["trainer_module.py"].splitlines()[3]
        in generate_pipeline(config)["pipeline.py"]
    )
