"""Stored rows to a config and a report: the first step of everything else in this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recgen.check import examine
from recgen.config import ExperimentConfig, FeatureConfig, ModelConfig
from recgen.contrib.ml_platform.account import UNREADABLE, Account
from recgen.contrib.ml_platform.crosses import refuse_products
from recgen.contrib.ml_platform.experiment import (
    FEATURE_FIELDS,
    MODEL_FIELDS,
    ROW_COLUMNS,
    as_examined,
    data_section,
    model_section,
    stored_features,
)
from recgen.contrib.ml_platform.layers import DEFAULT_HEAD
from recgen.contrib.ml_platform.plain import plain_row, sentence, whole_number
from recgen.contrib.ml_platform.report import (
    TRAINS_ALL_THE_SAME,
    condensed,
    in_words_of_the_page,
    relevant,
    with_proposals,
)
from recgen.findings import RecgenError, Report, show
from recgen.reading.plain import Plain

_ABOUT_THE_PIPELINE = frozenset(
    [
        "id",
        "pk",
        "experiment_name",
        "experiment_number",
        "data_sample_percent",
        "holdout_days",
        "train_days",
        "val_days",
        "test_days",
        "machine_type",
        "rating_column",
        "gpu_enabled",
        "gpu_type",
        "preemptible",
        "gpu_count",
        "use_gpu",
        "feature_config_id",
        "model_config_id",
        "dataset_id",
        "evaluator_config",
        "deployment_config",
        "name",
        "description",
        "train_steps",
        "eval_steps",
        "gcs_output_path",
    ]
)
_OVERRIDDEN = ("split_strategy", "date_column", "gpu_config", "catalogue_size")
_OF_GPUS = frozenset(["gpu_count", "gpu_type", "gpu_enabled", "machine_type", "preemptible"])
_DEFAULT_GPUS = 1


@dataclass(frozen=True)
class Reading:
    """Rows that were read.

    Attributes:
        config: The config, if nothing keeps it from being rendered.
        report: What there is to say, in few findings.
        full: All findings, one by one, with a fix where there is a proposal.
        account: What was ignored, decided, and what only a person knows.
        experiment: The experiment as plain data.
    """

    config: ExperimentConfig | None
    report: Report
    full: Report
    account: Account = field(default_factory=Account)
    experiment: Plain = field(default_factory=dict)


def read_rows(
    features: object,
    model: object = None,
    *,
    overrides: Mapping[str, object] | None = None,
    gpu_config: Mapping[str, object] | None = None,
    date_column: str | None = None,
    split_strategy: str | None = None,
    catalogue_size: int | None = None,
    legacy: bool = True,
) -> tuple[ExperimentConfig | None, Report]:
    """Return the config of stored or posted rows, and the report on it.

    Args:
        features: A feature config: what the page posts, a row as a mapping or JSON, or an object
            with its attributes, such as an instance of the Django model.
        model: A model config in one of these forms; without one, only the features are judged.
        overrides: What an experiment sets instead of the row: `epochs`, `batch_size`,
            `learning_rate`, or any other field of a model config.
        gpu_config: The `gpu_config` of an experiment or a training.
        date_column: Name, in the data, of the column with the time of the purchase.
        split_strategy: random, time_holdout or strict_time.
        catalogue_size: Approximate number of products.
        legacy: Whether the rows mean what they meant to the former generator: what it ignored is
            ignored, with one note. Otherwise they are read as any config.

    Returns:
        The config, None if it cannot be rendered; and the report, whose paths start with
        `features`, `model` or `data`. Nothing that a row holds raises an exception.
    """
    found = examine_rows(
        features,
        model,
        overrides=overrides,
        gpu_config=gpu_config,
        date_column=date_column,
        split_strategy=split_strategy,
        catalogue_size=catalogue_size,
        legacy=legacy,
    )
    return found.config, found.report


def examine_rows(
    features: object,
    model: object = None,
    *,
    overrides: object = None,
    legacy: bool = True,
    **about: object,
) -> Reading:
    """Return the same with all findings one by one; `about` are the other arguments."""
    account = Account()
    row = _row(features, FEATURE_FIELDS, "feature config", "features", account)
    settings = _row(model, MODEL_FIELDS, "model config", "model", account) if model else {}
    if account.errors:
        return _refused(account)
    settings |= _overrides(overrides, about, account)
    is_own = isinstance(features, FeatureConfig), isinstance(model, ModelConfig)
    experiment: Plain = {
        "features": (stored_features if legacy and not is_own[0] else _as_it_is)(row, account),
        "model": {},
        "data": data_section(
            about.get("split_strategy"),
            about.get("date_column"),
            whole_number(about.get("catalogue_size")),
            account,
        ),
    }
    if isinstance(name := row.get("name"), str):
        experiment["name"] = name
    if model:
        read = model_section if legacy and not is_own[1] else _as_it_is
        experiment["model"] = read(settings, account)
    elif experiment["features"].get("target_column"):
        experiment["model"] = {"model_type": "ranking", "rating_head_layers": list(DEFAULT_HEAD)}
    if legacy and experiment["model"].get("model_type", "retrieval") != "ranking":
        refuse_products(experiment["features"], account)
    _check_gpus(about.get("gpu_config"), account)
    return _examined(experiment, account, legacy=legacy, has_model=bool(model))


def _examined(experiment: Plain, account: Account, *, legacy: bool, has_model: bool) -> Reading:
    allowed = TRAINS_ALL_THE_SAME if legacy else ()
    examined = as_examined(experiment) if legacy else experiment
    found = examine(examined, allow=allowed)
    full = with_proposals(relevant(found.report), found.config.model if found.config else None)
    if not has_model:
        others = [f for f in full.findings if not f.path.startswith("model")]
        full = Report(tuple(others), full.source, full.text)
    if legacy:
        full = in_words_of_the_page(full)
        moved = [account.as_stored(each, examined["features"]) for each in full.findings]
        full = Report(tuple(moved), full.source, full.text)
    full = Report((*account.errors, *full.findings), full.source, full.text)
    report = condensed(full, account.notes()) if legacy else full
    return Reading(found.config if full.ok else None, report, full, account, experiment)


def _refused(account: Account) -> Reading:
    report = Report(tuple(account.errors))
    return Reading(None, report, report, account)


def _row(source: object, names: frozenset[str], what: str, section: str, account: Account) -> Plain:
    try:
        return plain_row(source, names, what)
    except RecgenError as error:
        account.refuse(UNREADABLE, (section,), error.message, sentence(error.help))
        return {}


def _as_it_is(row: Plain, account: Account) -> Plain:
    """Return a row without what is not a setting, for the library to read."""
    fields = FEATURE_FIELDS if "buyer_model_features" in row else MODEL_FIELDS
    return {key: row[key] for key in row if key in fields or key not in ROW_COLUMNS}


def _overrides(given: object, about: dict[str, object], account: Account) -> Plain:
    """Return the settings of a model that an experiment sets; other arguments go to `about`."""
    if not given:
        return {}
    row = _row(given, MODEL_FIELDS | set(_OVERRIDDEN), "overrides", "overrides", account)
    for key in _OVERRIDDEN:
        if row.get(key) and not about.get(key):
            about[key] = row[key]
    for key in sorted(row.keys() - MODEL_FIELDS - set(_OVERRIDDEN) - _ABOUT_THE_PIPELINE):
        account.ignore(f"`{key}` of the experiment", is_known=False)
    return {key: row[key] for key in row if key in MODEL_FIELDS and row[key] not in (None, "")}


def _check_gpus(given: object, account: Account) -> None:
    """Refuse a number of GPUs that no machine has; the trainer takes it from `custom_config`."""
    if not given:
        return
    config = _row(given, _OF_GPUS, "GPU config", "gpu_config", account)
    for key in sorted(config.keys() - _OF_GPUS):
        account.ignore(f"`{key}` of the GPU config", is_known=False)
    count = config.get("gpu_count")
    if count is None:
        count = _DEFAULT_GPUS
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        message = f"gpu_count is {show(count)}"
        help = "Write a whole number, 0 or more."
        account.refuse(UNREADABLE, ("gpu_config", "gpu_count"), message, help)
    elif count > 1:
        account.decide(f"a batch is divided among {show(count)} GPUs, one replica each")
