"""Part of training_metrics.json with the settings of the training, and how it failed if it did."""

from __future__ import annotations

from pydantic import model_validator

from recgen.metrics.parts import BASELINES, FailureKind, MetricsPart, Part


class Params(MetricsPart):
    """Settings of the training, and how it failed if it did."""

    name: str | None = None
    config_digest: str | None = None
    """Identifies the config, as in the header of the generated modules."""
    digests: dict[str, str] | None = None
    """By level of `recgen breaking` (`client`, …): the same as long as nothing changes there."""
    model_type: str | None = None
    optimizer: str | None = None
    epochs: int | None = None
    """Number of epochs in the settings."""
    batch_size: int | None = None
    learning_rate: float | None = None
    embedding_dim: int | None = None
    seed: int | None = None
    candidates: int | None = None
    """Number of products that can be recommended."""
    train_rows: int | None = None
    eval_rows: int | None = None
    validated_rows: int | None = None
    """Number of validation rows by which epochs are compared: all of them, or a sample."""
    test_rows: int | None = None
    tested_rows: int | None = None
    """Number of test rows on which the model was tested: all of them, or a sample."""
    unknown_products: dict[str, float] | None = None
    """Share of rows of each split (`eval`) whose product is not in the rows of the first
    training."""
    unknown_buyers: dict[str, float] | None = None
    """The same of the buyer."""
    unknown_ids: dict[str, dict[str, float]] | None = None
    """Share of rows of each split whose buyer or product is in no vocabulary, by column."""
    histories: dict[str, dict[str, float]] | None = None
    """A sample of training rows' lists: `empty` ones, mean `length`, with the `own_product`."""
    steps_per_epoch: int | None = None
    negatives: str | None = None
    """Negatives: in_batch, mixed or full_catalogue."""
    retrieval_weight: float | None = None
    """Multitask only: the weight of the task's loss, relative to that of equal scores."""
    ranking_weight: float | None = None
    """Multitask only: the same, relative to the loss of the best constant."""
    starved_task: str | None = None
    """Multitask only: the task of which nothing was learnt, if the other was."""
    loss_function: str | None = None
    """Of models that predict a target: mse, huber or binary_crossentropy."""
    is_binary_labels: bool = False
    """Of models that predict a target: whether the target is 0 or 1."""
    without_target: dict[str, float] | None = None
    """Of models that predict a target: rows of each split that have none, on which only retrieval
    learns."""
    monitored: str | None = None
    """The measure that tells models apart and determined the best epoch: `recall_at_<k>`, or
    `mrr`, the mean reciprocal rank, where lists of any length are too easy; `loss` of ranking."""
    kept_by: str | None = None
    """What determined the best epoch, if it is not that measure: `both_tasks` of multitask, the
    mean of the monitored measure and of the share of the best constant's loss that predictions
    avoid, weighted like the tasks."""
    monitored_k: int | None = None
    """The k of the monitored recall, in files of older trainers."""
    half_lives: dict[str, dict[str, float | None]] | None = None
    """Days after which a row counts half in each baseline, by what is counted; null: no decay."""
    best_epoch: int | None = None
    best_recall: float | None = None
    """Validation value of the monitored measure in the best epoch."""
    best_of_both: float | None = None
    """Multitask only: the highest validation value of `both_tasks`, that of the best epoch."""
    best_loss: float | None = None
    """Ranking only: the lowest validation loss, that of the best epoch."""
    stopped_early: bool = False
    status: str | None = None
    """How the run ended, in the words of a platform's database: `completed`, `cancelled`."""
    refit_epochs: int | None = None
    """Epochs of the second training, on validation rows too, and of the third, on test rows too."""
    measured_rows: int | None = None
    """Number of rows that the model was trained on whose test is in this file."""
    measured_unknown_products: float | None = None
    """Share of test rows whose product that model does not know."""
    served_rows: int | None = None
    """Number of rows that the saved model was trained on."""
    at_chance: bool = False
    """Whether the loss stayed that of chance, in a training too short to call it a failure."""
    failure: str | None = None
    """Why training was stopped, in a sentence."""
    failure_kind: FailureKind | None = None
    failure_epoch: int | None = None
    gradient_collapse_detected: bool = False
    collapsed_towers: list[Part] = []
    gradient_collapse_epoch: int | None = None
    nan_detected: bool = False
    nan_epoch: int | None = None

    @property
    def measure(self) -> str | None:
        """The monitored measure, of older trainers too."""
        older = None if self.monitored_k is None else f"recall_at_{self.monitored_k}"
        return self.monitored or older

    @property
    def baselines(self) -> dict[str, str]:
        """What each baseline is, in words; one with decay only if a half-life was chosen."""
        found = {who: _described(who, (self.half_lives or {}).get(who, {})) for who in BASELINES}
        return {who: words for who, words in found.items() if words}

    @property
    def given(self) -> dict[str, object]:
        """All parameters in the file, including those unknown to the model."""
        return self.model_dump(exclude_unset=True, exclude_none=True)

    @model_validator(mode="after")
    def _explained(self) -> Params:
        if self.gradient_collapse_detected and self.gradient_collapse_epoch is None:
            raise ValueError("a collapse was detected, but gradient_collapse_epoch is missing")
        return self


def _described(who: str, days: dict[str, float | None]) -> str | None:
    """Return a baseline in words; None for one that should decay and does not."""
    words = who.removesuffix("_recent").replace("_", " ")
    if words == who.replace("_", " "):
        return words
    own, popular = days.get("own_history"), days.get("popularity")
    if own is None and popular is not None and words != "popularity":
        return f"{words}, then popularity with a half-life of {popular:g} days"
    half_life = popular if words == "popularity" else own
    return None if half_life is None else f"{words} with a half-life of {half_life:g} days"
