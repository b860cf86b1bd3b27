"""`hatsr complexity`: what a network costs, beside what the paper says."""

import json
from dataclasses import asdict

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import NAME, json_option
from hatsr.apps.cli.overrides import set_option
from hatsr.apps.cli.terminal import show

_UNITS = {"parameters": (1e6, "M"), "multiply_adds": (1e9, "G"), "peak_bytes": (1e6, "MB")}


@click.command(cls=Command)
@click.argument("network", required=False, type=NAME)
@click.option(
    "--scale", type=int, help="Enlargement factor of a preset; a file has its own. Default: 4."
)
@click.option(
    "--size", type=click.IntRange(1), default=64, show_default=True, help="Side of the LR picture."
)
@set_option("Change a hyper-parameter, e.g. --set ocab=false --set compress_ratio=6.")
@click.option("--paper", is_flag=True, help="Print every row of Tables 8 to 11 beside ours.")
@click.option("--run/--no-run", default=True, help="Also time one forward and its memory.")
@json_option()
def complexity(  # noqa: PLR0913  one parameter for each option
    network: str | None,
    scale: int | None,
    size: int,
    overrides: dict[str, object],
    paper: bool,
    run: bool,
    as_json: bool,
) -> None:
    """Count parameters and multiply-adds of NETWORK: a preset (see hatsr models) or a file."""
    from hatsr import checkpoint
    from hatsr.evaluation.cost.network_cost import RULE, complexity_of, time_forward
    from hatsr.model import changed

    if paper:
        _print_paper(as_json)
        return
    if network is None:
        raise click.UsageError("give a preset (see hatsr models), a file, or --paper")
    with wrong_usage():
        base = checkpoint.find_config(network, scale=scale)
        try:
            config = changed(base, overrides)
        except (TypeError, ValueError) as error:
            raise click.BadParameter(str(error), param_hint="--set") from error
    facts: dict[str, object] = {"network": network, "scale": config.scale, "size": size}
    facts |= asdict(complexity_of(config, size, size))
    if run:
        facts |= asdict(time_forward(checkpoint.make_network(config), size, size))
    facts["rule"] = RULE
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        click.echo(f"{key.replace('_', ' ')}: {_in_words(key, value)}")


def _in_words(key: str, value: object) -> object:
    """A number with its unit, or with three digits."""
    if key in _UNITS and isinstance(value, int):
        unit, name = _UNITS[key]
        return f"{value / unit:.2f} {name} ({value})"
    return f"{value:.3g}" if isinstance(value, float) else value


def _print_paper(as_json: bool) -> None:
    from hatsr.evaluation import Table
    from hatsr.evaluation.cost.network_cost import RULE, paper_rows

    rows = paper_rows()
    if as_json:
        click.echo(json.dumps({"rows": rows, "rule": RULE}, indent=2))
        return
    table = Table(
        title="Tables 8 to 11 of the paper, and ours",
        header=("table", "network", "parameters, M", "paper", "multiply-adds, G", "paper"),
        rows=tuple(
            (
                row["table"],
                row["network"],
                f"{row['parameters'] / 1e6:.2f}",
                f"{row['paper_parameters_m']:.1f}",
                f"{row['multiply_adds'] / 1e9:.2f}",
                f"{row['paper_multiply_adds_g']:.1f}",
            )
            for row in rows
        ),
        notes=(RULE,),
    )
    show(table)
