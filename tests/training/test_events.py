"""Events in the log."""

import json
from pathlib import Path

from hatsr.training.events import JsonLines


def test_log_drops_what_will_be_run_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xff\x00\n{"event": "step", "step": 2}\n{"event": "step", "step": 4}\n{"eve')
    log = JsonLines(path, resumed_at=2)
    log({"event": "step", "step": 3})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [2, 3]
