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
    from hatsr.video.clip_reading import ClipFrame, ClipReader
    from hatsr.video.encoders import Encoding, choose_encoding
    from hatsr.video.joining import join
    from hatsr.video.segment_folder import SegmentFolder
    from hatsr.video.segments import SegmentWriter, writing_segment

__all__ = [
    "CLIPS",
    "CONTAINERS",
    "DEFAULT_QUALITY",
    "Clip",
    "ClipError",
    "ClipFrame",
    "ClipReader",
    "Encoding",
    "SegmentFolder",
    "SegmentWriter",
    "choose_encoding",
    "join",
    "open_clip",
    "writing_segment",
]
_LAZY_IMPORTS = {
    "Clip": "clip",
    "ClipError": "clip",
    "open_clip": "clip",
    "ClipFrame": "clip_reading",
    "ClipReader": "clip_reading",
    "Encoding": "encoders",
    "choose_encoding": "encoders",
    "join": "joining",
    "SegmentFolder": "segment_folder",
    "SegmentWriter": "segments",
    "writing_segment": "segments",
}


def __getattr__(name: str) -> object:
    """Import what needs PyAV when it is first asked for."""
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if find_spec("av") is None:
        raise ValueError("clips need PyAV, not installed: pip install 'hat-sr[video]'")
    return getattr(import_module(f"hatsr.video.{_LAZY_IMPORTS[name]}"), name)
