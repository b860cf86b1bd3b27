"""One step against the discriminator: what the network and what the discriminator learns from."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from hatsr.data.degrade import sharpen
from hatsr.training.adversarial.discriminator import UNetDiscriminator
from hatsr.training.adversarial.feature_loss import open_features, perceptual_loss
from hatsr.training.adversarial.pool import PairPool
from hatsr.training.losses import pixel_loss
from hatsr.training.recipe import AdversarialRecipe, OptimRecipe


def gan_loss(logits: Float[Tensor, "b 1 h w"], is_real: bool) -> Float[Tensor, ""]:
    """Cross entropy of verdicts with what they should be (Goodfellow et al., 2014)."""
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(is_real)))


class Adversary:
    """The discriminator with its optimiser, the feature network and the pool of pairs.

    Args:
        recipe: the section `adversarial`.
        optim: the network's loss, and its learning rate, whose course the discriminator's follows.
        seed: of the run.
        device: where to compute.
        say: told that there is no perceptual loss.

    Raises:
        ValueError: the file of the feature network is none.
    """

    def __init__(
        self,
        recipe: AdversarialRecipe,
        optim: OptimRecipe,
        seed: int,
        device: torch.device,
        say: Callable[[str], None],
    ) -> None:
        self.recipe, self.optim = recipe, optim
        torch.manual_seed(seed)
        self.discriminator = UNetDiscriminator(recipe.width).to(device)
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=recipe.learning_rate, betas=optim.betas
        )
        self.pool = PairPool(recipe.pool, seed)
        self.features = _features(recipe.features, device, say)
        self.losses: dict[str, float] = {}
        self._seen: list[tuple[Tensor, Tensor]] = []

    def network_loss(
        self, sr: Float[Tensor, "b 3 h w"], hr: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, ""]:
        """The network's loss: the weighted sum of pixel, perceptual and adversarial losses.

        Args:
            sr: the network's, with its graph.
            hr: in [0, 1], as they are; what is learned from is sharpened as the recipe says.
        """
        recipe, targets = self.recipe, self._targets(hr)
        terms = {
            "pixel": recipe.pixel_weight * pixel_loss(self.optim.loss, sr, targets["pixel"]),
        }
        if self.features is not None:
            loss = perceptual_loss(self.features, sr, targets["perceptual"])
            terms["perceptual"] = recipe.perceptual_weight * loss
        self.discriminator.requires_grad_(False)
        terms["gan"] = recipe.gan_weight * gan_loss(self.discriminator(sr), is_real=True)
        self.discriminator.requires_grad_(True)
        self._seen.append((sr.detach(), targets["gan"]))
        self.losses = {name: float(term.detach()) for name, term in terms.items()}
        return torch.stack(list(terms.values())).sum()

    def _targets(self, hr: Float[Tensor, "b 3 h w"]) -> dict[str, Tensor]:
        """HR for each loss."""
        sharp = torch.stack([sharpen(one) for one in hr]) if self.recipe.sharpen else hr
        return {
            name: sharp if name in self.recipe.sharpen else hr
            for name in ("pixel", "perceptual", "gan")
        }

    @property
    def is_finite(self) -> bool:
        """Whether all losses of the last step are finite."""
        return all(map(isfinite, self.losses.values()))

    def differentiate(self) -> None:
        """The discriminator's gradient from the pairs of this step."""
        total = 0.0
        for sr, hr in self._seen:
            real = gan_loss(self.discriminator(hr), is_real=True)
            fake = gan_loss(self.discriminator(sr), is_real=False)
            loss = (real + fake) / len(self._seen)
            loss.backward()
            total += float(loss.detach())
        self._seen = []
        self.losses["discriminator"] = total

    def step(self, network_rate: float) -> None:
        """Change the discriminator; its rate falls as the network's does."""
        share = network_rate / self.optim.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * share
        self.optimizer.step()
        self.optimizer.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """All that resuming needs."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "pool": self.pool.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.pool.load_state_dict(state["pool"])


def _features(
    path: Path | None, device: torch.device, say: Callable[[str], None]
) -> nn.Module | None:
    """The feature network, or None with a word on why."""
    if path is not None and path.is_file():
        return open_features(path).to(device)
    why = "adversarial.features is not given" if path is None else f"there is no file {path}"
    say(f"{why}: training goes on WITHOUT the perceptual loss; SR will be rougher")
    return None
