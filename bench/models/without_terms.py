"""What each term of a run's final layer contributes to recall. In a process of its own.

`python -m bench.models.without_terms RUN` trains the run's trainer again, and fits its final layer
once more without each group of terms, with what new pairs count in the fit that was chosen. The
model of the second training ranks the test's pairs with each of these weights. The last line that
is printed is JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from bench.models.tutorial import tensorflow

GROUPS = {
    "the towers' score": ("towers",),
    "the products' shares": ("share",),
    "their trend: the shares of recent rows": ("share_",),
    "all of what the buyer had": ("had",),
    "how often, and how long ago": ("had_often", "had_in_last_"),
    "what kind of buyer": ("had_among_many", "had_by_repeater"),
    "shares of what the buyer had": ("had_share",),
}
"""What is left out, and how the names of these weights begin."""
_MEASURE = "recall_at_100"


class _EndError(Exception):
    """The test is measured."""


def measure(run: Path) -> dict[str, Any]:
    """Returns recall with and without each group by view, and what the fit takes."""
    tensorflow()
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    module = load_module(run / "trainer_module.py")
    runtime, fits, found = module.runtime, {}, {}

    class Fit(runtime.FinalFit):  # type: ignore[misc, name-defined]
        def best(self, measure: str) -> dict[str, Any]:
            began = time.process_time()
            best: dict[str, Any] = super().best(measure)
            found["fit_s"] = time.process_time() - began
            fits["nothing"] = best["weights"]
            for name, beginnings in GROUPS.items():
                is_left_out = [each.startswith(beginnings) for each in self.layer.names]
                fits[name] = without(self, is_left_out, best)
            self.layer.assign(best["weights"], self.shares)
            return best

    def measure_test(self: Any, model: Any) -> None:
        counting, products = self.counting, len(self.catalogue.indices)
        most = runtime.TEST_SCORES // products
        evaluation = runtime.Evaluation(
            counting, self.test, self.params["half_lives"], self.settings.seed, most
        )
        queries, ranks = evaluation.queries(model), {}
        shares = counting.log_shares(model.final_layer.days)
        for name, weights in fits.items():
            model.final_layer.assign(weights, shares)
            ranks[name] = evaluation.of_model(model, queries)
        found["pairs"] = len(evaluation.pairs)
        for view in ranks["nothing"]:
            of_view = {name: own[view] for name, own in ranks.items()}
            for name, own in evaluation.summarize(of_view, view).items():
                found.setdefault("without", {}).setdefault(name, {})[view] = own[_MEASURE]
        raise _EndError

    with (
        tempfile.TemporaryDirectory(dir=run) as folder,
        mock.patch.object(runtime, "FinalFit", Fit),
        mock.patch.object(runtime.RetrievalTraining, "measure_test", measure_test),
        suppress(_EndError),
    ):
        metrics = json.loads((run / "training_metrics.json").read_text("utf-8"))
        arguments = fn_args(run, {"seed": metrics["params"]["seed"]})
        arguments.serving_model_dir = f"{folder}/serving_model"
        arguments.model_run_dir = folder
        module.run_fn(arguments)
    return found


def without(fit: Any, is_left_out: list[bool], best: dict[str, Any]) -> dict[str, float]:
    """Returns the weights of a FinalFit without some of its terms, by name."""
    import numpy as np

    kept = ~np.array(is_left_out)
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(fit, "start", fit.start * kept))
        for each in fit.moments:
            patches.enter_context(mock.patch.object(each, "loss", _of(each.loss, kept)))
        way = fit.weights(best["new_pairs_count"]) - fit.start
        weights = fit.start + best["part"] * way
    return dict(zip(fit.layer.names, weights.tolist(), strict=True))


def _of(loss: Any, kept: Any) -> Any:
    """Returns `loss`, whose derivatives by all weights but the kept ones are 0."""

    def own(*data: Any) -> tuple[Any, Any, Any]:
        value, gradient, hessian = loss(*data)
        return value, gradient * kept, hessian * kept[:, None] * kept

    return own


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
