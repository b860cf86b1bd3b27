"""All that a CUDA device can show, in one command of at most nine minutes.

    python tools/training_pack.py data/train --valid data/valid     # beforehand: makes ./pack
    python tools/gpu_check.py [-o results/gpu] [--parts tests speed steps learn] [--minutes 8.8]

Parts run in processes of their own, one after the other:
    tests   those marked cuda
    speed   seconds, share of the bf16 matrix rate and peak memory of HAT, HAT-S, HAT-L and hat-t
    steps   training steps of HAT and hat-t
    learn   hat-t-x4 trained on from the shipped weights for --learn-minutes, on ./pack
Figures are in results.json at once when they are there. The same command again goes on with what is
missing, and `learn` from its newest state (that of a run of `hatsr train`, which a CPU can go on
with, too). `--device cpu --quick` tries the script itself in seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = {"tests": 120, "speed": 180, "steps": 120, "learn": 10**6}
"""Seconds that a part may take."""
_LEAST = 20
"""Seconds for which it is worth starting a part."""


def read(folder: Path) -> dict[str, Any]:
    """What is known so far."""
    path = folder / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def keep(folder: Path, part: str, key: str, value: object) -> None:
    """Put a figure beside the others, so that they are on disk whatever comes."""
    known = read(folder)
    known.setdefault(part, {})[key] = value
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "results.part"
    partial.write_text(json.dumps(known, indent=1) + "\n")
    partial.replace(folder / "results.json")
    print(f"{part}: {key}: {value}", flush=True)


def run_tests(options: argparse.Namespace) -> None:
    """The tests marked cuda, in a process that does not check shapes."""
    selected = ["-m", "cuda", "tests/test_cuda.py"]
    if options.quick:
        selected.append("--collect-only")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "default", "--tb=short", *selected]
    paths = f"{ROOT / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    env = {**os.environ, "HATSR_UNINSTRUMENTED": "1", "PYTHONPATH": paths}
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    keep(options.output, "tests", "exit code", done.returncode)
    keep(options.output, "tests", "output", done.stdout[-6000:] + done.stderr[-2000:])


def run_measures(options: argparse.Namespace, part: str) -> None:
    """The figures of a part that are not known yet."""
    import torch
    from gpu_measures import QUICK, Place, Sizes, speed, steps, tried

    place, sizes = Place(torch.device(options.device)), QUICK if options.quick else Sizes()
    if place.is_cuda:
        keep(options.output, part, "device", torch.cuda.get_device_name(place.device))
    keep(options.output, part, "torch", torch.__version__)
    for key, measure in {"speed": speed, "steps": steps}[part](place, sizes):
        if key not in read(options.output)[part]:
            keep(options.output, part, key, tried(measure))
    keep(options.output, part, "shares of the matrix rate", shares(read(options.output), part))


def shares(known: dict[str, Any], part: str) -> dict[str, float]:
    """What a part's figures reach of the rate that was measured in the same run."""
    rate = known.get("speed", {}).get("matrix rate")
    if not isinstance(rate, dict):
        return {}
    figures = {key: value for key, value in known[part].items() if isinstance(value, dict)}
    return {k: round(v["flops"] / rate["flops"], 4) for k, v in figures.items() if "flops" in v}


def run_learn(options: argparse.Namespace, seconds: float) -> None:
    """Train hat-t-x4 on until the time is over; its state is in the folder of the run."""
    from hatsr.training import read_recipe, train

    known = read(options.output)
    total = 2 if options.quick else 60 * options.learn_minutes
    begun, used = time.perf_counter(), known.get("learn", {}).get("seconds", 0.0)
    whole = 60 if options.quick else total  # a slow machine takes seconds to set up
    limit = min(seconds - _LEAST / 2, whole - used)
    recipe = read_recipe("hat-t-x4-again", changes(options, iterations(known, total)))
    lines: list[str] = []

    def listen(event: Any) -> None:
        lines.append(json.dumps({**event}, default=str)[:400])

    def is_over() -> bool:
        return time.perf_counter() - begun > limit

    result = train(
        recipe, options.output, device=options.device, listener=listen, asked_to_stop=is_over
    )
    keep(options.output, "learn", "seconds", used + time.perf_counter() - begun)
    keep(options.output, "learn", "step", result.progress.step)
    keep(options.output, "learn", "best", result.progress.numbers())
    keep(options.output, "learn", "log", lines[-40:])


def iterations(known: dict[str, Any], total: float) -> int:
    """As many steps as the whole time holds, by the steps that were measured; kept for later."""
    if "iterations" in known.get("learn", {}):
        return known["learn"]["iterations"]
    figure = known.get("steps", {}).get("hat-t 32 x 48 x 48, ours bf16")
    rate = figure["steps_per_second"] if isinstance(figure, dict) else 25
    return max(2, int(0.85 * rate * total))


def changes(options: argparse.Namespace, steps: int) -> list[str]:
    """What the run on a GPU changes of the recipe that the shipped weights come from."""
    keep(options.output, "learn", "iterations", steps)
    patch, batch, workers = (8, 2, 0) if options.quick else (48, 32, 12)
    precision = "no" if options.device == "cpu" else "bf16"
    return [
        "name=hat-t-x4-gpu",
        f"iterations={steps}",
        "start.checkpoint=hat-t-x4",
        f"data.train=[{options.pack / 'train'}]",
        f"valid.data={options.pack / 'valid'}",
        f"data.patch={patch}",
        f"data.batch={batch}",
        f"data.workers={workers}",
        f"precision={precision}",
        "optim.warmup=1" if options.quick else "optim.warmup=200",
        f"valid.every={max(1, steps // 8)}",
        "valid.pictures=0",
        f"save.every={max(1, steps // 8)}",
        "save.tensorboard=false",
    ]


def run_part(options: argparse.Namespace, part: str, seconds: float) -> None:
    """One part, in this process."""
    if part == "tests":
        run_tests(options)
    elif part == "learn":
        run_learn(options, seconds)
    else:
        run_measures(options, part)
    keep(options.output, part, "done", True)


def is_done(options: argparse.Namespace, part: str) -> bool:
    """Whether a part has nothing left to do."""
    found = read(options.output).get(part, {})
    if part == "learn":
        return found.get("seconds", 0) > 60 * options.learn_minutes - _LEAST
    return bool(found.get("done"))


def start_part(arguments: list[str], options: argparse.Namespace, part: str, left: float) -> None:
    """One part in a process of its own; what fails or takes too long leaves the others alone."""
    seconds = min(PARTS[part], left)
    command = [sys.executable, __file__, *arguments, "--only", part, "--seconds", str(seconds)]
    begun = time.perf_counter()
    try:
        # A part that trains ends by itself, and writes its state.
        done = subprocess.run(command, timeout=seconds, check=False)  # noqa: S603
        code: object = done.returncode
    except subprocess.TimeoutExpired:
        code = f"stopped after {seconds:.0f} s"
    keep(options.output, part, "ended", code)
    keep(options.output, part, "wall seconds", round(time.perf_counter() - begun, 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("results/gpu"))
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=8.8, help="for all parts of this call")
    parser.add_argument("--learn-minutes", type=float, default=7, help="over all calls")
    parser.add_argument("--pack", type=Path, default=Path("pack"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        run_part(options, options.only, options.seconds)
        return
    end = time.perf_counter() + 60 * options.minutes
    for part in options.parts:
        left = end - time.perf_counter()
        if left > _LEAST and not is_done(options, part):
            start_part(sys.argv[1:], options, part, left)


if __name__ == "__main__":
    main()
