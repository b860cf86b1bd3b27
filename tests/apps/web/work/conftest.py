from pathlib import Path

import pytest

from hatsr.apps.web.limits import Limits
from hatsr.apps.web.work.model_cache import ModelCache


@pytest.fixture
def cache(models: Path) -> ModelCache:
    """The shipped networks, and a tiny one, x2."""
    return ModelCache(Limits(memory=4 * 10**9), models)
