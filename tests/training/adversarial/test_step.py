from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from hatsr.data.degrade import sharpen
from hatsr.training.adversarial import Adversary
from hatsr.training.adversarial.step import gan_loss
from hatsr.training.recipe import AdversarialRecipe, OptimRecipe


def make(said: list[str] | None = None, **values: object) -> Adversary:
    recipe = AdversarialRecipe(width=2, **values)  # pyright: ignore[reportArgumentType]
    say = said.append if said is not None else lambda text: None
    return Adversary(recipe, OptimRecipe(), 0, torch.device("cpu"), say)


def pictures() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)


@pytest.mark.parametrize(
    ("logit", "is_real", "loss"),
    [(0.0, True, 0.693147), (2.0, True, 0.126928), (2.0, False, 2.126928)],
)
def test_gan_loss(logit: float, is_real: bool, loss: float) -> None:
    assert float(gan_loss(torch.full((1, 1, 2, 2), logit), is_real)) == pytest.approx(loss, 1e-5)


def test_what_the_network_lowers() -> None:
    sr, hr = pictures()
    adversary = make(gan_weight=0.5, pixel_weight=2.0)
    loss = adversary.network_loss(sr, hr)
    sharp = torch.stack([sharpen(one) for one in hr])
    adversary.discriminator.eval()  # no further iteration of the power method
    verdict = nn.functional.softplus(-adversary.discriminator(sr)).mean()
    wanted = 2.0 * (sr - sharp).abs().mean() + 0.5 * verdict
    assert float(loss.detach()) == pytest.approx(float(wanted.detach()), 1e-4)
    assert adversary.losses.keys() == {"pixel", "gan"}


def test_hr_is_sharpened_where_the_recipe_says() -> None:
    sr, hr = pictures()
    plain = float(make(sharpen=()).network_loss(sr, hr).detach())
    seen = make(sharpen=("gan",))
    assert float(seen.network_loss(sr, hr).detach()) == pytest.approx(plain, 1e-6)
    sharp = torch.stack([sharpen(one) for one in hr])
    assert torch.equal(seen._seen[0][1], sharp)
    assert float(make(sharpen=("pixel",)).network_loss(sr, hr).detach()) != plain


def test_each_learns_from_its_own_loss() -> None:
    sr, hr = pictures()
    adversary = make(pixel_weight=0.0)
    before = [parameter.detach().clone() for parameter in adversary.discriminator.parameters()]
    sr.requires_grad_()
    adversary.network_loss(sr, hr).backward()
    assert sr.grad is not None
    assert sr.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in adversary.discriminator.parameters())
    taken = sr.grad.clone()
    adversary.differentiate()
    assert torch.equal(sr.grad, taken)
    assert adversary.is_finite
    adversary.step(1e-4)
    assert adversary.optimizer.param_groups[0]["lr"] == pytest.approx(0.5e-4)  # half way down
    after = list(adversary.discriminator.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_discriminator_learns_to_tell() -> None:
    sr, hr = pictures()
    adversary = make(learning_rate=1e-2, sharpen=())
    found = []
    for _ in range(40):
        adversary.network_loss(sr * 0.1, hr)
        adversary.differentiate()
        adversary.step(2e-4)
        found.append(adversary.losses["discriminator"])
    assert found[-1] < 0.5 * found[0]


@pytest.mark.parametrize(
    ("features", "why"),
    [(None, "adversarial.features is not given"), (Path("no.safetensors"), "there is no file no")],
)
def test_without_a_feature_network_it_is_said(features: Path | None, why: str) -> None:
    said: list[str] = []
    assert make(said, features=features).features is None
    assert len(said) == 1
    assert why in said[0]
    assert "WITHOUT the perceptual loss" in said[0]
