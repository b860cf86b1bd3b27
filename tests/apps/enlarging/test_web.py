"""The command web: what it refuses before anything is started."""

from importlib import import_module

import pytest
from click.testing import CliRunner

from hatsr.apps.cli import cli

web = pytest.mark.web


@web
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "host must be 127.0.0.1 without a password, got 0.0.0.0"),
        (["--memory", "1GB"], "memory must be at least 1.25GB for the service, got 1GB"),
        (["--models", "nowhere"], "'nowhere' does not exist"),
    ],
)
def test_wrong_usage(options: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["web", *options])
    assert done.exit_code == 2
    assert message in done.output


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("hatsr.apps.enlarging.web")
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "uvicorn" else name)
    done = CliRunner().invoke(cli, ["web"])
    assert done.exit_code == 2
    assert "the page needs uvicorn, not installed: pip install 'hat-sr[web]'" in done.output


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--port", "65536", "65536 is not in the range 0<=x<=65535"),
        ("--max-pixels", "0", "0 is not in the range x>=1"),
        ("--max-queue", "0", "0 is not in the range x>=1"),
        ("--max-seconds", "0.5", "0.5 is not in the range x>=1"),
        ("--max-upload", "much", "max upload must be a size such as 4GB or 512MB, got 'much'"),
    ],
)
def test_numbers_have_ranges(option: str, value: str, rule: str) -> None:
    done = CliRunner().invoke(cli, ["web", option, value])
    assert done.exit_code == 2
    assert rule in done.output
