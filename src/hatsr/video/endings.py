"""Which files are clips, and which can be written; needs no PyAV."""

CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
"""Endings that a clip can be written with, and FFmpeg's names of the containers."""
CLIPS = frozenset(CONTAINERS) | {
    *(".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".wmv", ".flv", ".3gp", ".ogv"),
    ".y4m",
}
"""Endings, in small letters, of files that are taken for clips."""
DEFAULT_QUALITY = 90
"""1 to 100; 100 is without loss."""
