"""A block's linear layers, fused with the norm, GELU and sums around them.

Where a CPU trains in mixed precision they are native kernels, which fuse norm, GELU and sums with
the products; elsewhere they are written out in PyTorch.
"""

from jaxtyping import Float
from torch import Tensor, nn

from hatsr import native

Features = Float[Tensor, "b h w c"]
Gated = tuple[Features, Float[Tensor, "b c"]]
"""Features, and the factor of each channel of each picture."""


def normed_layer(
    x: Features, norm: nn.LayerNorm, layer: nn.Linear
) -> tuple[Features, Features, Float[Tensor, "b h w o"]]:
    """The features, to go on with instead of `x`; their norm; what the layer makes of that."""
    if native.supports_layers(x):
        return native.normed_layer(x.float(), norm, layer)
    normed = norm(x)
    return x, normed, layer(normed)


def added_layer(
    x: Features,
    branch: Float[Tensor, "b h w i"],
    layer: nn.Linear,
    share: Float[Tensor, " b"] | None = None,
    gated: Gated | None = None,
) -> Features:
    """The sum x + share * layer(branch), + features * factors if there are such.

    Args:
        x: features of the residual path.
        branch: what the layer is given.
        layer: as wide as `x`.
        share: factor of each picture.
        gated: what else is added.
    """
    if native.supports_layers(x):
        given = None if gated is None else (gated[0].bfloat16(), gated[1].float())
        return native.added_layer(x.float(), branch.bfloat16(), layer, share, given)
    x = x + _shared(layer(branch), share)
    if gated is None:
        return x
    features, gain = gated
    return x + features * gain[:, None, None]


def added_mlp(
    x: Features,
    norm: nn.LayerNorm,
    first: nn.Linear,
    second: nn.Linear,
    share: Float[Tensor, " b"] | None = None,
) -> Features:
    """The sum x + share * second(GELU(first(norm(x))))."""
    if native.supports_layers(x):
        return native.added_mlp(x.float(), norm, first, second, share)
    return x + _shared(second(gelu(first(norm(x)))), share)


def gelu(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """GELU with the normal distribution's own function."""
    if native.supports_layers(x) and x.dtype.itemsize == 2:
        return native.gelu(x)
    return nn.functional.gelu(x)


def _shared(x: Features, share: Float[Tensor, " b"] | None) -> Features:
    return x if share is None else x * share[:, None, None, None]
