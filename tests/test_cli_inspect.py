"""What `recgen inspect` prints, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google_crc32c", reason="needs the extra `data`")

from commands import visible
from record_files import example, write_records
from run_folders import make_run, rows_of, write_split

from recgen.cli import main
from recgen.cli.table import Line, table

Printed = tuple[Any, str, str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """Returns a function that runs a command: exit code, stdout, stderr."""

    def run(*arguments: object) -> Printed:
        code: Any = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


SPLIT = """\
eval: 12 rows in 1 file, 1.2 kB
  no rows are equal to an earlier one, 0.0% to a training row

  feature      type  nulls  unique                                range   OOV  not in train
  buyer       int64   0.0%       6                                0 … 5  0.0%          0.0%
  event_time  int64   0.0%      12  2024-03-09 16:00 … 2024-03-09 16:00
  price_norm  float   0.0%      12                            0 … 1.571
  sku         int64   0.0%      10                                0 … 9  0.0%          0.0%

  1  buyer 0 'b0', event_time 1710000000, price_norm 0, sku 0 'p0'

"""


def test_a_run_is_shown_part_by_part(call: Any, run: Path) -> None:
    code, out, err = call("inspect", run, "--rows", 1)
    assert (code, err) == (0, "")
    assert out.startswith(f"{run}: a run directory\n\ntrain: 60 rows in 1 file, 5.8 kB\n")
    assert SPLIT in out
    assert "  sku_vocab  10 entries, indices of sku\n    first  'p0' (6), 'p1' (6)" in out
    assert "    in   buyer: string [batch]\n    out  product_ids: string [batch, 10]\n" in out
    assert "    query_tower.buyer_embedding.embeddings: float32 [7, 8]\n" in out
    assert out.endswith(f"\n{run}: no issues\n")


def test_what_disagrees_is_told_with_exit_code_1(call: Any, run: Path) -> None:
    rows = rows_of("eval")
    rows[0]["sku"] = 11
    write_split(run, "eval", rows)
    code, out, _ = call("inspect", run)
    assert code == 1
    assert out.endswith(
        "error index-out-of-range eval/sku: 1 of 12 values are not within 0 … 10 (sku_vocab has "
        f"10 entries, and 1 more for the rest); they are 0 … 11\n{run}: 1 error\n"
    )


def test_a_broken_file_is_told_with_what_was_readable(call: Any, tmp_path: Path) -> None:
    records = [example(a=n) for n in range(100)]
    path = write_records(tmp_path / "x.tfrecord", records)
    path.write_bytes(path.read_bytes()[:-3])
    code, out, _ = call("inspect", path)
    assert code == 1
    assert "examples: 99 rows in 1 file" in out
    place = sum(len(record) + 16 for record in records[:99])
    assert f"error truncated-file x.tfrecord: after 99 records, at byte {place:,}, the file" in out


@pytest.mark.parametrize("arguments", [["gone"], ["."], [".", "--rows", "-1"], []])
def test_usage_has_exit_code_2(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call("inspect", *arguments)
    assert (code, out) == (2, "")
    assert "error" in err.lower()


def test_json_holds_everything(call: Any, run: Path) -> None:
    rows = rows_of("eval")
    rows[0]["price_norm"] = float("inf")
    write_split(run, "eval", rows)
    code, out, _ = call("inspect", run, "--format", "json", "--rows", 1)
    assert code == 1
    content = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert content["ok"] is False
    assert [split["rows"] for split in content["splits"]] == [60, 12, 12]
    assert content["splits"][1]["first"][0]["price_norm"] == ["inf"]
    assert content["issues"][0]["slug"] == "not-finite"
    assert content["issues"][0]["figures"] == {"not_finite": 1, "values": 12}
    assert {"path", "sort", "vocabularies", "schema", "raw_schema", "models"} <= content.keys()


def test_on_a_terminal_it_says_how_far_it_is(
    call: Any, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recgen.cli.inspect._SECONDS", 0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    _, _, err = call("inspect", run)
    assert err == "\rread 60 rows\rread 12 rows\rread 12 rows\r            \r"


def test_nothing_in_a_file_reaches_the_terminal_as_it_is(call: Any, tmp_path: Path) -> None:
    record = example(**{"\x1b[31mname": "\x1b[2Jvalue\n\u202e"})
    code, out, _ = call("inspect", write_records(tmp_path / "x.tfrecord", [record, record]))
    assert code == 0
    assert not set("\x1b\u202e\r") & set(out)
    assert "\\x1b[31mname" in out


@pytest.mark.parametrize("width", [30, 60, 200])
def test_it_fits_into_a_terminal(run: Path, width: int) -> None:
    script = (
        "import sys\n"
        "sys.stdout.isatty = lambda: True\n"
        "from recgen.cli import main\n"
        "main(['inspect', sys.argv[1]])"
    )
    line = [sys.executable, "-c", script, str(run)]
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm"}
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment)
    shown = visible(done.stdout)
    assert max(map(len, shown)) <= width
    assert any(each.startswith("  buyer") for each in shown)


def test_without_the_extra_it_says_what_to_install(call: Any, run: Path) -> None:
    script = (
        "import sys\n"
        "sys.modules['google_crc32c'] = None\n"
        "from recgen.cli import main\n"
        "main(['inspect', sys.argv[1]])"
    )
    line = [sys.executable, "-c", script, str(run)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install '.[data]'" in done.stderr


def test_tensorflow_is_not_loaded(run: Path) -> None:
    script = (
        "import sys\n"
        "from recgen.cli import main\n"
        "try:\n    main(['inspect', sys.argv[1]])\n"
        "finally:\n    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    line = [sys.executable, "-c", script, str(run)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert not {"tensorflow", "pyarrow"} & set(done.stderr.split())


def test_tables_become_lists_where_they_are_too_wide() -> None:
    header, rows = ("name", "n", "m"), [("long name", "1", ""), ("b", "22", "x")]
    assert texts(table(header, rows, "lrr", 20)) == [
        "name        n  m",
        "long name   1",
        "b          22  x",
    ]
    assert texts(table(header, rows, "lrr", 10)) == [
        *("long name", "  n: 1"),
        *("b", "  n: 22", "  m: x"),
    ]


def texts(lines: Iterable[Line]) -> list[str]:
    """Returns lines without their styles."""
    return ["".join(part if isinstance(part, str) else part[0] for part in line) for line in lines]


def test_tables_align_by_what_a_terminal_shows_and_keep_styles() -> None:
    rows = [(("日本", "red"), "1"), ("[b]\x1b", "22"), ("", "")]
    first, second, third = table(("", ""), rows, "lr")
    assert texts([first, second, third]) == ["日本      1", "[b]\\x1b  22", ""]
    assert first[0] == ("日本   ", "red")
