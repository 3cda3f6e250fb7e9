"""Files whose reading has to be asked about: `init` takes options and writes keys of `data`."""

from __future__ import annotations

import pickle
import random
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recgen
from recgen.cli import main
from recgen.config import DataConfig

pytest.importorskip("pyarrow", reason="needs the extra `data`")

from recgen.local.ingest import AskedError, as_argument, as_option, open_data

NAMES = ["customer", "sku", "count", "date", "drink"]


def lines(separator: str = ",", drinks: tuple[str, ...] = ("tea", "milk")) -> list[str]:
    draw = random.Random(3)
    return [
        separator.join(
            (
                *(f"u{draw.randrange(90)}", f"p{draw.randrange(40)}", f"{draw.randrange(1, 6)}"),
                *(f"2023-0{1 + at // 200}-1{at % 9} 10:00:00", draw.choice(drinks)),
            )
        )
        for at in range(1500)
    ]


def written(folder: Path, content: list[str], encoding: str = "utf-8") -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join(content) + "\n", encoding)
    return path


def call(*arguments: object) -> Any:
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return ended.code
    return 0


FILES: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "cp1252": ([",".join(NAMES), *lines(drinks=("café", "thé"))], "cp1252", {"encoding": "cp1252"}),
    "Shift-JIS": (
        [",".join(NAMES), *lines(drinks=("茶", "水"))],
        "shift-jis",
        {"encoding": "shift-jis"},
    ),
    "no header": (lines(), "utf-8", {"column_names": NAMES}),
    "no header, ::": (lines("::"), "utf-8", {"column_names": NAMES}),
    "neither": (
        lines("::", ("café", "thé")),
        "latin-1",
        {"encoding": "latin-1", "column_names": NAMES},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_asked_is_answered_by_options_and_kept_in_the_config(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content, encoding, keys = FILES[name]
    path = written(tmp_path, content, encoding)
    assert call("init", "--data", path) == 2
    asked = capsys.readouterr().err
    assert any(f"add `--{key.replace('_', '-')} " in asked for key in keys)
    assert "in the config" not in asked
    options = [
        word
        for key, value in keys.items()
        for word in (
            f"--{key.replace('_', '-')}",
            value if isinstance(value, str) else ",".join(value),
        )
    ]
    assert call("init", "--data", path, *options) == 0
    follow_up = capsys.readouterr().err.splitlines()[-1].removeprefix("next: recgen ")
    assert call(*shlex.split(follow_up)) == 0
    data = recgen.load("config.yaml").data
    assert {key: getattr(data, key) for key in keys} == {
        key: value if isinstance(value, str) else tuple(value) for key, value in keys.items()
    }
    capsys.readouterr()
    assert call("check", "config.yaml", "--data", path) == 0
    proposal = recgen.propose(path, reading=keys)
    assert proposal.keys.names == ("customer", "sku", "date")
    assert recgen.check_text(proposal.text, profile=recgen.profile(path, reading=keys)).ok


def test_check_names_the_key_and_python_the_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, ["customer,sku", *lines(drinks=("café",))], "cp1252")
    config = tmp_path / "config.yaml"
    main(["init", "-o", str(config)])
    assert call("check", config, "--data", path) == 2
    assert "set `encoding: cp1252` under `data` in the config" in capsys.readouterr().err
    with pytest.raises(recgen.RecgenError, match=r"pass `reading=\{'encoding': 'cp1252'\}`"):
        recgen.profile(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoding", "rot13"], "--encoding 'rot13': 'rot13' is not one of utf-8"),
        (["--quote", "`"], "--quote '`': "),
        (["--decimal", "x"], "--decimal 'x': "),
        (["--delimiter", ""], "--delimiter '': "),
        (["--column-names", "a,a"], "--column-names 'a,a': "),
        (["--column-names", ""], "--column-names '': "),
    ],
)
def test_an_option_that_says_nothing(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, lines())
    assert call("init", "--data", path, *options) == 2
    assert f"error: {message}" in capsys.readouterr().err


def test_options_without_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("init", "--encoding", "cp1252", "--quote", "") == 2
    assert "error: --encoding and --quote: there is no data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("first", "row"),
    [
        ("C0001,P0017", "C00{},P01{}"),
        ("ann@shop.example,red", "bob{}@shop.example,blue{}"),
        ("u17,book", "u{},pen{}"),
        ("ann,5", "bob,{}"),
        ("$12.50,x", "${}.20,y"),
        ("https://a.example/1,x", "https://a.example/{},y"),
        ("3f2a-17,x", "3f{}a-1{},y"),
        ("red,x", "red,y{}"),
    ],
)
def test_a_first_row_that_looks_like_the_others_is_asked_about(
    first: str, row: str, tmp_path: Path
) -> None:
    path = written(tmp_path, [first, *(row.format(at, at) for at in range(2, 9))])
    with pytest.raises(recgen.RecgenError, match="it is not clear whether line 1 has the names"):
        open_data(path)
    named = tuple(first.split(","))
    assert open_data(path, DataConfig(column_names=named)).read([named[0]]).num_rows == 7
    assert open_data(path, DataConfig(column_names=("a", "b"))).read(["a"]).num_rows == 8


@pytest.mark.parametrize(
    "header",
    ["x1,x2", "feature_1,f2", "a,b", "first,last", "E-mail,Web site", "Größe,größe2", "ID,1st"],
)
def test_names_with_digits_are_names_above_other_codes(header: str, tmp_path: Path) -> None:
    path = written(tmp_path, [header, *(f"v{at},c{at}-{at % 3}" for at in range(9))])
    assert open_data(path).names == tuple(header.split(","))


WORDS = st.text("abcdefgh_", min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=2, max_size=6, unique=True), st.integers(1, 30), st.data())
def test_plain_names_above_codes_are_names(
    names: list[str], count: int, data: st.DataObject
) -> None:
    """Names without digits are asked about only if they occur as values."""
    from recgen.local.ingest.header import require_header

    rows = [[f"{data.draw(WORDS)}{at}" for _ in names] for at in range(count)]
    require_header(Path("x"), 1, names, rows)


@given(st.lists(st.integers(1, 999), min_size=4, max_size=20, unique=True))
def test_a_row_of_codes_is_never_taken_for_names(numbers: list[int]) -> None:
    from recgen.local.ingest.header import require_header

    first, *rows = [[f"C{number:04}", f"item {number % 5}"] for number in numbers]
    with pytest.raises(AskedError):
        require_header(Path("x"), 1, first, rows)


def test_errors_that_ask_can_be_sent_to_another_process(tmp_path: Path) -> None:
    with pytest.raises(AskedError) as caught:
        open_data(written(tmp_path, ["a,b", "1,é"], "cp1252"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.help) == (caught.value.message, caught.value.help)
    assert caught.value.spelled(as_option).help != caught.value.help
    assert as_argument("quote", "") == "pass `reading={'quote': ''}`"


def parts(folder: Path, *contents: str, encodings: tuple[str, ...] = ()) -> Path:
    (folder / "parts").mkdir()
    for at, content in enumerate(contents):
        encoding = encodings[at] if encodings else "utf-8"
        (folder / f"parts/{at}.csv").write_text(content, encoding)
    return folder / "parts"


def test_parts_with_different_decimal_marks_are_refused(tmp_path: Path) -> None:
    points, commas = "a;b\n" + "x;3.95\n" * 3, "a;b\n" + "y;4,50\n" * 3
    with pytest.raises(recgen.RecgenError, match=r"1\.csv has numbers like 3,95, unlike .*0\.csv"):
        open_data(parts(tmp_path, points, commas, "a;b\nx;3\n"))


def test_parts_are_read_with_their_own_separators_and_marks(tmp_path: Path) -> None:
    content = ("a,b\nx,1\n", "b;a\n2;y\n", "'a'\t'b'\n'z'\t'3'\n")
    table = open_data(parts(tmp_path, *content)).read(["a", "b"])
    assert table.to_pydict() == {"a": ["x", "y", "z"], "b": ["1", "2", "3"]}


@pytest.mark.parametrize("encoding", ["cp1252", "shift-jis", "cp1251"])
def test_parts_with_different_encodings_are_refused(encoding: str, tmp_path: Path) -> None:
    word = {"cp1252": "thé", "shift-jis": "お茶", "cp1251": "чай"}[encoding]
    content = "a,b\n" + f"x,{word}\n" * 9
    folder = parts(tmp_path, content, content, encodings=("utf-8", encoding))
    with pytest.raises(recgen.RecgenError, match="cannot be read as UTF-8"):
        open_data(folder)
    with pytest.raises(recgen.RecgenError, match=r"0\.csv (is UTF-8, not|, line)|0\.csv, line"):
        open_data(folder, DataConfig(encoding=encoding))
    own = open_data(folder / "1.csv", DataConfig(encoding=encoding))
    assert own.read(["b"])["b"].unique().to_pylist() == [word]


def test_names_for_a_file_that_has_others_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ["user,day", "x,2023-01-05", "y,2023-01-06", "z,2023-01-07"])
    with pytest.raises(recgen.RecgenError, match="line 1 has names as well: 'day' above '2023-"):
        open_data(path, DataConfig(column_names=("a", "b")))
    assert open_data(path, DataConfig(column_names=("user", "day"))).read(["day"]).num_rows == 3


def test_a_shard_without_a_byte_is_said(tmp_path: Path) -> None:
    folder = parts(tmp_path, "a,b\nx,1\n", "")
    (folder / "1.csv").rename(folder / "1.csv.gz")
    with pytest.raises(recgen.RecgenError, match=r"1\.csv\.gz is empty"):
        open_data(folder)


def test_names_of_folders_are_read_as_spark_writes_them(tmp_path: Path) -> None:
    folder = parts(tmp_path, "a\nx\n", "a\ny\n", "a\nz\n")
    for at, value in enumerate(("A%2F00123", "12%25 %3A%", "__HIVE_DEFAULT_PARTITION__")):
        (folder / f"sku={value}").mkdir()
        (folder / f"{at}.csv").rename(folder / f"sku={value}/part.csv")
    table = open_data(folder).read(["a", "sku"])
    found = dict(zip(*table.to_pydict().values(), strict=True))
    assert found == {"x": "A/00123", "y": "12% :%", "z": None}
