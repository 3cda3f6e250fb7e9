"""Coverage-guided: `check` and `load` on text that atheris makes of all configs of this repository.

    python fuzz/check_text.py runs/fuzz -max_total_time=600

Further arguments are libFuzzer's. What it finds lies in `runs/fuzz`; a crash is written there, too.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

with atheris.instrument_imports(include=["recgen", "yaml"]):
    from said import assert_file_said

    import recgen.reading.yaml_text  # noqa: F401  (else it is imported, not instrumented, later)
    from recgen.reading.sources import read

_LIMITS = ("-rss_limit_mb=1500", "-timeout=10", "-max_len=20000")
_FILE = Path(tempfile.mkdtemp()) / "config"


def one_input(content: bytes) -> None:
    """Checks one text: JSON if it begins like it, else YAML."""
    ending = ".json" if content[:1] in b"{[" else ".yaml"
    path = _FILE.with_suffix(ending)
    path.write_bytes(content)
    assert_file_said(path)


def write_seeds(folder: Path) -> None:
    """Writes every config of the repository, as it is and as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for top in ("tests", "examples") for path in (ROOT / top).glob("**/*.yaml")]
    for number, path in enumerate(sorted(paths)):
        (folder / f"{number}.yaml").write_bytes(path.read_bytes())
        data = read(path).data
        if data is not None:
            (folder / f"{number}.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


def main() -> None:
    """Fuzzes until a crash, or as long as libFuzzer's arguments say."""
    found, *arguments = sys.argv[1:] or ["runs/fuzz"]
    corpus, seeds = Path(found) / "corpus", Path(found) / "seeds"
    corpus.mkdir(parents=True, exist_ok=True)
    write_seeds(seeds)
    options = [*_LIMITS, f"-artifact_prefix={found}/", *arguments]
    atheris.Setup([sys.argv[0], *options, str(corpus), str(seeds)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
