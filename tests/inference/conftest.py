"""The ways a network is run on a CPU, and how near they come to plain float32."""

import pytest

from hatsr.native import attention, library, products
from hatsr.native.library import Kernels, kernels

EXACT = 1e-5
"""Float32 in another order."""
SPLIT = 5e-5
"""Products of floats as two bfloat16 each, on matrix units."""


@pytest.fixture(params=["best", "vectors", "plain torch"])
def near(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Run by the best kernels, by those for vector units, by none; the relative error allowed."""
    found: Kernels | str | None = kernels()
    if request.param == "best":
        has_tiles = isinstance(found, Kernels) and found.product is not None
        return SPLIT if has_tiles else EXACT
    found = f"turned off by a test: {request.param}"
    if request.param == "vectors":
        builds = map(library.open_build, ("v4", "v3", "any"))
        found = next((build for build in builds if isinstance(build, Kernels)), None)
        if found is None or not isinstance(kernels(), Kernels):
            pytest.skip("native kernels are not built")
    monkeypatch.setattr(attention, "kernels", lambda: found)
    monkeypatch.setattr(products, "kernels", lambda: found)
    return EXACT
