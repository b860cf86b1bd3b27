"""What the service takes and keeps at most."""

from dataclasses import dataclass

SERVER_BYTES = 400 * 10**6
"""Of the budget: what the server itself takes, measured with 20 jobs at once."""
IDLE_WORKER_BYTES = 450 * 10**6
"""Of the budget: PyTorch and a small network, before there is a picture."""
SR_PIXEL_BYTES = 40
"""Of the budget for each SR pixel: floats, a copy of them, codes and the encoded file."""
_LEAST_MEMORY = SERVER_BYTES + IDLE_WORKER_BYTES + 400 * 10**6


class LimitError(ValueError):
    """More was asked for than the service allows; the message says how much it does."""


class BusyError(RuntimeError):
    """Too many jobs wait; the message says when to try again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of the service.

    Raises:
        ValueError: a value breaks its rule.
    """

    memory: int
    """Bytes that server and worker take together."""
    upload_bytes: int = 100 * 10**6
    """Size of an uploaded file."""
    pixels: int = 50 * 10**6
    """Height x width of a picture; less where the memory does not suffice."""
    waiting: int = 100
    """Jobs that wait or run, of all users."""
    waiting_per_user: int = 50
    """Jobs that wait or run, of one user."""
    seconds: int | float = 3600
    """Seconds of one job, from its start."""
    upload_seconds: int | float = 120
    """Seconds that one upload may take."""
    kept_bytes: int = 4 * 10**9
    """Results on disk; when there are more, the oldest go."""
    kept_uploads: int = 5000
    """Files of the page that are kept, however small; when there are more, the oldest go."""
    kept_jobs: int = 1000
    """Jobs that are over and still listed; when there are more, the oldest go."""

    def __post_init__(self) -> None:
        """Check every rule once."""
        if self.memory < _LEAST_MEMORY:
            raise ValueError(
                f"memory must be at least {_LEAST_MEMORY / 1e9:g}GB for the service, got "
                f"{self.memory / 1e9:g}GB; give more to --memory"
            )
        counts = (
            "upload_bytes",
            "pixels",
            "waiting",
            "waiting_per_user",
            "kept_bytes",
            "kept_uploads",
            "kept_jobs",
        )
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("seconds", "upload_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")

    @property
    def request_bytes(self) -> int:
        """Size of all files that a page sends at once."""
        return min(10 * self.upload_bytes, self.kept_bytes)

    @property
    def worker_bytes(self) -> int:
        """Memory at which the worker process is ended."""
        return self.memory - SERVER_BYTES

    @property
    def engine_bytes(self) -> int:
        """Memory that a picture may take in the network."""
        return self.worker_bytes - IDLE_WORKER_BYTES

    def max_pixels(self, factor: int | float) -> int:
        """Largest picture, height x width, whose result by this factor fits into memory."""
        return min(self.pixels, int(self.engine_bytes / (SR_PIXEL_BYTES * factor**2)))

    def check_pixels(self, size: tuple[int, int], factor: int | float) -> None:
        """Refuse a picture of this height and width.

        Raises:
            LimitError: it is too large.
        """
        most = self.max_pixels(factor)
        if size[0] * size[1] > most:
            raise LimitError(
                f"picture must have at most {most / 1e6:.3g} megapixels here for x{factor:g}, got "
                f"{size[0]} x {size[1]}; make it smaller, or start hatsr web with more --memory "
                "or --max-pixels"
            )


def default_memory() -> int:
    """The share of this machine's free memory that a picture takes elsewhere, too, bytes."""
    from hatsr.inference.tiling.budget import SHARE_OF_FREE
    from hatsr.inference.tiling.memory import available_bytes

    return int(SHARE_OF_FREE * available_bytes())
