"""The five benchmark sets and how to obtain them; pictures whose pixels are known."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkSet:
    """A public test set."""

    name: str
    count: int
    """Pictures in it."""
    folders: tuple[str, ...]
    """Names its folder goes by, under a data root."""
    obtain: str
    """Where its pictures come from, and on whose terms."""


_COLLECTION = "its HR pictures are in the data folder of https://github.com/jbhuang0604/SelfExSR"

BENCHMARKS: Mapping[str, BenchmarkSet] = {
    each.name: each
    for each in (
        BenchmarkSet(
            name="Set5",
            count=5,
            folders=("Set5",),
            obtain=f"Bevilacqua et al. 2012; {_COLLECTION}",
        ),
        BenchmarkSet(
            name="Set14",
            count=14,
            folders=("Set14",),
            obtain=f"Zeyde et al. 2010; {_COLLECTION}",
        ),
        BenchmarkSet(
            name="BSD100",
            count=100,
            folders=("BSD100", "B100", "BSDS100"),
            obtain=f"Martin et al. 2001, for research, to be cited; {_COLLECTION}",
        ),
        BenchmarkSet(
            name="Urban100",
            count=100,
            folders=("Urban100",),
            obtain=f"Huang et al. 2015; {_COLLECTION}",
        ),
        BenchmarkSet(
            name="Manga109",
            count=109,
            folders=("Manga109",),
            obtain="Matsui et al. 2017; apply for it at http://www.manga109.org/en/",
        ),
    )
}
"""The public test sets by name, in the order of Table 6."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPicture:
    """A picture of a set whose pixels we know."""

    name: str
    height: int
    width: int


@cache
def known_pictures(name: str) -> Mapping[str, KnownPicture]:
    """The pictures of a set by digest of their pixels; none for sets we have no checksums of."""
    text = (files("hatsr.evaluation.sets") / "pictures.csv").read_text("utf-8")
    lines = (line for line in csv.DictReader(text.splitlines()) if line["set"] == name)
    return {
        line["sha256"]: KnownPicture(
            name=line["picture"], height=int(line["height"]), width=int(line["width"])
        )
        for line in lines
    }


def find_benchmark(data: str) -> BenchmarkSet | None:
    """The set of that name, in any case; None when it is not one of the five."""
    for benchmark in BENCHMARKS.values():
        if data.lower() in {name.lower() for name in benchmark.folders}:
            return benchmark
    return None
