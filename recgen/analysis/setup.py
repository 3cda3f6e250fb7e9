"""How a run was trained: its settings, what `recgen check` finds in them, and its products."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from recgen.analysis.older import Source, is_older, module_of, source_of, unwritten
from recgen.analysis.run import Run
from recgen.analysis.trained import findings_of, trained_config
from recgen.analysis.trainer_module import TrainerModule
from recgen.config import SIDES, ExperimentConfig, ModelConfig
from recgen.findings import Finding
from recgen.metrics import Params, TrainingMetrics
from recgen.optimizers import OPTIMIZERS, OptimizerInfo


class Setup:
    """What is known of a run before its first step; the rest is None or empty."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.metrics: TrainingMetrics = run.metrics
        self.params: Params = run.metrics.params
        self.config: ExperimentConfig | None = trained_config(run)
        self.model: ModelConfig | None = self.config.model if self.config else None

    @cached_property
    def requested_epochs(self) -> int | None:
        """Number of epochs that were requested."""
        return self.params.epochs or (self.model.epochs if self.model else None)

    @cached_property
    def rate(self) -> float | None:
        """The learning rate, from the trainer's parameters or else from the config."""
        rate = self.params.learning_rate
        return rate if rate is not None else self.model.learning_rate if self.model else None

    @cached_property
    def optimizer(self) -> str | None:
        """The optimizer's name in lower case."""
        if self.params.optimizer:
            return self.params.optimizer.lower()
        return self.model.optimizer if self.model else None

    @cached_property
    def optimizer_info(self) -> OptimizerInfo | None:
        """Facts of the optimizer; None if recgen does not know it."""
        return OPTIMIZERS.get(self.optimizer or "")

    @cached_property
    def batch_size(self) -> int | None:
        """Rows in a batch."""
        return self.params.batch_size or (self.model.batch_size if self.model else None)

    @cached_property
    def depth(self) -> int | None:
        """Dense layers of the deeper tower, including a projection; None without a config."""
        return max(map(self.model.depth_of, SIDES)) if self.model else None

    @cached_property
    def all_findings(self) -> tuple[Finding, ...]:
        """What `recgen check` finds in the config, and in the data if it was compared."""
        with_data = self.run.evidence.findings
        return findings_of(self.run, self.config) if with_data is None else with_data

    @property
    def has_data(self) -> bool:
        """Whether `recgen check` compared the config with the data."""
        return self.run.evidence.findings is not None

    def findings(self, *codes: str) -> tuple[Finding, ...]:
        """Return the findings of `recgen check` with these codes, in the config and the data."""
        return tuple(finding for finding in self.all_findings if finding.code in codes)

    @cached_property
    def trainer(self) -> TrainerModule | None:
        """What the module of a trainer that recgen did not write does."""
        return module_of(self.run)

    @cached_property
    def stops_early(self) -> bool | None:
        """Whether the trainer can end a training before its last epoch; None if unknown.

        Older trainers train all epochs, unless their module says something else.
        """
        if self.trainer and self.trainer.stops_early:
            return self.trainer.stops_early.value
        return False if is_older(self.run) else None

    def lacks(self, setting: str) -> bool:
        """Return whether a setting of the model is known to be off: null or false."""
        if self.model is not None:
            return not getattr(self.model, setting)
        known = unwritten(self.run).get(setting)
        return known is not None and not known[0]

    def source_of(self, setting: str) -> Source:
        """Return where a setting of the model, such as `gradient_clip_norm`, is from."""
        return source_of(self.run, setting)

    @cached_property
    def product_vocabulary(self) -> int | None:
        """Entries of the vocabulary of the product's ID, or of what the trainer takes for it."""
        name = self.run.config.features.product_id if self.run.config else None
        if self.trainer and self.trainer.product_column:
            name = self.trainer.product_column.value
        return self.run.vocabularies.get(f"{name}_vocab")

    @cached_property
    def candidates(self) -> int | None:
        """Number of candidates, which may hold a product more than once."""
        return self.params.candidates or self.run.products or self.product_vocabulary

    @cached_property
    def products(self) -> int | None:
        """Number of products to choose from: the reader's, the metrics', or the vocabulary's."""
        if self.run.products:
            return self.run.products
        known = [count for count in (self.params.candidates, self.product_vocabulary) if count]
        return min(known, default=None)

    @cached_property
    def unknown_products(self) -> Mapping[str, float]:
        """Share of rows of each split whose product is unknown to the model that was measured.

        `unknown_products` is of the first training. If there was a second one, on validation rows
        too, older files do not say what was unknown to that: what was new in the validation is
        then known, and taken to be as frequent in the test.
        """
        shares = dict(self.params.unknown_products or {})
        measured = self.params.measured_unknown_products
        if measured is not None:
            shares["test"] = measured
        elif self.params.refit_epochs and "test" in shares:
            shares["test"] = max(shares["test"] - shares.get("eval", 0.0), 0.0)
        return shares

    @cached_property
    def is_mean_loss(self) -> bool:
        """Whether the loss is a mean over rows, as the generated trainer's is."""
        return self.run.file.version is not None
