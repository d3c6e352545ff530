"""The sandbox provider as a process of its own, and fixtures that connect the market to it."""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Sandbox:
    """A running provider; `url` is what the market calls."""

    def __init__(self, folder: Path):
        self.folder = folder
        command = [sys.executable, "-m", "sandboxgateway", "--port=0", f"--data={folder}", "--control"]
        command.append(f"--merchant-keys={folder}")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        self.port = int(said.rpartition(":")[2])
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/sandbox-pay"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def mischief(self, **knobs) -> None:
        """Ask for drop, delay, repeat, change, forge; without knobs all is well again."""
        self._post_json("/control", knobs)

    def force_paid(self, reference: str) -> None:
        """Let money come in whatever the state."""
        self._post_json("/control/pay", {"reference": reference})

    def counts(self) -> dict:
        with urllib.request.urlopen(f"{self.origin}/control", timeout=5) as response:
            return json.load(response)

    def token_of(self, pay_url: str) -> str:
        with urllib.request.urlopen(self.origin + pay_url, timeout=5) as response:
            return re.search(r'name="token" value="([^"]+)"', response.read().decode())[1]

    def tap(self, pay_url: str, decision: str = "pay", token: str | None = None) -> tuple[int, str]:
        """Tap a button of the pay page as a buyer; return (status, where it leads)."""
        token = self.token_of(pay_url) if token is None else token
        request = urllib.request.Request(
            self.origin + pay_url, data=urlencode({"token": token, "decision": decision}).encode()
        )
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=5) as response:
                return response.status, ""
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")

    def _post_json(self, path: str, content: dict) -> None:
        request = urllib.request.Request(self.origin + path, data=json.dumps(content).encode())
        urllib.request.urlopen(request, timeout=5).close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def wait_until(condition, seconds: float = 10.0) -> None:
    """Wait for something that another process does; AssertionError when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings):
    """The provider, with the market pointed at it; callbacks go nowhere unless `market_online` is used."""
    settings.SANDBOX_GATEWAY_URL = sandbox_process.url
    settings.SANDBOX_KEYS_DIR = sandbox_process.folder
    settings.SANDBOX_CALLBACK_BASE_URL = "http://127.0.0.1:9"
    sandbox_process.mischief()
    yield sandbox_process
    sandbox_process.mischief()


@pytest.fixture
def market_online(sandbox: Sandbox, live_server, settings) -> str:
    """The market as a server that the provider's callbacks reach; returns its address."""
    settings.SANDBOX_CALLBACK_BASE_URL = live_server.url
    return live_server.url
