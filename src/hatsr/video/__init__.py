"""Clips: file <-> frames in RGB, and all that a file carries beside them.

The only place that knows FFmpeg, through PyAV. Needs the extra ``hat-sr[video]``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from hatsr.video.endings import CLIPS, CONTAINERS, DEFAULT_QUALITY

if TYPE_CHECKING:
    from hatsr.video.clip import Clip, ClipError, open_clip
    from hatsr.video.clip_reading import Shot, ShotReader
    from hatsr.video.encoders import Encoding, choose_encoding
    from hatsr.video.joining import join
    from hatsr.video.parts import Parts
    from hatsr.video.segments import SegmentWriter, writing_segment

__all__ = [
    "CLIPS",
    "CONTAINERS",
    "DEFAULT_QUALITY",
    "Clip",
    "ClipError",
    "Encoding",
    "Parts",
    "SegmentWriter",
    "Shot",
    "ShotReader",
    "choose_encoding",
    "join",
    "open_clip",
    "writing_segment",
]
_HOMES = {
    "Clip": "clip",
    "ClipError": "clip",
    "open_clip": "clip",
    "Shot": "clip_reading",
    "ShotReader": "clip_reading",
    "Encoding": "encoders",
    "choose_encoding": "encoders",
    "join": "joining",
    "Parts": "parts",
    "SegmentWriter": "segments",
    "writing_segment": "segments",
}


def __getattr__(name: str) -> object:
    """Import what needs PyAV when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if find_spec("av") is None:
        raise ValueError("clips need PyAV, not installed: pip install 'hat-sr[video]'")
    return getattr(import_module(f"hatsr.video.{_HOMES[name]}"), name)
