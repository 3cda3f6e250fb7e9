"""Metrics of a training: the model of training_metrics.json, and reading such files."""

from recgen.metrics.account import Account, Unknown
from recgen.metrics.evaluation import (
    Bin,
    BuyerGroups,
    Calibration,
    Evaluated,
    Evaluation,
    FinalLayerFit,
    Interval,
    RatingEvaluation,
)
from recgen.metrics.model import FILE_NAME, TrainingMetrics
from recgen.metrics.params import Params
from recgen.metrics.parts import (
    BASELINES,
    BINS,
    PARTS,
    TOWERS,
    VIEWS,
    Health,
    Histogram,
    Series,
    Tower,
)
from recgen.metrics.reading import MetricsFile, read_metrics

__all__ = [
    "BASELINES",
    "BINS",
    "FILE_NAME",
    "PARTS",
    "TOWERS",
    "VIEWS",
    "Account",
    "Bin",
    "BuyerGroups",
    "Calibration",
    "Evaluated",
    "Evaluation",
    "FinalLayerFit",
    "Health",
    "Histogram",
    "Interval",
    "MetricsFile",
    "Params",
    "RatingEvaluation",
    "Series",
    "Tower",
    "TrainingMetrics",
    "Unknown",
    "read_metrics",
]
