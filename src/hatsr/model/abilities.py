"""What a network may offer beside the contract: whoever needs one of these asks for it."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn


@runtime_checkable
class WithTables(Protocol):
    """A network with buffers that are not learned; made on the meta device, it lacks them."""

    def reset_tables(self) -> None:
        """Compute them, where the weights are."""
        ...


@runtime_checkable
class WithActivationCheckpointing(Protocol):
    """A network that can compute again in the backward pass what it did not keep."""

    def use_activation_checkpointing(self, enabled: bool = True) -> None:
        """Keep less memory for the backward pass, and take longer; or not."""
        ...


@runtime_checkable
class WithInterpolation(Protocol):
    """A network that can begin as plain interpolation."""

    def become_interpolation(self, kernels: Float[Tensor, "phases 3 3"]) -> None:
        """Set the weights so that SR is LR enlarged by a kernel for each place in an LR pixel.

        Args:
            kernels: by row and column of the SR pixel within its LR pixel; each sums to 1.

        Raises:
            ValueError: the configuration does not allow it; the message says what does.
        """
        ...


@runtime_checkable
class WithSharedBody(Protocol):
    """A network whose deep part can be that of another one, for related tasks."""

    def share_body(self, other: Any) -> None:
        """Use the deep part of `other`, a network of the same class that may differ in scale."""
        ...


@runtime_checkable
class WithFeatures(Protocol):
    """A network that shows its feature maps."""

    def feature_modules(self) -> Sequence[nn.Module]:
        """Modules whose outputs are feature maps of the size of LR, first to last.

        Outputs may be larger, where LR was padded at the bottom and the right.
        """
        ...

    @property
    def feature_axes(self) -> str:
        """Order of the axes of these outputs, as einops names them: "b h w c" or "b c h w"."""
        ...
