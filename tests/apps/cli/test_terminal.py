from collections.abc import Callable

import pytest

from hatsr.apps.cli.terminal import clock, counting, printable, show
from hatsr.evaluation import Table

NAME = "a[red]b[/nothing]:smile:.png"


def test_names_in_a_bar_are_no_markup(on_terminal: Callable[[], str]) -> None:
    with counting(NAME) as update:
        update(1, 2, f"second {NAME}")
    assert f"{NAME} second {NAME}" in on_terminal()


def test_names_in_tables_are_no_markup(on_terminal: Callable[[], str]) -> None:
    show(Table(title=f"title {NAME}", header=(f"{NAME}h",), rows=((f"{NAME}r",),)))
    said = on_terminal()
    assert [said.count(f"{NAME}{end}") for end in ("h", "r")] == [1, 1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0:00:00"), (59.9, "0:00:59"), (3661.0, "1:01:01"), (36e4, "100:00:00")],
)
def test_a_clock_shows_hours_minutes_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a [b] \u00e9 \U0001f600.png", "a [b] \u00e9 \U0001f600.png"),
        ("a\nb\tc.png", r"a\nb\tc.png"),
        ("\x1b[31m\x07\x9b\u2028", r"\x1b[31m\x07\x9b\u2028"),
    ],
)
def test_names_control_no_terminal(text: str, line: str) -> None:
    assert printable(text) == line
