import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from tiny import tiny

from hatsr import checkpoint
from hatsr.model import HAT, preset

pytest.importorskip("onnx", reason="needs the extra export")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra export")

SIZES = [(1, 1), (1, 9), (5, 7), (17, 33)]
PLAIN = {"cab": False, "ocab": False}


def difference(model: HAT, sizes: list[tuple[int, int]]) -> float:
    from hatsr.export.model_writer import onnx_model

    file = onnx_model(model, {"hatsr": "0"}).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in sizes:
        lr = torch.rand(1, model.config.channels, *size)
        with torch.inference_mode():
            ours = model(lr).numpy()
        theirs = session.run(["sr"], {"lr": lr.numpy()})[0]
        assert theirs.shape == ours.shape
        worst = max(worst, float(np.abs(theirs - ours).max() / max(1, np.abs(ours).max())))
    return worst


@pytest.mark.parametrize(
    "changes",
    [
        *({"scale": scale} for scale in (1, 2, 3, 4, 8)),
        *({"tail": "pixelshuffle-direct", "scale": scale} for scale in (2, 3, 4)),
        *({"tail": "nearest-conv", "scale": scale, **PLAIN} for scale in (2, 4)),
        {"tail": "nearest-conv", "scale": 4},
        {"tail": "residual", "scale": 1},
        {"tail": "residual", "scale": 1, **PLAIN, "window_size": 8, "img_range": 255.0},
        PLAIN,
        {"cab": False},
        {"ocab": False},
        {"window_size": 8},
        {"window_size": 16},
        {"window_size": 5, "overlap_ratio": 0.4},
        {"overlap_ratio": 0.0},
        {"overlap_ratio": 2.5},
        {"channel_attention": False},
        {"depthwise_cab": True},
        {"qkv_bias": False},
        {"patch_norm": False},
        {"group_conv": "3conv"},
        {"group_conv": "identity"},
        {"num_heads": (3, 2), "channels": 1},
    ],
    ids=str,
)
def test_every_network_at_odd_sizes(changes: dict) -> None:
    assert difference(tiny(**changes), SIZES) < 1e-5


def test_shipped_network() -> None:
    model = checkpoint.read(checkpoint.resolve("hat-t-x4")).model()
    assert difference(model, [*SIZES, (64, 64), (37, 101)]) < 1e-5


@pytest.mark.parametrize("name", ["hat", "swinir"])
def test_presets_of_the_paper(name: str) -> None:
    torch.manual_seed(0)
    model = HAT(replace(preset(name, scale=3), depths=(2,))).eval()
    assert difference(model, [(1, 1), (17, 33)]) < 1e-5


def test_contract() -> None:
    from hatsr.export.model_writer import onnx_model

    model = tiny()
    built = onnx_model(model, {"hatsr": "1.2.3", "licence": "CC0"})
    described = [
        (value.name, [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim])
        for value in (*built.graph.input, *built.graph.output)
    ]
    assert described == [
        ("lr", [1, 3, "height", "width"]),
        ("sr", [1, 3, "2*height", "2*width"]),
    ]
    assert built.opset_import[0].version == 20
    text = {entry.key: entry.value for entry in built.metadata_props}
    assert json.loads(text.pop("config")) == json.loads(json.dumps(asdict(model.config)))
    assert text == {"hatsr": "1.2.3", "licence": "CC0", "scale": "2"}


def test_nothing_but_weights_grows_with_the_network() -> None:
    from hatsr.export.model_writer import onnx_model

    sizes = [onnx_model(tiny(depths=d), {"hatsr": "0"}).ByteSize() for d in ((2,), (4,))]
    learned = [sum(p.numel() * 4 for p in tiny(depths=d).parameters()) for d in ((2,), (4,))]
    nodes_and_names = 15_000
    assert sizes[1] - sizes[0] < learned[1] - learned[0] + 2 * nodes_and_names
