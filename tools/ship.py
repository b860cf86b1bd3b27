"""Put a run's weights into the package, in float16, with their benchmark figures as metadata.

    python tools/ship.py runs/hat-t-x4-again --data-root DIR

Takes a run's best.safetensors (best by the validation set), which is shipped as hat-t-x4, -x3 or
-x2 by its scale, or as another family (--family hat-t-real). The figures are those of the file that
is written. DIR holds Set5, Set14 and BSD100, which are used for nothing else.
"""

import argparse
import json
from pathlib import Path

import torch

from hatsr import HAT, checkpoint
from hatsr.evaluation import open_candidate
from hatsr.evaluation.benchmark import Benchmark
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.sets.folders import find_sets

SETS = ("Set5", "Set14", "BSD100")
ROOT = Path(__file__).parents[1]
_PICTURES = (
    "DIV2K 0001-0350 and 0901-1000 at a quarter of their size, BSDS500 without BSD100, "
    "photographs of CID22 and CLIC; "
)
TRAINING = {
    "hat-t": _PICTURES + "MATLAB-exact bicubic; recipes and hours in docs/hat-t.md",
    "hat-t-real": _PICTURES + "degraded by the preset photo; recipe and hours in docs/hat-t.md",
}


def ship(run: Path, family: str, data_root: Path) -> None:
    """Write the run's weights into src/hatsr/weights and print their figures."""
    found = checkpoint.read(run / "best.safetensors")
    name = f"{family}-x{found.config.scale}"
    target = ROOT / "src/hatsr/weights" / f"{name}.safetensors"
    model = HAT(found.config)
    model.load_state_dict(found.tensors)
    about = {"license": "Apache-2.0", "training": TRAINING[family]}
    about |= {"name": name, "step": found.metadata.get("step", "")}
    checkpoint.save(model, target, dtype=torch.float16, metadata=about)
    candidate = open_candidate(str(target))
    rules = EvaluationSettings(scale=candidate.scale)
    sets, _ = find_sets(SETS, data_root, rules)
    (result,) = Benchmark([Measurement(candidate, rules)]).run(sets)
    psnr = {data: round(value, 2) for data, value in result.means("psnr").items()}
    ssim = {data: round(value, 4) for data, value in result.means("ssim").items()}
    about |= {"psnr_y": json.dumps(psnr), "ssim_y": json.dumps(ssim)}
    checkpoint.save(model, target, dtype=torch.float16, metadata=about)
    print(target, psnr, ssim)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--family", choices=list(TRAINING), default="hat-t")
    parser.add_argument("--data-root", type=Path, required=True)
    options = parser.parse_args()
    for run in options.runs:
        ship(run, options.family, options.data_root)


if __name__ == "__main__":
    main()
