"""Binary PGM and PPM files."""

import numpy as np
import pytest
from picture_files import DEEP

from hatsr import image


@pytest.mark.parametrize("maximum", [255, 1000, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_netpbm(maximum: int, channels: int) -> None:
    array = DEEP[..., :channels].astype(int) % (maximum + 1)
    head = b"P%d\n# made by hand\n23 17\n%d\n" % (5 if channels == 1 else 6, maximum)
    picture = image.read(head + array.astype(">u2" if maximum > 255 else "u1").tobytes())
    np.testing.assert_array_equal(picture.rgb[..., :channels], (array / maximum).astype(np.float32))
    assert picture.bits == (8 if maximum == 255 else 16)
