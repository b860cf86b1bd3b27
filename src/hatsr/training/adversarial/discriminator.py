"""The discriminator: which pixels of a picture look real."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu
from torch.nn.utils.parametrizations import spectral_norm

MULTIPLE = 8
"""What the sides of its input must be multiples of: it halves them three times."""


def _down(inputs: int, outputs: int) -> nn.Module:
    """Half the sides, with spectral norm."""
    return spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False))


def _same(inputs: int, outputs: int) -> nn.Module:
    """The same sides, with spectral norm."""
    return spectral_norm(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))


class UNetDiscriminator(nn.Module):
    """A U-Net with a verdict for each pixel (Wang et al., Real-ESRGAN, ICCVW 2021, section 3.3).

    Three times down by strided convolutions and up by bilinear doubling, with the features of equal
    size added; spectral norm on all convolutions but the first and the last. With 64 features it
    has 4,376,897 parameters.

    Args:
        width: features at full resolution.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.ModuleList(map(_down, widths, widths[1:]))
        self.up = nn.ModuleList(map(_same, widths[:0:-1], widths[-2::-1]))
        self.refine = nn.ModuleList(_same(width, width) for _ in range(2))
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, picture: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h w"]:
        """Logits that a pixel is real; sides are multiples of 8."""
        x = _activate(self.first(picture))
        skips: list[Float[Tensor, "b c h w"]] = []
        for layer in self.down:
            skips.append(x)
            x = _activate(layer(x))
        for layer in self.up:
            doubled = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = _activate(layer(doubled)) + skips.pop()
        for layer in self.refine:
            x = _activate(layer(x))
        return self.last(x)


def _activate(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    return leaky_relu(x, 0.2)
