"""Plan of the gate in a TFX pipeline: what its Evaluator measures, and what a model must reach."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.config import ExperimentConfig, Gate
from recgen.plan.columns import predicted
from recgen.plan.constants import Constant


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What the Evaluator measures and requires.

    Attributes:
        product: The column with the product's ID, if the model finds products.
        target: The column of what it predicts, if it does.
        is_chance: Whether that is the chance of a 1.
        judges_lists: Whether the recall decides.
        judges_ratings: Whether predictions decide.
        k: How many products of a list count.
        better_than_current: Whether a model must not be worse than the last one.
        slices: Columns by whose values the metrics are told.
    """

    product: str | None
    target: str | None
    is_chance: bool
    judges_lists: bool
    judges_ratings: bool
    k: int
    better_than_current: bool
    slices: tuple[str, ...]
    least_recall: float | None
    most_rmse: float | None
    least_auc: float
    calibration: tuple[float, float] | None

    @property
    def limits(self) -> tuple[Constant, ...]:
        """The constants of the module."""
        found = (
            self.product and Constant("TOP_K", self.k),
            self.product and Constant("PRODUCT", self.product),
            self.target and Constant("TARGET", self.target),
            self.has_least_recall and Constant("LEAST_RECALL", self.least_recall),
            self.has_most_rmse and Constant("MOST_RMSE", self.most_rmse),
            self.judges_auc and Constant("LEAST_AUC", self.least_auc, "0.5 is that of a constant"),
            self.has_calibration
            and Constant("CALIBRATION", self.calibration, "sum of predictions / sum of targets"),
        )
        return tuple(each for each in found if each)

    @property
    def has_least_recall(self) -> bool:
        """Whether a recall is required beside that of popularity."""
        return self.judges_lists and self.least_recall is not None

    @property
    def judges_rmse(self) -> bool:
        """Whether the error of amounts decides."""
        return self.judges_ratings and not self.is_chance

    @property
    def judges_auc(self) -> bool:
        """Whether the order of chances decides."""
        return self.judges_ratings and self.is_chance

    @property
    def has_most_rmse(self) -> bool:
        """Whether an error is given that a model may have."""
        return self.judges_rmse and self.most_rmse is not None

    @property
    def compares_lists(self) -> bool:
        """Whether the recall is compared with that of the last model."""
        return self.judges_lists and self.better_than_current

    @property
    def compares_rmse(self) -> bool:
        """Whether the error is."""
        return self.judges_rmse and self.better_than_current

    @property
    def compares_auc(self) -> bool:
        """Whether the AUC is."""
        return self.judges_auc and self.better_than_current

    @property
    def has_calibration(self) -> bool:
        """Whether the calibration decides."""
        return self.judges_ratings and self.calibration is not None


def plan_gate(config: ExperimentConfig, gate: Gate | None) -> GatePlan | None:
    """Return the plan; None without a gate."""
    if gate is None:
        return None
    target, within = predicted(config), gate.calibration_within
    return GatePlan(
        product=config.features.product_id if config.model.model_type != "ranking" else None,
        target=target.output_name if target else None,
        is_chance=config.model.loss_function == "binary_crossentropy",
        judges_lists=gate.metric in (None, "recall"),
        judges_ratings=gate.metric != "recall",
        k=gate.k,
        better_than_current=gate.better_than_current,
        slices=gate.slices,
        least_recall=gate.at_least,
        most_rmse=gate.rmse_at_most,
        least_auc=gate.auc_at_least or 0.5,
        calibration=(round(1 - within, 12), round(1 + within, 12)) if within else None,
    )
