"""The perceptual loss: how far apart two pictures are in the features of a given network."""

import warnings
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import l1_loss, max_pool2d, relu

_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Width and number of the convolutions between two poolings of VGG19."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, by which those of VGG19 are normalised."""
_LAYER_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 1.0)
"""Of conv1_2, conv2_2, conv3_4, conv4_4 and conv5_4, as Real-ESRGAN has them."""


class VGG19Features(nn.Module):
    """The last convolution of each of the five blocks of VGG19, before its activation.

    Args:
        tensors: by torchvision's names, ``features.0.weight`` to ``features.34.bias``; others are
            passed over.

    Raises:
        ValueError: a tensor is missing or of another shape.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        inputs, place = 3, 0  # place: number of a layer, as torchvision counts
        for width, count in _BLOCKS:
            block = nn.ModuleList()
            for _ in range(count):
                block.append(_convolution(tensors, f"features.{place}", inputs, width))
                inputs, place = width, place + 2  # an activation is a layer, too
            self.blocks.append(block)
            place += 1  # pooling
        for name, values in (("mean", _MEAN), ("deviation", _DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

    def forward(self, picture: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Five feature maps of pictures in [0, 1]."""
        x, found = (picture - self.mean) / self.deviation, []
        for block in self.blocks:
            first, *others = cast("nn.ModuleList", block)
            x = first(x)
            for convolution in others:
                x = convolution(relu(x))
            found.append(x)
            x = max_pool2d(relu(x), 2)
        return found


def _convolution(tensors: dict[str, Tensor], name: str, inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    wanted = {"weight": (outputs, inputs, 3, 3), "bias": (outputs,)}
    for part, shape in wanted.items():
        found = tensors.get(f"{name}.{part}")
        if found is None or tuple(found.shape) != shape:
            got = "none" if found is None else tuple(found.shape)
            raise ValueError(
                f"a feature network must hold {name}.{part} of shape {shape}, got {got}; give "
                "VGG19 by torchvision's names, or a network as a .pt2 or TorchScript file"
            )
    layer.load_state_dict({part: tensors[f"{name}.{part}"].float() for part in wanted})
    return layer


def open_features(path: Path) -> nn.Module:
    """A network from pictures in [0, 1], ``b 3 h w``, to one feature map or several.

    Args:
        path: ``.safetensors`` with the weights of VGG19; ``.pt2`` of torch.export, its batch and
            sides dynamic; else a TorchScript file. The latter two hold a program: open only what
            you trust.

    Raises:
        ValueError: the file is none of these.
    """
    if path.suffix == ".safetensors":
        network: nn.Module = VGG19Features(load_file(path))
    else:
        network = _open_program(path)
    return network.eval().requires_grad_(False) if path.suffix != ".pt2" else network


def _open_program(path: Path) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about TorchScript, which files of others are in
            if path.suffix == ".pt2":
                return torch.export.load(path).module().requires_grad_(False)
            return torch.jit.load(path, map_location="cpu")
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"a feature network must be VGG19 in .safetensors, a .pt2 or a TorchScript file, got "
            f"{path} ({str(error).splitlines()[0]})"
        ) from error


def perceptual_loss(
    features: nn.Module, sr: Float[Tensor, "b 3 h w"], hr: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """Weighted sum of the mean absolute differences of feature maps.

    Five maps are weighted as those of VGG19 are in Real-ESRGAN, another number of them by 1 each.
    """
    with torch.no_grad():
        wanted = _maps(features(hr))
    found = _maps(features(sr))
    weights = _LAYER_WEIGHTS if len(found) == len(_LAYER_WEIGHTS) else (1.0,) * len(found)
    terms = zip(weights, found, wanted, strict=True)
    return torch.stack([weight * l1_loss(a, b) for weight, a, b in terms]).sum()


def _maps(found: Tensor | list[Tensor] | tuple[Tensor, ...]) -> list[Tensor]:
    return [found] if isinstance(found, Tensor) else list(found)
