"""Renames there and back, on a small network with a gate, a table and a layer stored twice."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hatsr.checkpoint.layouts.translating import RenamedLayout, renamed


class Gated(nn.Module):
    """A convolution and the two linear layers of channel attention."""

    config = 5
    """How many numbers its table has."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 4, 1)
        self.gate = nn.ModuleDict({"squeeze": nn.Linear(4, 2), "excite": nn.Linear(2, 4)})


def numbers(config: int) -> dict[str, Tensor]:
    return {"table": torch.arange(config)}


LAYOUT = RenamedLayout(
    is_official=lambda tensors: "head.weight" in tensors,
    deduce_config=lambda tensors: 5,
    unseen=lambda config: (),
    official_name=lambda name, config: renamed(
        name, ((r"^first\.", "head."), (r"^gate\.", "attention."))
    ),
    tables=numbers,
    copies=((r"^head\.", "again.head."),),
)
LAYERS = ("head", "again.head", "attention.squeeze", "attention.excite")


def read_back(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return LAYOUT.from_official(5, Gated().state_dict(), tensors)


def test_renames_follow_each_other() -> None:
    assert renamed("a.1.b", ((r"^a\.(\d)", r"c.\1"), (r"^c\.", "d."), (r"^a", "e"))) == "d.1.b"
    assert renamed("x.a.1", ((r"^a", "b"),)) == "x.a.1"


def test_all_is_written_that_official_files_hold() -> None:
    network = Gated()
    found = LAYOUT.to_official(network)
    assert set(found) == {f"{each}.{kind}" for each in LAYERS for kind in ("weight", "bias")} | {
        "table"
    }
    assert found["attention.squeeze.weight"].shape == (2, 4, 1, 1)
    assert torch.equal(
        found["attention.squeeze.weight"][:, :, 0, 0], network.state_dict()["gate.squeeze.weight"]
    )
    assert torch.equal(found["again.head.bias"], network.state_dict()["first.bias"])
    assert found["table"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("left_out", [(), ("table", "again.head.weight", "again.head.bias")])
def test_the_weights_come_back_with_or_without_what_is_beside_them(left_out: tuple) -> None:
    network = Gated()
    theirs = {k: v for k, v in LAYOUT.to_official(network).items() if k not in left_out}
    ours = read_back(theirs)
    assert ours.keys() == network.state_dict().keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in network.state_dict().items())


def test_the_first_of_two_copies_counts_and_wrappers_do_not() -> None:
    theirs = LAYOUT.to_official(Gated())
    theirs["again.head.weight"] = torch.zeros(4, 4, 1, 1)
    ours = read_back({f"module.{name}": tensor for name, tensor in theirs.items()})
    assert torch.equal(ours["first.weight"], theirs["head.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attention.excite.bias": None}, "one whole network, got no attention.excite.bias"),
        ({"more": torch.zeros(1)}, "one whole network, got unexpected more"),
        ({"head.bias": torch.zeros(3)}, r"must fit together, got head.bias \(3,\) for \(4,\)"),
        (
            {"attention.squeeze.weight": torch.zeros(2, 4, 3, 3)},
            r"got attention.squeeze.weight \(2, 4, 3, 3\) for \(2, 4\); check",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    theirs = LAYOUT.to_official(Gated()) | change
    with pytest.raises(ValueError, match=message):
        read_back({name: tensor for name, tensor in theirs.items() if tensor is not None})
