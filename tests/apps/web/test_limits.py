import pytest

from hatsr.apps.web.limits import LimitError, Limits


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory": 10**9}, "memory must be at least 1.25GB for the service, got 1GB"),
        ({"upload_bytes": 0}, "upload_bytes must be at least 1, got 0"),
        ({"seconds": 0}, "seconds must be positive, got 0"),
    ],
)
def test_limits_are_checked(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Limits(**({"memory": 4 * 10**9} | changes))


def test_a_picture_must_fit_into_memory() -> None:
    limits = Limits(memory=4 * 10**9, pixels=10**9)
    most = limits.max_pixels(4)
    assert 4 * 10**6 < most < 5 * 10**6  # 3.15 GB left / (40 bytes x 16)
    limits.check_pixels((1, most), 4)
    with pytest.raises(LimitError, match=f"at most .* megapixels here for x4, got 1 x {most + 1}"):
        limits.check_pixels((1, most + 1), 4)
