from __future__ import annotations

from collections.abc import Iterator

import pytest

from .service import Service, start
from .webdriver import Browser, missing


@pytest.fixture
def service() -> Iterator[Service]:
    running, service = start()
    with running:
        yield service


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if missing():
        pytest.skip(missing())
    with Browser() as browser:
        yield browser
