"""What others published: every table of the paper, and the bicubic row of the field."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

BAND = 0.1
"""dB: a typical retraining lands this close to the paper."""

SETS = ("Set5", "Set14", "BSD100", "Urban100", "Manga109")
"""The five sets of Table 6, in its order."""

_HAT_FILE = re.compile(r"(HAT(?:-[SL])?)_SRx([234])(_ImageNet-pretrain)?")
_SWINIR_FILE = re.compile(r"001_classicalSR_DF2K_s64w8_SwinIR-M_x([234])")


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedRow:
    """A method at one scale, as published."""

    method: str
    """Name as in Table 6, without the dagger."""
    scale: int
    training: str
    """Training set; empty for bicubic."""
    pretrained: bool
    """Whether it was trained on ImageNet first, which the paper marks by a dagger."""
    psnr: Mapping[str, float]
    """dB on Y by set; a set that was not published is absent."""
    ssim: Mapping[str, float]
    """SSIM of luma by set."""

    @property
    def label(self) -> str:
        """The method, with a dagger when pre-trained."""
        return self.method + ("†" if self.pretrained else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperTable:
    """One of the paper's smaller tables."""

    number: int
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float, ...], ...]


@cache
def published_rows(scale: int) -> tuple[PublishedRow, ...]:
    """Bicubic and then Table 6 at a scale, in the order of the paper; none at other scales."""
    return tuple(row for row in _read("bicubic.csv") + _read("table6.csv") if row.scale == scale)


def _read(name: str) -> list[PublishedRow]:
    text = (files("hatsr.evaluation.paper") / name).read_text("utf-8")
    return [_row(line) for line in csv.DictReader(text.splitlines())]


def _row(line: Mapping[str, str]) -> PublishedRow:
    def column(metric: str) -> dict[str, float]:
        cells = {name: line[f"{name} {metric}"] for name in SETS}
        return {name: float(cell) for name, cell in cells.items() if cell}

    return PublishedRow(
        method=line["method"],
        scale=int(line["scale"]),
        training=line["training"],
        pretrained=line["pretrained"] == "yes",
        psnr=column("PSNR"),
        ssim=column("SSIM"),
    )


def smaller_table(number: int) -> PaperTable:
    """Table 1 to 5 or 7 to 11 of the paper; Table 6 is `published_rows`.

    Raises:
        ValueError: there is no such table.
    """
    known = json.loads((files("hatsr.evaluation.paper") / "tables.json").read_text("utf-8"))
    if str(number) not in known:
        raise ValueError(f"table must be one of {', '.join(known)}, got {number}")
    found = known[str(number)]
    return PaperTable(
        number=number,
        caption=found["caption"],
        columns=tuple(found["columns"]),
        rows=tuple(tuple(row) for row in found["rows"]),
    )


def row_of(model: str, scale: int) -> PublishedRow | None:
    """The published row of an official checkpoint, told by its file name; None for others.

    "bicubic" and labels of Table 6 such as "HAT-L†" name their own row.
    """
    stem = re.split(r"[/\\]", model)[-1].removesuffix(".pth").removesuffix(".safetensors")
    label = stem
    if (match := _HAT_FILE.fullmatch(stem)) and int(match[2]) == scale:
        label = match[1] + ("†" if match[3] else "")
    elif (match := _SWINIR_FILE.fullmatch(stem)) and int(match[1]) == scale:
        label = "SwinIR"
    return next((row for row in published_rows(scale) if row.label == label), None)


def judge(row: PublishedRow, psnr: Mapping[str, float]) -> list[str]:
    """One sentence for each measured set: how far from `row`, and whether inside the band.

    Args:
        row: the published row.
        psnr: measured mean PSNR in dB by set; only complete sets should be given.
    """
    sentences: list[str] = []
    for name in _shared(row.psnr, psnr):
        gap = psnr[name] - row.psnr[name]
        verdict = "within" if abs(gap) <= BAND else "OUTSIDE"
        sentences.append(
            f"{name}: {psnr[name]:.2f} dB, {verdict} ±{BAND} dB of {row.label}'s published "
            f"{row.psnr[name]:.2f} ({gap:+.2f})"
        )
    return sentences


def _shared(published: Mapping[str, float], measured: Mapping[str, float]) -> Sequence[str]:
    return [name for name in SETS if name in published and name in measured]
