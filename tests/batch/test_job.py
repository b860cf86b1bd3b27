from pathlib import Path

import pytest
from job_files import make_job, make_net

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.job import Job, _take_up
from hatsr.inference.settings import Settings


def test_options_tell_other_weights_in_the_same_file(tmp_path: Path) -> None:
    net = make_net(tmp_path)
    before = make_job(net).options()
    assert make_job(net).options() == before
    data = bytearray(Path(net).read_bytes())
    data[-1] ^= 1
    Path(net).write_bytes(data)
    changed = {key for key, value in make_job(net).options().items() if before[key] != value}
    assert changed == {"weights"}


def test_weights_that_are_chosen_by_the_picture_are_all_told() -> None:
    names: list[str | None] = [None, "hat-t-x4", "hat-t-real-x4"]
    digests = {Job(model=name).options()["weights"] for name in names}
    assert len(digests) == 3


def test_a_job_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    net = make_net(tmp_path)
    with JobDatabase(tmp_path, create=True) as database:
        assert _take_up(database, tmp_path, make_job(net)) == 10**9
        assert _take_up(database, tmp_path, make_job(net, existing="overwrite")) == 10**9
        with pytest.raises(
            ValueError, match=r"with other options \(quality: the format's own -> 50\)"
        ):
            _take_up(database, tmp_path, make_job(net, quality=50))
        with pytest.raises(ValueError, match=r"with other options \(input: .* -> .*other\)"):
            _take_up(database, tmp_path / "other", make_job(net))


def test_settings_are_options() -> None:
    assert Job(settings=Settings(device="cpu", tile=64)).options()["tile"] == 64
