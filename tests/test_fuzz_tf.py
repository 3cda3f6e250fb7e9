"""A sample of the drawn configs trains: data of all drawn columns, transformed, and one step."""

from __future__ import annotations

import functools
import math
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from configs import experiments, mended
from fuzzing import tried
from hypothesis import Phase, given, settings
from runs import Run
from strategies import Plain
from synthetic import random_table

from recgen.check import check, load

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

_LARGEST = 1000  # of any number in a config: wider is only slower


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        count = metafunc.config.getoption("--train-samples")
        metafunc.parametrize("number", range(count), ids=[f"sample {n + 1}" for n in range(count)])


@pytest.fixture
def plain(pytestconfig: pytest.Config, number: int) -> Plain:
    return samples(pytestconfig.getoption("--train-samples"))[number]


@functools.cache
def samples(count: int) -> list[Plain]:
    """Returns drawn configs that pass the check, always the same ones, each with much in it."""
    found: list[Plain] = []

    @settings(max_examples=40 * count, derandomize=True, phases=[Phase.generate], database=None)
    @given(experiments())
    def collect(plain: Plain) -> None:
        small = mended(smaller(plain))
        small.setdefault("model", {})["retrieval_algorithm"] = "brute_force"  # for each TensorFlow
        if check(small).ok:
            found.append(small)

    collect()
    rich = sorted(found, key=lambda plain: -len(str(plain)))[: 4 * count]
    return random.Random(count).sample(rich, count)


def smaller(value: Any) -> Any:
    """Returns plain data without large numbers."""
    if isinstance(value, dict):
        return {key: smaller(part) for key, part in value.items()}
    if isinstance(value, list):
        return [smaller(part) for part in value]
    is_large = isinstance(value, int) and not isinstance(value, bool) and value > _LARGEST
    return _LARGEST if is_large else value


def test_a_drawn_config_trains_a_step(make_run: Callable[..., Run], plain: Plain) -> None:
    tried["valid: trains a step"] += 1
    run = make_run(plain, random_table(load(plain)))
    try:
        assert math.isfinite(run.built(batch_size=32).step()["loss"])
    except ValueError as refused:  # random lists may have no item that the config keeps
        if not re.search(r"of the lists in .* are empty", str(refused), re.DOTALL):
            raise
