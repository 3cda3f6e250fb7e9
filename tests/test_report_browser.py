"""The page in a browser: with every text an attack, no script runs and nothing is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import Plain
from pages import MARKUP, attacked

from recgen.analysis import load_run
from recgen.analysis.report import report_page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZE = 50  # attacks of a page

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium; none of its names is on the path"),
    pytest.mark.slow,
]


class Server:
    """Serves one page, and notes everything that is asked for."""

    def __init__(self) -> None:
        self.page = ""
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                content = outer.page.encode() if self.path == "/page" else b""
                self.send_response(200 if content else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.stop()


def opened(server: Server, page: str, profile: Path) -> str:
    """Returns the document that the browser has made of a page, once it is at rest."""
    server.page, server.asked = page, []
    assert CHROMIUM is not None
    result = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=3000"),
            *("--dump-dom", f"{server.address}/page"),
        ],
        capture_output=True,
        timeout=100,  # a dialog waits for ever,
        check=True,
    )
    return result.stdout.decode("utf-8", errors="replace")


def without_policy(page: str) -> str:
    """Returns the page as a browser would take it that knows no such policy."""
    changed = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>\n", "", page)
    assert changed != page
    return changed


def hostile_page(folder: Path, attacks: dict[str, str], server: Server, experiment: Plain) -> str:
    runs = []
    for place, attack in enumerate(attacks.values()):
        text = attack.replace("ATTACKER", server.address)
        run = attacked(folder / f"{place}", text, experiment)
        runs.append(load_run(run.path))
    return report_page(runs)


def _parts() -> list[dict[str, str]]:
    every = [*ATTACKS.items(), *MARKUP.items()]
    return [dict(every[start : start + SIZE]) for start in range(0, len(every), SIZE)]


@pytest.mark.parametrize("attacks", _parts(), ids=lambda attacks: next(iter(attacks)))
def test_escaping_alone_keeps_attacks_from_acting(attacks, server, tmp_path, experiment):
    page = hostile_page(tmp_path, attacks, server, experiment)
    document = opened(server, without_policy(page), tmp_path / "profile")
    assert server.asked == ["/page"]
    assert "data-owned" not in document.partition(">")[0] + document[:2000]
    assert "<script" not in document
    assert "<iframe" not in document
    assert document.count('<details class="run"') == len(attacks)


def test_with_its_policy_too(server, tmp_path, experiment):
    page = hostile_page(tmp_path, MARKUP, server, experiment)
    document = opened(server, page, tmp_path / "profile")
    assert server.asked == ["/page"]
    assert "data-owned" not in document[:2000]


@pytest.mark.parametrize("kind", ["script", "image", "fetched image", "refresh"])
def test_such_attacks_act_where_nothing_is_escaped(kind, server, tmp_path):
    attack = re.sub(r"alert\(\d\)", "0", MARKUP[kind].replace("ATTACKER", server.address))
    document = opened(server, f"<!DOCTYPE html><body>{attack}", tmp_path / "profile")
    assert 'data-owned="1"' in document or len(server.asked) > 1


def test_the_policy_alone_keeps_a_script_from_running(server, tmp_path, experiment):
    page = hostile_page(tmp_path, {"plain": "x"}, server, experiment)
    script = MARKUP["script"].replace("alert(1)", "0") + f'<img src="{server.address}/image">'
    broken = page.replace("<main>", f"<main>{script}")
    assert "data-owned" not in opened(server, broken, tmp_path / "profile")[:2000]
    assert server.asked == ["/page"]
    document = opened(server, without_policy(broken), tmp_path / "other")
    assert 'data-owned="1"' in document[:2000]
    assert "/image" in server.asked
