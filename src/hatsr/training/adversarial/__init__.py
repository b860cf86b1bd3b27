"""Training against a discriminator, so that SR looks like pictures rather than their mean."""

from hatsr.training.adversarial.discriminator import UNetDiscriminator
from hatsr.training.adversarial.step import Adversary

__all__ = ["Adversary", "UNetDiscriminator"]
"""Public names of this folder."""
