"""`hatsr complexity`: what a network costs, beside what the paper says."""

import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hatsr.model import HATConfig


@click.command()
@click.argument("preset", required=False)
@click.option("--scale", type=int, default=4, show_default=True)
@click.option(
    "--size", type=click.IntRange(1), default=64, show_default=True, help="Side of the LR picture."
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a hyper-parameter, e.g. --set ocab=false --set compress_ratio=6.",
)
@click.option("--paper", is_flag=True, help="Print every row of Tables 8 to 11 beside ours.")
@click.option("--run/--no-run", default=True, help="Also time one forward and its memory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def complexity(**options: object) -> None:
    """Count parameters and multiply-adds of PRESET (see hatsr models)."""
    if options["paper"]:
        _print_paper(bool(options["as_json"]))
        return
    if not isinstance(options["preset"], str):
        raise click.UsageError("give a preset (see hatsr models), or --paper")
    _print_one(options["preset"], options)


def _print_one(name: str, options: dict) -> None:
    from hatsr.evaluation.cost.complexity import RULE, time_forward
    from hatsr.evaluation.cost.complexity import complexity as count
    from hatsr.model import preset

    config = changed(preset(name, scale=options["scale"]), options["changes"])
    facts: dict[str, object] = {"preset": name, "scale": config.scale, "size": options["size"]}
    facts |= asdict(count(config, options["size"], options["size"]))
    if options["run"]:
        facts |= asdict(time_forward(config, options["size"], options["size"]))
    facts["rule"] = RULE
    if options["as_json"]:
        click.echo(json.dumps(facts, indent=2))
        return
    units = {"parameters": (1e6, "M"), "multiply_adds": (1e9, "G"), "peak_bytes": (1e6, "MB")}
    for key, value in facts.items():
        if key in units and isinstance(value, int):
            size, unit = units[key]
            value = f"{value / size:.2f} {unit} ({value})"
        click.echo(f"{key.replace('_', ' ')}: {value}")


def changed(config: "HATConfig", changes: tuple[str, ...]) -> "HATConfig":
    """The configuration with ``key=value`` changes; values are JSON."""
    known = {field.name for field in fields(config)}
    values = {}
    for change in changes:
        key, _, text = change.partition("=")
        if key not in known:
            raise click.UsageError(
                f"--set must name one of {', '.join(sorted(known))}; got {key!r}"
            )
        try:
            values[key] = json.loads(text)
        except json.JSONDecodeError:
            values[key] = text
    try:
        return replace(config, **values)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"--set {' '.join(changes)}: {error}") from error


def _print_paper(as_json: bool) -> None:
    from hatsr.evaluation.cost.complexity import RULE, paper_rows

    rows = paper_rows()
    if as_json:
        click.echo(json.dumps({"rows": rows, "rule": RULE}, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "network", "parameters, M", "paper", "multiply-adds, G", "paper")
    for row in rows:
        table.add_row(
            row["table"],
            row["network"],
            f"{row['parameters'] / 1e6:.2f}",
            f"{row['paper_parameters_m']:.1f}",
            f"{row['multiply_adds'] / 1e9:.2f}",
            f"{row['paper_multiply_adds_g']:.1f}",
        )
    console = Console()
    console.print(table)
    console.print(RULE)
