"""IGNN against the steps of the authors' program, patch by patch."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu

from hatsr.resize import imresize


def conv(w: dict[str, Tensor], name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = w[name + ".weight"]
    return conv2d(x, weight, w[name + ".bias"], stride=stride, padding=weight.shape[-1] // 2)


def block(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return conv(w, name + ".body.2", relu(conv(w, name + ".body.0", x))) + x


def vgg(w: dict[str, Tensor], x: Tensor) -> Tensor:
    x = conv(w, "vggnet.sub_mean", x)
    return relu(conv(w, "graph.embedcnn.model.2", relu(conv(w, "vggnet.model.0", x))))


def cut(x: Tensor) -> list[list[Tensor]]:
    """Rows of 3 x 3 patches of one picture, at every second pixel; zeros where pixels lack."""
    _, h, w = x.shape
    larger = torch.zeros(len(x), h + 1, w + 1)
    larger[:, :h, :w] = x
    return [
        [larger[:, i : i + 3, j : j + 3] for j in range(0, w - 1 - (w % 2), 2)]
        for i in range(0, h - 1 - (h % 2), 2)
    ]


class Paper:
    """Larger patches laid on a picture, of which the mean counts."""

    def __init__(self, channels: int, height: int, width: int, scale: int) -> None:
        self.size, self.scale = (height * scale, width * scale), scale
        self.sum = torch.zeros(channels, (height + 1) * scale, (width + 1) * scale)
        self.count = torch.zeros_like(self.sum)

    def lay(self, i: int, j: int, patch: Tensor | float) -> None:
        s = self.scale
        place = (..., slice(2 * i * s, 2 * i * s + 3 * s), slice(2 * j * s, 2 * j * s + 3 * s))
        self.sum[place] += patch
        self.count[place] += 1

    def done(self) -> Tensor:
        return (self.sum / self.count)[:, : self.size[0], : self.size[1]]


def near(i: int, count: int, window: int | None, scale: int) -> range:
    if window is None:
        return range(count)
    start = min(max(i // 2 - window // scale, 0), count - window)
    return range(start, start + window)


def brought(x: Tensor, mine: Tensor, others: Tensor, scale: int, k: int) -> tuple[Tensor, Tensor]:
    """Of one picture, the k maps of like patches, and the k maps of differences."""
    _, h, width = x.shape
    coarse = torch.stack(
        [x[:, i::scale, j::scale] for i in range(scale) for j in range(scale)], 1
    )  # c s*s h w
    ours, theirs, larger, smaller = cut(mine), cut(others), cut(x), cut(coarse.flatten(0, 1))
    maps = [Paper(len(x), h, width, scale) for _ in range(k)]
    apart = [Paper(len(mine), h, width, scale) for _ in range(k)]
    sides = (len(theirs), len(theirs[0]))
    window = None if max(sides) <= 3 else min(3, *sides)
    for i, row in enumerate(ours):
        for j, patch in enumerate(row):
            found = sorted(
                (float((patch - theirs[a][b]).square().sum()), a, b)
                for a in near(i, len(theirs), window, scale)
                for b in near(j, len(theirs[0]), window, scale)
            )
            for n, (_, a, b) in enumerate(found[:k]):
                old = smaller[a][b].reshape(len(x), -1)
                new = larger[i][j].reshape(len(x), -1)
                old = (old - old.mean(1, keepdim=True)) / (old.var(1, keepdim=True) + 1e-5).sqrt()
                old = old * (new.var(1, keepdim=True) + 1e-5).sqrt() + new.mean(1, keepdim=True)
                shuffled = pixel_shuffle(old.reshape(1, -1, 3, 3), scale)[0]
                maps[n].lay(i, j, shuffled)
                differences = (patch - theirs[a][b]).abs().sum((1, 2))
                apart[n].lay(i, j, differences[:, None, None])
    return torch.stack([m.done() for m in maps]), torch.stack([d.done() for d in apart])


def forward(w: dict[str, Tensor], lr: Tensor, scale: int, k: int) -> Tensor:
    """One picture in a batch."""
    s = 3 if scale == 3 else 2
    mine, others = vgg(w, lr), vgg(w, imresize(lr, 1 / s).clamp(0, 1))
    head = conv(w, "head.0", conv(w, "sub_mean", lr * 255))
    x = block(w, "body1.0", head)
    fine, apart = brought(x[0], mine[0], others[0], s, k)

    def weights(name: str, differences: Tensor) -> Tensor:
        y = block(w, name + ".1", conv(w, name + ".0.0", differences))
        return conv(w, name + ".2.0", y).softmax(0)

    mean = apart.unflatten(2, (-1, s)).unflatten(4, (-1, s)).mean((3, 5))
    small = relu(conv(w, "gcn.knn_downsample.0.0", fine, stride=s))
    small = conv(w, "gcn.knn_downsample.2.0", relu(conv(w, "gcn.knn_downsample.1.0", small)))
    coarse = (small * weights("gcn.weightnet_lr", mean)).sum(0, keepdim=True)
    fine = (fine * weights("gcn.weightnet_hr", apart)).sum(0, keepdim=True)

    x = conv(w, "fuse_b.1.0", relu(conv(w, "fuse_b.0.0", torch.cat((x, coarse), 1))))
    x = conv(w, "body2.2.0", block(w, "body2.1", block(w, "body2.0", x))) + head
    x = torch.cat((pixel_shuffle(conv(w, "upsample.0", x), s), fine), 1)
    x = relu(conv(w, "fuse_up.1.0", relu(conv(w, "fuse_up.0.0", x))))
    if scale == 4:
        x = conv(w, "tail.1.0", pixel_shuffle(conv(w, "tail.0.0", x), 2))
    else:
        x = conv(w, "tail.0.0", x)
    return conv(w, "add_mean", x) / 255


@pytest.mark.parametrize(
    ("scale", "height", "width"), [(2, 16, 18), (4, 22, 14), (3, 21, 27), (3, 18, 12)]
)
def test_as_the_authors_program(scale: int, height: int, width: int) -> None:
    network = tiny_peer("ignn", scale=scale, neighbours=3)
    lr = torch.rand(1, 3, height, width)
    with torch.no_grad():
        expected = forward(official(network), lr, scale, 3)
        assert (network(lr) - expected).abs().max() < 1e-4
