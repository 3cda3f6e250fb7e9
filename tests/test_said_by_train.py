"""What `check --data` says of a file, `train` says before it trains, from the same reading."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs the extra `train`")

from test_local_run import FailingChild
from ugly import write_csv

from recgen.config.times import unit_of
from recgen.local import run as local_run

pytest_plugins = ["running"]

Moment = datetime.datetime
START = Moment(2022, 1, 3, 4, tzinfo=datetime.timezone.utc)
DAYS = [START + datetime.timedelta(days=2 * n, seconds=17 * n) for n in range(300)]
CONFIG = {
    "features": {
        "buyer_id_column": "c",
        "product_id_column": "p",
        "buyer_model_features": [{"column": "c", "data_type": "text"}],
        "product_model_features": [{"column": "p", "data_type": "text"}],
    },
    "data": {"split": {"kind": "strict_time", "date_column": "at"}},
}
OF_TIMES = {"RG503", "RG521", "RG522", "RG523", "RG542", "RG543", "RG544", "RG565", "RG566"}
LATER = ["seconds", "milliseconds", "microseconds", "nanoseconds"]
SINCE_2001 = [f"{unit} since 2001-01-01" for unit in LATER]
ASKED = [
    "seconds since 1900-01-01",  # NTP
    "ticks since 1601-01-01",  # FILETIME
    "milliseconds since 1601-01-01",
    "seconds since 0001-01-01",
    "days since 1900-01-01",
    "EPOCH_DAYS",
    "EXCEL_DAYS",
    "JULIAN_DAYS",
    "hours since 1970-01-01",
]


def written(word: str) -> list[Any]:
    """Returns the days in a unit."""
    counted = unit_of(word)
    assert counted is not None
    per_second, start = counted
    return [int((round(day.timestamp()) - start) * per_second) for day in DAYS]


def spread(odd: Any, every: int = 50) -> list[Any]:
    """Returns the days as text, of which some are odd."""
    return [odd if n % every == 7 % every else f"{day:%Y-%m-%d}" for n, day in enumerate(DAYS)]


TIMES: dict[str, Callable[[], list[Any]]] = {
    **{word: (lambda word=word: written(word)) for word in (*SINCE_2001, *ASKED)},
    "far": lambda: spread("1900-01-01"),
    "of the future": lambda: spread("2031-05-05", 4),
    "none": lambda: spread(""),
    "mixed zones": lambda: [f"{day:%Y-%m-%d %H:%M}{'+02:00' * (day.day % 2)}" for day in DAYS],
    "one day": lambda: [f"2022-01-{3 + (n == 0):02} {n % 24:02}:00" for n in range(300)],
    "uploads": lambda: [f"2022-{1 + n // 100:02}-07 10:11" for n in range(300)],
    "in two orders": lambda: [f"{1 + n % 12:02}/{1 + n % 11:02}/2022" for n in range(300)],
    "of text": lambda: ["soon"] * 300,
    "a bad one": lambda: spread("yesterday"),
    "fine": lambda: spread("2022-05-05"),
}


@pytest.fixture
def said(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Returns what `check --data` adds to `check`, and what `train` prints on the same file."""
    monkeypatch.setattr(local_run, "Child", FailingChild)

    def call(config: dict[str, Any], *allow: str) -> tuple[list[dict[str, Any]], list[str]]:
        Path("config.yaml").write_text(json.dumps(config), encoding="utf-8")
        as_json = ("--format", "json", *allow)
        plain = json.loads(run("check", "config.yaml", *as_json)[1])[0]["findings"]
        found = json.loads(run("check", "config.yaml", "--data", "d.csv", *as_json)[1])[0]
        _, _, printed = run("train", "config.yaml", "--data", "d.csv", *allow)
        return [f for f in found["findings"] if f not in plain], printed.splitlines()

    return call


@pytest.mark.parametrize("kind", TIMES)
def test_train_says_of_times_what_check_says(said: Any, kind: str) -> None:
    """The kinds: other starts and units, sentinels, zones, orders, uploads, and no times."""
    buyers, products = [f"c{n % 9}" for n in range(300)], [f"p{n % 7}" for n in range(300)]
    write_csv(Path("d.csv"), {"c": buyers, "p": products, "at": TIMES[kind]()})
    found, printed = said(CONFIG)
    of_times = {each["code"] for each in found} & OF_TIMES
    if kind in SINCE_2001:
        assert of_times == {"RG523"}
        assert any(f"'{kind}'" in line for line in printed if line.startswith("warning: 'at' has"))
    elif kind in ASKED:
        assert of_times == {"RG521"}
    elif kind == "fine":
        assert not of_times
    else:
        assert of_times
    errors = [each for each in found if each["severity"] == "error"]
    if errors:
        for each in errors:
            assert any(f"error {each['code']}" in line for line in printed), each
            assert any(each["message"] in line for line in printed), each
        return
    for each in found:
        name = "warning" if each["severity"] == "warning" else "note"
        sentence = f"{name}: {each['message']} ({each['code']})"
        assert any(line.startswith(sentence) for line in printed), each
    own = [line for line in printed if line.startswith("warning: ") and "(RG" not in line]
    assert all("dropped" in line for line in own), own


def test_a_random_split_is_said_once(said: Any) -> None:
    """With the data, its help is another one, since no column has times."""
    rows = range(300)
    write_csv(Path("d.csv"), {"c": [f"c{n % 9}" for n in rows], "p": [f"p{n % 7}" for n in rows]})
    _, printed = said({**CONFIG, "data": {"split": {"kind": "random"}}})
    assert sum("later purchases" in line for line in printed) == 1, printed
    assert "  help: Use `strict_time` with a `date_column`, if a column has times." in printed


def test_each_thing_is_said_once(said: Any) -> None:
    """The run itself adds only how many rows it left out."""
    buyers = ["nan" if n % 40 == 3 else "" if n % 60 == 5 else f"c{n % 9}" for n in range(300)]
    products = ["p\n1" if n % 90 == 2 else f"p{n % 7}" for n in range(300)]
    write_csv(Path("d.csv"), {"c": buyers, "p": products, "at": spread("1900-01-01")})
    found, printed = said(CONFIG, "--allow", "RG536")
    assert {"RG506", "RG535", "RG536", "RG543"} <= {each["code"] for each in found}
    for word, times in (("stands for nothing", 1), ("line break", 1), ("all others", 1)):
        assert sum(word in line for line in printed) == times, printed
