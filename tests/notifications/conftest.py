import pytest
from celery import current_app

from tests.common.away import valkey_away

__all__ = ["valkey_away"]


@pytest.fixture
def sms_log(settings, tmp_path):
    """A function that returns the (phone, text) lines of the console SMS channel."""
    settings.VAR_DIR = tmp_path / "var"

    def read() -> list[tuple[str, str]]:
        path = settings.VAR_DIR / "log" / "sms.log"
        if not path.exists():
            return []
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        return [(phone, text) for _at, phone, text in rows]

    return read


@pytest.fixture(autouse=True)
def _tasks_are_known() -> None:
    """Import the tasks of every app, as a worker does."""
    current_app.loader.import_default_modules()
