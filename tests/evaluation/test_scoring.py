import pytest
from judged import pairs
from PIL import Image

from hatsr.evaluation import (
    BicubicCandidate,
    EvaluationOutput,
    EvaluationSettings,
    FolderCandidate,
    NetworkCandidate,
    compare,
    evaluate,
    open_candidates,
)
from hatsr.evaluation.scoring import folder_of


def test_one_call_that_goes_on_where_it_stopped(folder, model, tmp_path):
    output = EvaluationOutput(folder=tmp_path / "out", report=True)
    found = evaluate(NetworkCandidate(model, "weights"), [str(folder)], output=output)
    assert found.result.model == "stand-in"
    assert found.comparable
    assert found.tables[0].rows[-1][0] == "stand-in (measured)"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "result.json", "pictures.csv", "table.md", "table.tex", "scores.jsonl", "pictures",
    }  # fmt: skip
    again = evaluate(NetworkCandidate(model, "weights"), [str(folder)], output=output)
    assert model.calls == 4
    assert again.result.sets == found.result.sets
    assert found.report is not None
    assert again.report is not None
    assert again.report.html().count("<figure>") == found.report.html().count("<figure>") > 0
    with pytest.raises(ValueError, match=r"same model and rules.*or --restart"):
        evaluate(NetworkCandidate(model, "others"), [str(folder)], output=output)
    restarted = EvaluationOutput(folder=tmp_path / "out", restart=True)
    evaluate(NetworkCandidate(model, "others"), [str(folder)], output=restarted)
    assert model.calls == 8


def test_the_report_takes_nothing_of_a_network_but_its_pictures(folder, tmp_path):
    output = EvaluationOutput(folder=tmp_path / "out", keep=True)
    evaluate(BicubicCandidate(2), [str(folder)], output=output)
    kept = {path.name for path in (tmp_path / "out" / "pictures" / "mine").iterdir()}
    assert kept == {"p0.png", "p1.png", "p2.png", "plain.png"}
    made = FolderCandidate(tmp_path / "out" / "pictures", 2, "theirs")
    found = evaluate(
        made, [str(folder)], output=EvaluationOutput(folder=tmp_path / "b", report=True)
    )
    assert not (tmp_path / "b" / "pictures").exists()
    assert found.report is not None
    assert found.report.comparisons[0].overall.verdict == "equal"


def test_models_compared_in_one_call(folder, model, tmp_path):
    found = compare(
        [BicubicCandidate(2), NetworkCandidate(model, "weights")],
        [str(folder)],
        rules=EvaluationSettings(scale=2, ensemble=True),
        output=EvaluationOutput(folder=tmp_path),
    )
    assert [table.title for table in found.tables][1:] == [
        "stand-in minus bicubic, self-ensemble's PSNR in dB on Y"
    ]
    assert found.document()["differences"]["stand-in"][0]["n"] == 4
    assert {path.name for path in tmp_path.iterdir()} >= {"stand-in-x2"}
    assert not (tmp_path / "bicubic-x2" / "pictures").exists()


def test_a_folder_of_lr_is_meant_before_one_inside_each_set(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place, divisor in ((tmp_path / "LR", 1), (folder / "LR", 2)):
        place.mkdir()
        for name, pair in pairs(folder, EvaluationSettings(scale=2)).items():
            Image.fromarray(pair.lr // divisor).save(place / f"{name}.png")
    found = evaluate(BicubicCandidate(2), [str(folder)], rules=EvaluationSettings(scale=2, lr="LR"))
    made = evaluate(BicubicCandidate(2), [str(folder)])
    assert found.result.rules.lr == str(tmp_path / "LR")
    assert found.result.means("psnr") == made.result.means("psnr")


def test_models_by_name_take_the_scale_of_the_rules(folder, tmp_path):
    output = EvaluationOutput(folder=tmp_path)
    found = evaluate("bicubic", [str(folder)], rules=EvaluationSettings(scale=3), output=output)
    assert found.result.model == "bicubic"
    with pytest.raises(ValueError, match="scale must be given for bicubic"):
        evaluate("bicubic", [str(folder)])
    with pytest.raises(ValueError, match="scale must be 4, what hat-t-x4 makes, got 3"):
        compare(["bicubic", "hat-t-x4"], [str(folder)], rules=EvaluationSettings(scale=3))


def test_messages(folder, model, tmp_path):
    data, output = [str(folder)], EvaluationOutput(folder=tmp_path, report=True)
    with pytest.raises(ValueError, match="report must be of another model than bicubic"):
        evaluate(BicubicCandidate(2), data, output=output)
    with pytest.raises(ValueError, match="models to compare must be at least two, got 1"):
        compare([BicubicCandidate(2)], data)
    with pytest.raises(ValueError, match="must be different ones, got stand-in twice"):
        compare([NetworkCandidate(model), NetworkCandidate(model)], data)
    with pytest.raises(ValueError, match="--ensemble must be of models or bicubic, got the pic"):
        compare(
            [BicubicCandidate(2), FolderCandidate(folder, 2)],
            data,
            rules=EvaluationSettings(scale=2, ensemble=True),
        )


def test_names_of_files_tell_models_of_one_name_apart(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "sr").mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name / "sr" / "p.png")
    specs = [str(tmp_path / name / "sr") for name in ("a", "b")]
    assert [each.name for each in open_candidates(specs, 2)] == specs


@pytest.mark.parametrize(
    ("name", "expected"),
    [("runs/my model?.pth", "runs_my_model_.pth-x3"), ("bicubic", "bicubic-x3"), ("m-x3", "m-x3")],
)
def test_folder_names(name, expected):
    assert folder_of(BicubicCandidate(3, name)) == expected
