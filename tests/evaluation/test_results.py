import json
from dataclasses import asdict

from judged import run

from hatsr.evaluation.candidates import FolderCandidate
from hatsr.evaluation.results import EvaluationSettings, as_json

TWO = EvaluationSettings(scale=2)


def test_an_infinite_psnr_is_json(folder, tmp_path):
    hr = folder / "HR"
    result = run(FolderCandidate(hr, 1, "itself"), EvaluationSettings(scale=1), folder)
    document = as_json(result)
    assert document["sets"][0]["mean"]["psnr"] == "inf"
    json.dumps(document, allow_nan=False)


def test_rules_are_plain_data():
    assert json.loads(json.dumps(asdict(TWO)))["scale"] == 2
