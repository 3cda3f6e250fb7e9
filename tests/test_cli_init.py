"""`recgen init`: what it writes and says, and that its configs can be checked, rendered, kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ugly import UGLY, shop, write_csv

import recgen
from recgen.config import SIDES
from recgen.demo import demo_data
from recgen.proposal import SCHEMA_FILE, SCHEMA_LINE

pytest_plugins = ["running"]
pytest.importorskip("pyarrow", reason="needs the extra `data`")

# What no proposal can avoid: there is no buyer, or three rows are all there is.
UNAVOIDABLE = {
    "nobody": {"RG113"},
    "few": {"RG508", "RG515", "RG525"},
    "wide": {"RG525"},  # 1,491 rows
}


@pytest.fixture
def run(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns a function that runs a command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    return run


def worse_than_notes(report: recgen.Report) -> set[str]:
    return {finding.code for finding in (*report.errors, *report.warnings)}


def profiled(path: Path | str) -> Any:
    from recgen.local.profile import read_profile

    return read_profile(Path(path))


def test_without_data_the_config_passes_check_and_says_what_its_parts_are_for(run: Any) -> None:
    assert run("init", "-o", "config.yaml")[0] == 0
    text = Path("config.yaml").read_text("utf-8")
    assert text.startswith(f"{SCHEMA_LINE}\n")
    lines = [line.strip() for line in text.splitlines()]
    for part in ("name:", "buyer_id_column:", "buyer_model_features:", "model:", "split:"):
        place = next(at for at, line in enumerate(lines) if line.startswith(part))
        assert lines[place - 1].startswith("# "), part
    assert run("check", "config.yaml") == (0, "config.yaml: no findings\n", "")
    assert run("render", "config.yaml")[0] == 0


def test_the_schema_beside_the_config_accepts_it(run: Any) -> None:
    run("init", "-o", "config.yaml")
    schema = json.loads(Path(SCHEMA_FILE).read_text("utf-8"))
    plain = recgen.load("config.yaml").model_dump(mode="json", exclude_unset=True)
    jsonschema.validate(plain, schema)
    assert f"./{SCHEMA_FILE}" in SCHEMA_LINE


def test_on_the_screen_there_is_the_config_alone(run: Any) -> None:
    write_csv(Path("shop.csv"), shop(400))
    _, out, err = run("init", "--data", "shop.csv")
    assert "yaml-language-server" not in out
    Path("piped.yaml").write_text(out, "utf-8")
    assert recgen.check("piped.yaml").errors == ()
    assert "buyer ID" in err
    assert "recgen init --data shop.csv -o config.yaml" in err


def test_files_that_are_there_stay_unless_forced(run: Any) -> None:
    Path("config.yaml").write_text("mine\n", "utf-8")
    code, _, err = run("init", "-o", "config.yaml")
    assert code == 2
    assert "config.yaml exists and has other contents" in err
    assert Path("config.yaml").read_text("utf-8") == "mine\n"
    assert not Path(SCHEMA_FILE).exists()  # both files or none
    assert run("init", "-o", "config.yaml", "--force")[0] == 0
    assert run("init", "-o", "config.yaml")[1].count("unchanged") == 2


def test_another_schema_is_not_replaced_either(run: Any) -> None:
    Path(SCHEMA_FILE).write_text("{}", "utf-8")
    assert run("init", "-o", "config.yaml")[0] == 2
    assert not Path("config.yaml").exists()


def test_a_config_is_named_like_yaml(run: Any) -> None:
    code, _, err = run("init", "-o", "config.json")
    assert code == 2
    assert "end it in .yaml" in err


@pytest.mark.parametrize("name", ["a: b", "no", "1e3", "x # y", "'", "two\nlines", "🛒", "{}"])
def test_any_name_is_written_as_it_is(run: Any, name: str) -> None:  # P3, P6
    run("init", "-o", "config.yaml", "--name", name)
    assert recgen.load("config.yaml").name == name


def test_a_missing_file_is_said_in_one_line(run: Any) -> None:
    code, _, err = run("init", "--data", "gone.csv")
    assert code == 2
    assert err.startswith("error: there is no file gone.csv")


def test_guesses_are_told(run: Any) -> None:
    write_csv(Path("shop.csv"), UGLY["several"]())
    code, out, _ = run("init", "--data", "shop.csv", "-o", "config.yaml")
    assert code == 0
    assert "product_id  (GUESS: 'product_no' could also be the product's ID)" in out
    assert "choose      product ID: if it is not 'product_id', add --product-id product_no" in out
    assert "order_id: 8.3 values per buyer and 30.8 values per product: known only with" in out
    assert out.endswith("next: recgen train config.yaml --data shop.csv\n")
    text = Path("config.yaml").read_text("utf-8")
    assert "# GUESS: 'user_id' could also be the buyer's ID. Check this.\n" in text
    assert "# Otherwise: recgen init --data shop.csv --buyer-id user_id\n" in text


def test_without_a_buyer_nothing_is_guessed(run: Any) -> None:  # P25
    write_csv(Path("shop.csv"), UGLY["nobody"]())
    code, out, _ = run("init", "--data", "shop.csv", "-o", "config.yaml")
    assert code == 1
    assert "no column looks like the buyer's ID" in out
    assert "choose      buyer ID: name it with --buyer-id COLUMN" in out
    options = "--buyer-id COLUMN -o config.yaml --force"
    assert out.endswith(f"next: recgen init --data shop.csv {options}\n")
    text = Path("config.yaml").read_text("utf-8")
    assert "# GUESS: no column looks like the buyer's ID. Set it.\n  buyer_id_column: null" in text


@pytest.mark.parametrize("name", UGLY)
def test_ugly_files_give_configs_that_check_and_render(run: Any, name: str) -> None:
    delimiter = ";" if name == "german" else ","
    write_csv(Path("shop.csv"), UGLY[name](), delimiter)
    run("init", "--data", "shop.csv", "-o", "config.yaml")
    report = recgen.check("config.yaml", profile=profiled("shop.csv"))
    split = recgen.check("config.yaml").ok and recgen.load("config.yaml").data.split
    at_random = {"RG301"} if split and split.kind == "random" else set()
    assert worse_than_notes(report) == UNAVOIDABLE.get(name, set()) | at_random
    alone = recgen.check("config.yaml")
    if alone.ok:
        assert run("render", "config.yaml")[0] == 0
    assert alone.ok == (name != "nobody")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_demo_data(run: Any, kind: str) -> None:
    Path(f"demo.{kind}").write_bytes(demo_data(kind, 20_000))
    assert run("init", "--data", f"demo.{kind}", "-o", "config.yaml")[0] == 0
    report = recgen.check("config.yaml", profile=profiled(f"demo.{kind}"))
    assert [finding.code for finding in report.findings] == [
        "RG528",  # prices change
        "RG554",  # some rows are there twice
    ]
    assert run("render", "config.yaml")[0] == 0


def test_online_retail_gets_the_config_that_was_written_by_hand(run: Any) -> None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
    data = Path(os.environ.get("RECGEN_ONLINE_RETAIL", beside))
    if not data.exists():
        pytest.skip("needs the UCI Online Retail file; set RECGEN_ONLINE_RETAIL")
    run("init", "--data", data, "-o", "config.yaml")
    proposed = recgen.load("config.yaml")
    shop = Path(__file__).parents[1] / "examples" / "online_retail" / "config.yaml"
    by_hand = recgen.load(shop)
    # What the example leaves out to stay short; the preset small_catalogue has it.
    assert proposed.model.recency_half_life_days == pytest.approx(55, abs=5)
    more = {"recency_half_life_days": None, "output_dropout": 0.0, "epochs": 8}
    assert proposed.model.model_copy(update=more) == by_hand.model
    histories = [f for f in proposed.features.buyer_model_features if f.data_type == "history"]
    assert [f.transforms.history.shared_with for f in histories] == ["StockCode"]
    assert proposed.data.split == by_hand.data.split
    for side in SIDES:
        found, wanted = (
            [(f.column, f.bq_type, f.active) for f in features if f not in histories]
            for features in (each.features.features_of(side) for each in (proposed, by_hand))
        )
        assert found == wanted
