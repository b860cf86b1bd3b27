import re

from tiny_study import STUDY, row

from hatsr.lab.study_chart import draw


def test_variants_without_published_values_stand_at_their_places_in_the_table() -> None:
    svg = draw(STUDY, (row("a", 20.0), row("b"), row("c", 21.0)), "PSNR")
    assert re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="5" fill="[^"]+"><title>(.)', svg) == [
        ("60.0", "a"),
        ("416.0", "c"),
    ]
    panel = svg[svg.index("<g transform") :]
    below = re.findall(r'text-anchor="middle">([^<]+)<', panel)
    assert below == ["1", "2", "3", "variants in the order of the table"]
