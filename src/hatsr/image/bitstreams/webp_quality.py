"""The quality of a lossy WebP file, told by the quantiser in its VP8 header (RFC 6386)."""

_KEY_FRAME_HEAD = 10
"""Bytes before the coded header: frame tag, start code, sizes (RFC 6386, 9.1)."""
_LARGEST = 127
"""The largest index of a quantiser."""


class _Bits:
    """Numbers out of the boolean decoder, all bits equally likely (RFC 6386, 7.3)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 2
        self._value = int.from_bytes(data[:2], "big")
        self._range, self._shifted = 255, 0

    def flag(self) -> bool:
        """The next bit."""
        split = 1 + (self._range - 1) // 2
        is_set = self._value >= split << 8
        if is_set:
            self._range -= split
            self._value -= split << 8
        else:
            self._range = split
        while self._range < 128:
            self._shift()
        return is_set

    def _shift(self) -> None:
        self._value, self._range = self._value << 1, self._range << 1
        self._shifted += 1
        if self._shifted == 8:
            self._shifted = 0
            self._value |= self._data[self._at] if self._at < len(self._data) else 0
            self._at += 1

    def number(self, bits: int) -> int:
        """The next bits, most significant first."""
        value = 0
        for _ in range(bits):
            value = 2 * value + self.flag()
        return value

    def optional(self, bits: int) -> int:
        """A number with a sign behind it, if a flag says that there is one, else 0."""
        if not self.flag():
            return 0
        value = self.number(bits)
        return -value if self.flag() else value


def vp8_quality(frame: bytes) -> int | None:
    """The quality, 0 to 100, at which libwebp takes about these quantisers.

    Args:
        frame: the contents of a chunk ``VP8 ``.

    Returns:
        None where the frame is no key frame.
    """
    if len(frame) <= _KEY_FRAME_HEAD or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    index = _quantiser(_Bits(frame[_KEY_FRAME_HEAD:]))
    # libwebp: index = 127 (1 - linear^(1/3)), with linear 2/3 of the quality below 0.75, then
    # rising to 1.
    linear = (1 - min(max(index, 0), _LARGEST) / _LARGEST) ** 3
    return round(100 * (1.5 * linear if linear < 0.5 else (1 + linear) / 2))


def _quantiser(bits: _Bits) -> float:
    """The mean index over the segments of a frame, or the frame's (RFC 6386, 9.3 to 9.6)."""
    bits.number(2)  # colour space, clamping
    segments, absolute = _segment_quantisers(bits) if bits.flag() else ([], False)
    bits.number(10)  # kind, level and sharpness of the loop filter
    if bits.flag() and bits.flag():  # adjustments of its level, and new ones
        for _ in range(8):
            bits.optional(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    if not segments:
        return float(base)
    mean = sum(segments) / len(segments)
    return mean if absolute else base + mean


def _segment_quantisers(bits: _Bits) -> tuple[list[int], bool]:
    """The four indices of the segments, and whether they stand alone or are added to the frame's.

    An empty list where the header brings no new ones.
    """
    new_map, new_values = bits.flag(), bits.flag()
    indices, absolute = [], False
    if new_values:
        absolute = bits.flag()
        indices = [bits.optional(7) for _ in range(4)]
        for _ in range(4):
            bits.optional(6)  # levels of the loop filter
    if new_map:
        for _ in range(3):
            if bits.flag():
                bits.number(8)
    return indices, absolute
