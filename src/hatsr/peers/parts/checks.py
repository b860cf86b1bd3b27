"""Rules that the configurations of all peers share."""

from dataclasses import fields

from hatsr.model import NetworkConfig
from hatsr.model.fields import check_types, one_of, require


def check_fields(config: NetworkConfig, scales: tuple[int, ...]) -> None:
    """Check types, that whole numbers are at least 1, and what every network has.

    Args:
        config: of a peer.
        scales: what its `scale` may be.

    Raises:
        ValueError: a field breaks its rule; the message names field, rule and value.
    """
    check_types(config)
    for field in fields(config):
        value = getattr(config, field.name)
        require(type(value) is not int or value >= 1, field.name, "at least 1", value)
    require(config.scale in scales, "scale", one_of(scales), config.scale)
    require(config.channels in (1, 3), "channels", "1 or 3", config.channels)


def check_squeeze(squeeze_factor: int, width: int) -> None:
    """Check that channel attention keeps at least one hidden channel.

    Raises:
        ValueError: it keeps none.
    """
    fits = squeeze_factor <= width
    require(fits, "squeeze_factor", f"at most width {width}", squeeze_factor)
