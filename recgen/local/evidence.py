"""Gathers what `recgen check` finds on a run's data, and `recgen inspect` in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from recgen.analysis.evidence import Evidence
from recgen.analysis.run import Run
from recgen.analysis.trained import trained_config
from recgen.check import check
from recgen.data.grain import Finer, Variants, finer_column, known_before, variants
from recgen.findings import Finding, RecgenError, counted, printable
from recgen.inspect.report import Inspection
from recgen.local.buyers import PURCHASES_FILE
from recgen.plan.columns import vocabulary_names

_ASSETS = Path("transform", "transform_fn", "assets")
_OWN_ENTRIES = 0.5  # share of a vocabulary's entries; its own data has all of them
_INSPECTED = ("examples", "transform", "serving_model")


def with_evidence(run: Run, data: Path | None = None) -> Run:
    """Return a run with what its data and its other files say.

    Data that is not there any more, or cannot be read, is a note.

    Args:
        run: A run on this machine; others are returned as they are, unless `data` is given.
        data: The data that it was trained on; by default, what the metrics or the config name.

    Raises:
        RecgenError: `data` is given and cannot be read.
    """
    notes: list[str] = []
    compared = _compared(run, data, notes)
    is_local = "://" not in run.path
    inspection = _inspection(_folder(run), notes) if is_local else None
    foreign = tuple(_foreign(run)) if is_local else ()
    findings, finer, known = compared or (None, None, frozenset())
    made_of = _variants(run) if is_local else None
    evidence = Evidence(findings, inspection, finer, made_of, foreign, tuple(notes), known)
    return run if evidence == Evidence() else replace(run, evidence=evidence)


def _folder(run: Run) -> Path:
    path = Path(run.path)
    return path.parent if path.is_file() else path


def _compared(
    run: Run, data: Path | None, notes: list[str]
) -> tuple[tuple[Finding, ...], Finer | None, frozenset[str]] | None:
    """Return what the trained config and the data say; None without either.

    That is all findings, the column that is finer than the product ID, and the buyer's
    features that are known before a purchase.
    """
    config = trained_config(run)
    found = data or next(filter(_exists, _sources(run)), None)
    if config is None or found is None:
        return None
    try:
        from recgen.local.profile import profile_opener

        opens = profile_opener(found)
        findings = check(config, profile=opens).findings
        profile = opens(config.data)
        finer = finer_column(config.features, profile)
        return findings, finer, known_before(config.features, profile)
    except (RecgenError, ImportError, OSError) as error:
        if data is not None:
            raise
        reason = error.message if isinstance(error, RecgenError) else str(error)
        notes.append(f"the data was not examined: {printable(reason)}")
        return None


def _sources(run: Run) -> Iterator[Path]:
    """Yield the places where the data of a run may be."""
    account, config = run.metrics.data, run.config
    named = [account.source if account else "", (config and config.data.source) or ""]
    for name in filter(None, named):
        if "://" not in name:
            yield Path(name)
            yield _folder(run) / name


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _inspection(folder: Path, notes: list[str]) -> Inspection | None:
    """Return what lies in a run directory; None if there is nothing to inspect."""
    if not any((folder / name).exists() for name in _INSPECTED):
        return None
    try:
        from recgen.inspect import inspect

        return inspect(folder, rows=0)
    except (RecgenError, ImportError, OSError) as error:
        notes.append(f"the files of the run were not inspected: {printable(str(error))}")
        return None


def _variants(run: Run) -> Variants | None:
    """Return how the product IDs in the transform's vocabulary are made of variants."""
    name = run.config.features.product_id if run.config else None
    path = _vocabulary(run, name)
    return variants(path.read_text("utf-8", "replace").splitlines()) if path else None


def _vocabulary(run: Run, feature: str | None) -> Path | None:
    """Return the file with a feature's vocabulary, if there is one."""
    name = vocabulary_names(run.config).get(feature or "") if run.config else None
    path = _folder(run) / _ASSETS / (name or "")
    return path if path.is_file() else None


def _foreign(run: Run) -> Iterator[str]:
    """Yield the vocabularies of IDs that hardly have an ID of the run's own purchases."""
    folder, features = _folder(run), run.config.features if run.config else None
    if features is None or not (folder / PURCHASES_FILE).is_file():
        return
    for column, own in (("buyer", features.buyer_id), ("product", features.product_id)):
        path = _vocabulary(run, own)
        known = _ids(folder / PURCHASES_FILE, column) if path else None
        if path is None or known is None:
            continue
        entries = path.read_bytes().splitlines()
        shared = sum(entry in known for entry in entries)
        if entries and shared < _OWN_ENTRIES * len(entries):
            yield (
                f"{path.name} has {shared:,} IDs of the run's purchases among its "
                f"{counted(len(entries), 'entry', 'entries')}: it is of other data"
            )


def _ids(path: Path, column: str) -> frozenset[bytes] | None:
    """Return the distinct IDs in a column of the purchases, as vocabularies write them."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        values = pq.read_table(path, columns=[column])[column].unique()
        texts = values.cast(pa.large_binary() if pa.types.is_binary(values.type) else pa.string())
    except (OSError, pa.ArrowException):  # RD504 says what is damaged
        return None
    found = (each.as_py() for each in texts)
    return frozenset(e if isinstance(e, bytes) else e.encode() for e in found if e is not None)
