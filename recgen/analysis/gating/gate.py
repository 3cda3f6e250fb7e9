"""Judging whether a model may be served: its training, its baselines, its champion, its clients."""

from __future__ import annotations

from collections.abc import Sequence

from recgen.analysis.causes.base import figure
from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import Diagnosis
from recgen.analysis.facts import Facts
from recgen.analysis.gating.blessing import Blessing, Check
from recgen.analysis.gating.minimum import Minimum
from recgen.analysis.kinds import Figure, Judged
from recgen.analysis.paired import Distance, distance
from recgen.analysis.run import CONFIG, Run
from recgen.analysis.tested import tested
from recgen.changes import breaking
from recgen.config import ExperimentConfig
from recgen.findings import ConfigError
from recgen.plan.levels import digests_of
from recgen.plan.transform import plan_transform

_SHOWN = 3  # differences in a sentence
_USABLE = "the champion's clients can use it"


def gate(run: Run, champion: Run | None = None, minimums: Sequence[Minimum] = ()) -> Blessing:
    """Return whether a model may be served, with a reason for each condition.

    What cannot be told, because it was not measured, is a condition that is not met: a platform
    serves what is blessed.

    Args:
        run: The training whose model is to be served.
        champion: The training whose model is served today.
        minimums: Conditions on figures of the test.
    """
    facts, diagnosis = Facts(run), diagnose(run)
    checks = [_trained(run, facts, diagnosis), _better(facts)]
    if champion is not None:
        checks += [_not_worse(facts, Facts(champion)), _compatible(run, champion)]
    checks += [_reached(facts, each) for each in minimums]
    metric, value, threshold = _decisive(facts, minimums)
    name = champion.path if champion else None
    return Blessing(run.path, name, tuple(checks), metric, value, threshold)


def _trained(run: Run, facts: Facts, diagnosis: Diagnosis) -> Check:
    name = "trained"
    if run.problem:
        return Check(name, False, f"the run has no result: {run.problem}")
    if facts.metrics.failed:
        return Check(name, False, f"the training failed: {_failure(facts)}")
    if not facts.metrics.epochs:
        return Check(name, False, "nothing was trained: there is no epoch in the metrics")
    if run.trained_here and not run.has_model:
        return Check(name, False, "the run has no model: there is no serving_model")
    if diagnosis.verdict in ("bad", "broken"):
        return Check(name, False, f"the verdict is {diagnosis.verdict}: {diagnosis.summary}")
    return Check(name, True, "the training did not fail")


def _failure(facts: Facts) -> str:
    return facts.params.failure or "it collapsed or became NaN"


def _better(facts: Facts) -> Check:
    """Compare with what needs no model, as `diagnose` and `train` do."""
    name, judged = "baseline", facts.judged
    if judged is None or judged.baseline is None:
        help = "train with a test split, so that the baselines are measured"
        return Check(name, False, f"no figure can be compared with a baseline; {help}")
    if judged.split != "test":
        return Check(name, False, f"only validation rows were measured: {_against(judged)}")
    views = [judged, *facts.kind.others]
    if facts.kind.beats_counting:
        won = next((each for each in views if each.beats_baseline), judged)
        return Check(name, True, f"better than the best baseline: {_against(won)}")
    return Check(
        name, False, f"no better than the best baseline: {'; '.join(map(_against, views))}"
    )


def _against(judged: Judged) -> str:
    """Return the figures of the model and of the best baseline, with the noise."""
    own = f"{judged.name} is {figure(judged.own)}"
    if judged.baseline is None:
        return own
    return f"{own}, {judged.rival} {figure(judged.baseline)} (noise ±{figure(judged.noise)})"


def _not_worse(own: Facts, champion: Facts) -> Check:
    name = "champion"
    if champion.run.problem:
        return Check(name, False, f"the champion has no result: {champion.run.problem}")
    if champion.metrics.failed:
        return Check(name, False, f"the champion's training failed: {_failure(champion)}")
    if own.kind.headlines and type(own.kind) is not type(champion.kind):
        return Check(name, False, "the champion is another kind of model, with other figures")
    reason = _other_rows(own, champion)
    if reason is not None:
        return Check(name, False, f"it cannot be compared with the champion: {reason}")
    names = [each for each in own.kind.headlines if each in own.kind.figures]
    pairs = {
        each: (own.kind.figures[each], champion.kind.figures[each])
        for each in names
        if each in champion.kind.figures
    }
    if not pairs:
        return Check(name, False, "no figure of the test is in both files, of run and champion")
    # Each of several figures may be lower by chance.
    apart = {each: _apart(*figures, len(pairs)) for each, figures in pairs.items()}
    beside = {each: _beside(each, *pairs[each], apart[each]) for each in pairs}
    worse = [beside[each] for each in pairs if apart[each].is_clear and apart[each].value < 0]
    if worse:
        return Check(name, False, f"worse than the champion: {'; '.join(worse)}")
    return Check(name, True, f"not worse than the champion: {next(iter(beside.values()))}")


def _other_rows(own: Facts, champion: Facts) -> str | None:
    """Return why the runs were not tested on the same rows, if they were not."""
    measured = [bool(each.kind.rows("test") or each.kind.tests) for each in (own, champion)]
    if not all(measured):
        return "one of them was not tested" if any(measured) else "neither was tested"
    same = tested([own, champion], [False, False])
    if same.left_out or len(same.alike) < 2:
        why = same.left_out[0].why if same.left_out else "the files do not say on which rows"
        return f"they were tested on different rows ({why})"
    return None


def _apart(own: Figure, champion: Figure, count: int) -> Distance:
    """Return by how much a figure is better than the champion's."""
    figures = (champion, own) if own.is_error else (own, champion)
    first, second = ((each.interval, each.sums) for each in figures)
    return distance(first, second, count)


def _beside(name: str, own: Figure, champion: Figure, apart: Distance) -> str:
    values = [figure(each.interval.value) for each in (own, champion)]
    how = f"not in pairs: {apart.unpaired}" if apart.unpaired else "in pairs of the same buyers"
    is_known = apart.noise or not apart.unpaired
    noise = f"noise ±{figure(apart.noise)}, {how}" if is_known else "noise unknown"
    return f"{name} is {values[0]}, the champion's {values[1]} ({noise})"


def _compatible(run: Run, champion: Run) -> Check:
    """Check that clients of the champion can use the model."""
    name = "clients"
    unknown = "whether clients can use the model is unknown: "
    digests = [_client_digest(each) for each in (run, champion)]
    if None not in digests and digests[0] == digests[1]:
        return Check(name, True, _USABLE)
    for each, words in ((run, "the run"), (champion, "the champion")):
        if each.config is None:
            return Check(name, False, f"{unknown}{words} has no {CONFIG} that can be read")
        if _is_changed(each, each.config):
            what = f"the {CONFIG} of {words} is not that of its training"
            return Check(name, False, f"{unknown}{what}")
    try:
        found = breaking(champion.config, run.config, deployed=True)
    except ConfigError as error:
        return Check(name, False, f"{unknown}{error.report.errors[0].message}")
    errors = [each for each in found.differences if each.severity == "error"]
    if not errors:
        return Check(name, True, _USABLE)
    told = [f"{each.message} ({each.code})" for each in errors[:_SHOWN]]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return Check(name, False, f"it breaks the champion's clients: {'; '.join(told)}{more}")


def _client_digest(run: Run) -> str | None:
    return (run.metrics.params.digests or {}).get("client")


def _is_changed(run: Run, config: ExperimentConfig) -> bool:
    """Return whether clients see another model than that of the config beside it."""
    trained = _client_digest(run)
    return trained is not None and trained != digests_of(config, plan_transform(config))["client"]


def _reached(facts: Facts, minimum: Minimum) -> Check:
    name = "minimum"
    try:
        found, value = minimum.figure(facts.metrics.final_metrics)
    except KeyError as error:
        near = f"; near names are {', '.join(map(repr, error.args))}" if error.args else ""
        return Check(name, False, f"there is no {minimum.name!r} in final_metrics{near}")
    if value is None:
        return Check(name, False, f"{found} was not measured")
    holds = minimum.holds(value)
    word = "is" if holds else "is not"
    text = f"{found} is {figure(value)}, which {word} {minimum.comparison} {minimum.bound:g}"
    return Check(name, holds, text)


def _decisive(facts: Facts, minimums: Sequence[Minimum]) -> tuple[str, float | None, float | None]:
    """Return the figure that a platform shows, its value and what it is compared with."""
    for minimum in minimums:
        try:
            return *minimum.figure(facts.metrics.final_metrics), minimum.bound
        except KeyError:
            continue
    judged = facts.judged
    return (judged.name, judged.own, judged.baseline) if judged else ("", None, None)
