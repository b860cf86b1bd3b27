"""`--set KEY=VALUE`: hyper-parameters that a command takes from its user."""

import json

import click

from hatsr.apps.cli.options import Option

NOT_IN_TENSORS = (
    "A hyper-parameter that the file does not show, e.g. --set conv_scale=0.1 or --set "
    "img_range=255; again for more. See hatsr info."
)


def set_option(help: str = NOT_IN_TENSORS) -> Option:  # noqa: A002
    """`--set`, given to the command as the dict `overrides`; keys are fields of `HATConfig`.

    Which keys there are, and what their values may be, is for `hatsr.model.changed` to say.
    """
    return click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", callback=_parse, help=help
    )


def _parse(
    context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, object]:
    """Values are JSON where they can be, else text."""
    values: dict[str, object] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"must be KEY=VALUE, got {pair!r}")
        if key in values:
            raise click.BadParameter(f"must give each key once, got {key} twice")
        try:
            values[key] = json.loads(text)
        except json.JSONDecodeError:
            values[key] = text
    return values
