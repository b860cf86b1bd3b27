"""What is said of the machine, and what is not."""

import platform
import re
from datetime import datetime, timedelta, timezone
from importlib import metadata
from pathlib import Path

import torch

import hatsr
from hatsr.container import processors
from hatsr.evaluation.cost.environment import environment


def test_versions_and_the_machine_are_told() -> None:
    found = environment()
    assert found["hatsr"] == hatsr.__version__
    assert found["Python"] == platform.python_version()
    for package in ("torch", "numpy", "pillow"):
        assert found[package] == metadata.version(package)
    assert found["threads"] == str(torch.get_num_threads())
    assert found["cores"] == str(processors())
    assert found["processor"]
    then = datetime.strptime(found["measured"], "%Y-%m-%d %H:%M UTC")
    past = datetime.now(timezone.utc) - then.replace(tzinfo=timezone.utc)
    assert timedelta(0) <= past < timedelta(minutes=2)
    assert ("GPU" in found) == torch.cuda.is_available()


def test_the_processor_is_called_as_the_system_calls_it() -> None:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)$", info.read_text(), re.M) if info.exists() else []
    expected = names[0].strip() if names else platform.processor() or platform.machine()
    assert environment()["processor"] == expected


def test_nothing_else_is_told() -> None:
    """No names of hosts and users, no paths."""
    versions = {"hatsr", "Python", "torch", "numpy", "pillow"}
    machine = {"system", "processor", "cores", "threads", "measured"}
    assert set(environment()) - {"GPU"} == versions | machine
    assert environment()["system"] == f"{platform.system()} {platform.machine()}"
