"""Comparison of two configs: each step from one to the other is tried alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from recgen.changes.codes import CODES, HARMLESS, LONGER, Code
from recgen.changes.kinds import RENAMED, code_of, rank
from recgen.changes.result import Difference, severity_of
from recgen.changes.sources import Source
from recgen.changes.steps import (
    Named,
    Plain,
    Step,
    aligned,
    keyed,
    location_in,
    names_in,
    plain_of,
    renames,
    steps,
)
from recgen.changes.words import Changed, joined
from recgen.check import examine
from recgen.config import ExperimentConfig
from recgen.findings import Place
from recgen.plan import digest_of
from recgen.plan.levels import LEVELS, Facts, Key, Level, facts_of
from recgen.plan.transform import plan_transform
from recgen.rules import RULES
from recgen.rules.ignores import is_ignorable

_Fact = tuple[Level, Key]
_Levels = Mapping[Level, Facts]
_Changes = Mapping[Level, Mapping[Key, Changed]]
_WITH_OTHERS = ("meaning", "source", "column", "pipeline", "values")
"""Kinds of facts that come and go with others, which say it."""
_NAMED: Mapping[Level, tuple[str, ...]] = {
    "client": ("input",),
    "weights": ("table", "layer"),
    "transform": ("output",),
}
"""Kinds of facts whose names matter; other facts only mention a column."""
_RENAMED: Mapping[Level, str] = {
    "client": "requests need the new name",
    "weights": "checkpoints have the old name",
    "transform": "transformed examples and vocabularies have the old name",
}
_SAME = "the generated code stays the same"
_LATER = "what exists stays valid, and the next training has it"
_SCHEDULED = "a schedule runs the pipeline as it was until it is compiled again"
_TOGETHER = "it is only possible together with other changes, which say what it breaks"


@dataclass(frozen=True)
class _Located:
    """A step, and its place in both configs."""

    step: Step
    old: Place
    new: Place


def differences(old: Source, new: Source, deployed: bool) -> Iterator[Difference]:
    """Yield what each step from one config to the other breaks, or that it is harmless."""
    own, other = keyed(old.config), keyed(new.config)
    named = [(_located(each[0], old, own, new, other), *each[1:]) for each in _renamed(own, other)]
    left, right = aligned(named[-1][-1] if named else own, other)
    places = {id(step): _located(step, old, left, new, right) for step in steps(left, right)}
    found = chain(
        chain.from_iterable(_of_rename(*each) for each in named),
        _of_steps(list(places.values()), left, right),
    )
    for code, at, message in found:
        severity = severity_of(code.code, deployed)
        help = "" if code is HARMLESS else code.help
        yield Difference(code.code, code.level, severity, message, help, at.old, at.new)


def _renamed(own: Plain, other: Plain) -> Iterator[tuple[Step, Plain, Plain]]:
    """Yield the renames, with the data before and after each, in an order that is always valid.

    A name may have to be free first, in both towers. Where none is, as when two columns change
    their names with each other, the columns count as removed and added.
    """
    before = own
    while True:
        # Once a feature has its new name, so has what is said of it in others.
        found, taken = renames(before, other), names_in(before)
        tried = ((step, step.done(before)) for step in found if step.new.name not in taken)
        ready = next(((step, after) for step, after in tried if _valid(after)), None)
        if ready is None:
            return
        yield ready[0], before, ready[1]
        before = ready[1]


def _located(step: Step, old: Source, own: Plain, new: Source, other: Plain) -> _Located:
    # The old data has its old names only for a rename; other steps come after the renames, which
    # leave the places of features as they are.
    first = step.path
    if isinstance(step.old, Named):
        first = (*step.path[:-1], step.old.name)
    return _Located(
        step, old.place(location_in(own, first)), new.place(location_in(other, step.path))
    )


_Broken = tuple[Code, _Located, str]


def _of_rename(at: _Located, before: Plain, after: Plain) -> Iterator[_Broken]:
    """Yield what another name breaks; all that mentions the column has it, too."""
    changes = _changes(_require(before), _require(after))
    for level, kinds in _NAMED.items():
        if any(key[0] in kinds for key in changes[level]):
            yield CODES[RENAMED[level]], at, f"{at.step.words}: {_RENAMED[level]}"


def _of_steps(found: Sequence[_Located], left: Plain, right: Plain) -> Iterator[_Broken]:
    """Yield what each step breaks alone, and what only several of them together do."""
    whole = _changes(_require(left), _require(right))
    additions = [at.step for at in found if at.step.kind == "addition"]
    alone = [_alone(at.step, left, right, additions) for at in found]
    own = [_shared(whole, each) if each else set() for each in alone]
    explained = set().union(*own)
    rest = {(level, key) for level in LEVELS for key in whole[level]} - explained
    together = _together([at.step for at in found], rest, left)
    for at, changes, keys, more in zip(found, alone, own, together, strict=True):
        harmless = _TOGETHER if changes is None else _harmless(at.step, left)
        yield from _broken(_only(whole, keys | more), at, at.step.words, harmless)


def _shared(whole: _Changes, own: _Changes) -> set[_Fact]:
    return {(level, key) for level in LEVELS for key in own[level] if key in whole[level]}


def _together(found: Sequence[Step], rest: set[_Fact], left: Plain) -> list[set[_Fact]]:
    """Return what each step changes once the steps before it are done, as far as it is in `rest`.

    The steps lead to the new config, so each fact that is another one there changes on the way.
    """
    result: list[set[_Fact]] = []
    before = _require(left) if rest else None
    for step in found:
        left, own = step.done(left), set[_Fact]()
        after = _facts(left) if rest else None
        if before is not None and after is not None:
            changes = _changes(before, after)
            own = {(level, key) for level, key in rest if key in changes[level]}
            rest, before = rest - own, after
        result.append(own)
    return result


def _broken(changes: _Changes, at: _Located, words: str, otherwise: str) -> Iterator[_Broken]:
    """Yield what is broken at each level, or that nothing is."""
    is_harmless = True
    for level in LEVELS:
        found = sorted(filter(_is_shown, changes[level].values()), key=_rank)
        if found:
            is_harmless = False
            later = f"; {_SCHEDULED}" if at.step.path[:1] == ("pipeline",) else ""
            yield _code(found[0]), at, f"{words}: {joined(_apart(found))}{later}"
    if is_harmless:
        yield HARMLESS, at, f"{words}: {otherwise}"


def _rank(changed: Changed) -> tuple[int, int]:
    order = ("gone", "added", "changed").index(changed.change)
    return rank(changed.level, changed.key[0]), order


def _apart(found: Sequence[Changed]) -> list[Changed]:
    """Return the changes without those that follow from others: inputs of layers that changed."""
    weights = [each for each in found if each.key[0] in ("table", "layer")]
    return weights or list(found)


def _is_shown(changed: Changed) -> bool:
    return changed.change == "changed" or changed.key[0] not in _WITH_OTHERS


def _code(changed: Changed) -> Code:
    old, new = changed.old, changed.new
    if changed.key[0] == "answers" and isinstance(old, int) and isinstance(new, int) and new > old:
        return LONGER
    return code_of(changed.level, changed.key[0], changed.change)


def _harmless(step: Step, left: Plain) -> str:
    if step.path[:1] == ("pipeline",):
        return _SCHEDULED
    configs = [_valid(data) for data in (left, step.done(left))]
    digests = {digest_of(config) for config in configs if config is not None}
    return _SAME if None not in configs and len(digests) == 1 else _LATER


def _alone(step: Step, left: Plain, right: Plain, additions: Sequence[Step]) -> _Changes | None:
    """Return what a step changes alone; None if no valid config has it alone.

    It is done on the old config, taken back from the new one, or done once everything that is new
    is there, such as the column that it names.
    """
    added = left
    for each in additions:
        added = each.done(added) if each is not step else added
    pairs = ((left, step.done(left)), (step.undone(right), right), (added, step.done(added)))
    for before, after in pairs:
        old, new = _facts(before), _facts(after)
        if old is not None and new is not None:
            return _changes(old, new)
    return None


def _changes(old: _Levels, new: _Levels) -> _Changes:
    return {level: dict(_changed(level, old[level], new[level])) for level in LEVELS}


def _changed(level: Level, old: Facts, new: Facts) -> Iterator[tuple[Key, Changed]]:
    for key in dict.fromkeys((*old, *new)):
        if key not in old:
            yield key, Changed(level, key, "added", new=new[key])
        elif key not in new:
            yield key, Changed(level, key, "gone", old=old[key])
        elif old[key] != new[key]:
            yield key, Changed(level, key, "changed", old[key], new[key])


def _only(changes: _Changes, wanted: set[_Fact]) -> _Changes:
    return {
        level: {key: each for key, each in changes[level].items() if (level, key) in wanted}
        for level in LEVELS
    }


def _require(data: Plain) -> _Levels:
    found = _facts(data)
    assert found is not None, "a valid config whose columns have other names is valid"
    return found


def _facts(data: Plain) -> _Levels | None:
    config = _valid(data)
    return None if config is None else facts_of(config, plan_transform(config))


def _valid(data: Plain) -> ExperimentConfig | None:
    """Return the config, if code can be rendered of it."""
    checked = examine(plain_of(data))
    errors = (each for each in checked.report.errors if not is_ignorable(RULES[each.code]))
    return checked.config if next(errors, None) is None else None
