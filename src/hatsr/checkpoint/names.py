"""Names of tensors: without what wrappers put into them, and whether a network's are all there."""

from collections.abc import Mapping

from torch import Tensor

_WRAPPERS = frozenset(
    (
        *("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"),  # PyTorch
        *("model", "network", "net", "net_g", "generator"),  # training programs
        *("params_ema", "params", "state_dict"),
    )
)
"""Parts of names that stand for no part of a network of ours or of the official programs."""


def plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by the names that the network itself gives them.

    DataParallel, torch.compile and training programs put the name of their own attribute before,
    or between: ``module._orig_mod.layers.0.norm.weight``.

    Raises:
        ValueError: two tensors get the same name, so that the file holds several networks.
    """
    found: dict[str, str] = {}
    for name in tensors:
        plain = ".".join(part for part in name.split(".") if part not in _WRAPPERS) or name
        if plain in found:
            raise ValueError(
                f"the file must hold one network, got {found[plain]} and {name}; save one alone"
            )
        found[plain] = name
    return {plain: tensors[name] for plain, name in found.items()}


def check_names(wanted: Mapping[str, object], got: Mapping[str, object]) -> None:
    """Raise ValueError unless both have the same names."""
    missing = [f"no {name}" for name in wanted if name not in got]
    extra = [f"unexpected {name}" for name in got if name not in wanted]
    if missing or extra:
        raise ValueError(f"the file must hold one whole network, got {shorten(missing + extra)}")


def shorten(items: list[str], most: int = 4) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return "; ".join(items[:most]) + more
