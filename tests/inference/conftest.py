"""The ways a network is run on a CPU, and how near they come to plain float32."""

from collections.abc import Iterator

import pytest

from hatsr.native import Kernels, kernels, using
from hatsr.native.library import open_build

EXACT = 1e-5
"""Float32 in another order."""
SPLIT = 5e-5
"""Products of floats as two bfloat16 each, on matrix units."""


@pytest.fixture(params=["best", "vectors", "plain torch"])
def near(request: pytest.FixtureRequest) -> Iterator[float]:
    """Run by the best kernels, by those for vector units, by none; the relative error allowed."""
    best = kernels()
    found: Kernels | str | None = f"turned off by a test: {request.param}"
    if request.param == "best":
        found = best
    if request.param == "vectors":
        builds = map(open_build, ("v4", "v3", "any"))
        found = next((build for build in builds if isinstance(build, Kernels)), None)
        if found is None or not isinstance(best, Kernels):
            pytest.skip("native kernels are not built")
    with using(found):
        has_amx = isinstance(found, Kernels) and found.product is not None
        yield SPLIT if has_amx else EXACT
