"""One picture, one patch, several networks: numbers, a line to print, a figure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from hatsr.attribution.integral import LamSettings, Progress
from hatsr.attribution.maps import Attribution, lam
from hatsr.attribution.objective import Patch
from hatsr.attribution.panels import Colours
from hatsr.attribution.quality import patch_quality
from hatsr.attribution.subject import Scene, Subject, load_subject

_POOR = 0.05
"""Completeness error above which the line advises more steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What LAM says about one network."""

    subject: Subject
    """The network."""
    scene: Scene
    """The picture."""
    attribution: Attribution
    """The map and its numbers."""

    def quality(self) -> tuple[float, float] | None:
        """PSNR in dB and SSIM of the patch; None without the HR picture."""
        found = self.attribution
        if self.scene.hr is None:
            return None
        return patch_quality(found.sr, self.scene.hr, found.patch, found.settings.window)

    def numbers(self) -> dict[str, object]:
        """Everything but pictures, fit for JSON."""
        head = {
            "model": self.subject.name,
            "weights": self.subject.digest,
            "picture": self.scene.name,
        }
        psnr, ssim = self.quality() or (None, None)
        quality = {"psnr": psnr, "ssim": ssim}
        finite = {k: v if v is not None and isfinite(v) else None for k, v in quality.items()}
        return head | self.attribution.numbers() | finite

    def line(self) -> str:
        """For the terminal."""
        found = self.attribution
        parts = [
            f"{self.subject.name}: DI {found.diffusion_index:.4f}",
            f"Gini {found.gini:.6f}",
            f"completeness error {100 * found.completeness_error:.2f} %",
            f"{found.settings.fold} steps",
        ]
        if found.settings.mode == "reference":
            parts.append(f"{found.nan_steps} steps with gradients that are not a number")
        if (quality := self.quality()) is not None:
            parts.append(f"patch {quality[0]:.2f} dB / {quality[1]:.4f}")
        if found.completeness_error > _POOR:
            parts.append("a larger fold is advised")
        return ", ".join(parts)


def load_subjects(
    sources: Sequence[str], device: str, overrides: Mapping[str, object] | None = None
) -> list[Subject]:
    """The networks to compare.

    Raises:
        ValueError: one does not exist, their scales differ, or there are overrides for several.
    """
    if overrides and len(sources) > 1:
        raise ValueError(
            f"overrides (--set) must go with one model, got {len(sources)}; hatsr convert --set "
            "writes a file that has them"
        )
    subjects = [load_subject(source, device, overrides) for source in sources]
    if len({subject.scale for subject in subjects}) > 1:
        named = ", ".join(f"{subject.name} x{subject.scale}" for subject in subjects)
        raise ValueError(f"networks to compare must have one scale, got {named}")
    return subjects


def study(
    subjects: Sequence[Subject],
    scene: Scene,
    patch: Patch,
    settings: LamSettings,
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """LAM of each network in turn."""
    for subject in subjects:
        lr = scene.lr.to(subject.device)
        found = lam(subject.network, lr, patch, settings, progress)
        yield Finding(subject=subject, scene=scene, attribution=found)


def draw(findings: Sequence[Finding], path: Path, colours: Colours) -> None:
    """Write the figure of all findings, with their numbers in its metadata."""
    from hatsr.attribution.figure import Column, lam_figure  # needs the extra
    from hatsr.attribution.plotting import save

    columns = [Column(name=f.subject.name, attribution=f.attribution) for f in findings]
    scene = findings[0].scene
    parameters = {"colours": colours, "findings": [finding.numbers() for finding in findings]}
    save(lam_figure(scene, columns, colours), path, f"LAM of {scene.name}", parameters)
