"""LitServe and MLServer serve a model by the files of examples/serving, as docs/serving.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from runs import Run
from serving_page import LEAST, blocks, bodies, caller, inferred, served, trained

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.one_stack]

for name in ("litserve", "mlserver"):
    pytest.importorskip(name, reason="needs the extra `serve`")

EXAMPLES = Path(__file__).parents[1] / "examples" / "serving"


@pytest.fixture(scope="module")
def model(make_run: Callable[..., Run]) -> Path:
    return trained(make_run)


@pytest.fixture(scope="module")
def recommend(model: Path) -> Callable[..., dict[str, Any]]:
    return caller(model)


def require_same(found: Any, wanted: Any) -> None:
    """Compares answers; floats of other batches differ in their last digits."""
    near = [
        pytest.approx(each, rel=1e-4) if isinstance(each, float) else each for each in flat(wanted)
    ]
    assert flat(found) == near


def flat(answer: Any) -> list[Any]:
    """Returns what an answer has, with its names, in one list."""
    if isinstance(answer, dict):
        return [each for name in sorted(answer) for each in (name, *flat(answer[name]))]
    if isinstance(answer, list):
        return [each for item in answer for each in flat(item)]
    return [answer]


def _post(url: str, body: str) -> Any:
    with urlopen(Request(url, body.encode(), {"Content-Type": "application/json"})) as reply:
        return json.load(reply)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Returns a function that starts a server in a folder and waits until it is ready."""
    running: list[subprocess.Popen[bytes]] = []

    def started(command: list[str], ready: str) -> None:
        # Its log is shown if the test fails.
        server = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
        running.append(server)
        while server.poll() is None:
            with suppress(OSError):
                urlopen(ready).close()
                return
            time.sleep(1)
        raise AssertionError(f"{command} ended with {server.returncode}")

    yield started
    for server in running:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


def test_litserve_answers_the_bodies_of_rest(
    model: Path, recommend: Any, start: Callable[..., None]
) -> None:
    (port,) = _free_ports(1)
    server = str(EXAMPLES / "litserve_server.py")
    start(
        [sys.executable, server, str(model), "shop", f"{port}"], f"http://127.0.0.1:{port}/health"
    )
    url = f"http://127.0.0.1:{port}/v1/models/shop:predict"
    of_shell = [re.findall(r"-d '(.*?)'", block, re.DOTALL)[0] for block in blocks("sh")]
    for body in [*of_shell, *bodies("serve_ranking"), *bodies("serve_reranked")]:
        require_same(_post(url, body), served(body, recommend))
    with_nulls, _ = bodies("serve_filtered")
    null = {"country": "", "age": float("nan"), "joined_at": LEAST, "past": ["", ""]}
    request = json.loads(with_nulls)
    request["instances"][0]["only_product_ids"] = [""] * 3
    request["instances"][1] |= {**null, "exclude_product_ids": ["", ""]}
    require_same(_post(url, with_nulls), served(json.dumps(request), recommend))
    misspelt = with_nulls.replace('"age": null', '"aeg": null')
    with pytest.raises(HTTPError) as caught:
        _post(url, misspelt)
    assert caught.value.code == 422
    assert "'aeg'" in caught.value.read().decode()


def test_mlserver_answers_the_body_of_kserves_protocol(
    model: Path, recommend: Any, start: Callable[..., None], tmp_path: Path
) -> None:
    shutil.copy(EXAMPLES / "mlserver_runtime.py", tmp_path)
    (settings,) = (block for block in blocks("json") if '"implementation"' in block)
    settings = settings.replace("runs/shop/serving_model", str(model))
    (tmp_path / "model-settings.json").write_text(settings, "utf-8")
    names = ("http_port", "grpc_port", "metrics_port")
    ports = dict(zip(names, _free_ports(3), strict=True))
    plain = {"host": "127.0.0.1", "parallel_workers": 0, **ports}
    (tmp_path / "settings.json").write_text(json.dumps(plain), "utf-8")
    url = f"http://127.0.0.1:{ports['http_port']}/v2/models/shop"
    start([str(Path(sys.executable).with_name("mlserver")), "start", "."], f"{url}/ready")
    _, body = bodies("serve_filtered")
    answer = {each["name"]: each for each in _post(f"{url}/infer", body)["outputs"]}
    assert answer["product_ids"]["shape"] == [2, 5]
    found = {name: np.reshape(each["data"], each["shape"]) for name, each in answer.items()}
    lists = {name: values.tolist() for name, values in found.items()}
    require_same(lists, inferred(body, recommend))
    with pytest.raises(HTTPError) as caught:
        _post(f"{url}/infer", body.replace('"age"', '"aeg"'))
    assert caught.value.code == 400
    assert "'aeg'" in caught.value.read().decode()
