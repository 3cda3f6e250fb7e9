"""What runs were trained on, and how their gradients ended: beside settings and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from recgen.analysis.causes.base import epoch, figure
from recgen.analysis.facts import Facts, side_of
from recgen.analysis.older import is_older
from recgen.analysis.series import last
from recgen.findings import counted, printable
from recgen.metrics import TOWERS

UNKNOWN = "-"
_DATA = ("data set", "training rows", "test rows", "products", "buyers")
_ALIKE = 0.02  # relative difference of counts of the same data, split in another way


def circumstances(runs: Sequence[Facts]) -> dict[str, tuple[str, ...]]:
    """Return the data and the last gradients of runs by name, each with a text for each run."""
    found = [dict(_of(facts)) for facts in runs]
    order = ("trainer", *_DATA)
    named = {name for each in found for name in each}
    gradients = (name for each in found for name in each if name not in order)
    names = dict.fromkeys([*(name for name in order if name in named), *gradients])
    return {name: tuple(each.get(name, UNKNOWN) for each in found) for name in names}


def _of(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.run.is_preset:
        return
    yield "trainer", "older" if is_older(facts.run) else "recgen"
    name = _data_set(facts)
    if name:
        yield "data set", printable(name)
    for label, count in _counts(facts).items():
        yield label, f"{count:,}"
    for tower in TOWERS:
        end = last(facts.gradient(tower))
        if end is not None:
            since = facts.zero_gradients.get(tower)
            zero = "" if since is None else f", zero since {epoch(since)}"
            yield f"gradient, {side_of(tower)} tower", f"{figure(end)}{zero}"


def _data_set(facts: Facts) -> str | None:
    """Return what names the data: the metrics, or the config."""
    named = facts.params.given.get("dataset_name")
    account, config = facts.metrics.data, facts.config
    found = (named, account.source if account else "", (config and config.data.source) or "")
    return next((str(each) for each in found if each), None)


def _counts(facts: Facts) -> dict[str, int]:
    """Return the counts of rows, products and buyers that are known."""
    params, account, config = facts.params, facts.metrics.data, facts.config
    buyer = f"{config.features.buyer_id}_vocab" if config else ""
    found = {
        "training rows": params.train_rows or (account.train if account else None),
        "test rows": params.test_rows or (account.test if account else None),
        "products": facts.candidates,
        "buyers": facts.run.vocabularies.get(buyer),
    }
    return {name: count for name, count in found.items() if count}


def data_doubt(runs: Sequence[Facts], settings: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield in what the data differ, if they do, and whether more than the settings do."""
    trained = [facts for facts in runs if not facts.run.is_preset]
    found = circumstances(trained)
    other = [name for name in _DATA if name in found and _differs(found[name])]
    if not other:
        return
    own = sum(not path.startswith("data.") for path in settings)
    more = "the settings do not" if own == 0 else f"{counted(own, 'setting')} differ"
    if own < len(other):
        more += ", so figures say more of the data than of the models"
    yield f"the data of the runs differ ({', '.join(other)}), and {more}"


def _differs(texts: Sequence[str]) -> bool:
    """Return whether known values differ; counts may, by a little."""
    known = {text for text in texts if text != UNKNOWN}
    numbers = [float(digits) for text in known if (digits := text.replace(",", "")).isdecimal()]
    if len(numbers) == len(known) and numbers:
        return max(numbers) > (1 + _ALIKE) * min(numbers)
    return len(known) > 1
