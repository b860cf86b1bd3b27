"""The tensor names in the files of the authors' programs, layer by layer, for the tiny networks."""

import re
from itertools import product

import pytest
from tiny_peers import PEERS, official, tiny_peer

MEANS = "sub_mean add_mean"
ENDS = f"{MEANS} head.0 tail.0.{{0,2}} tail.1"
RCAN_BODY = (
    "body.{0,1}.body.{0,1}.body.{0,2} body.{0,1}.body.{0,1}.body.3.conv_du.{0,2} "
    "body.{0,1}.body.2 body.2"
)
IPT_LAYER = "body.{encoder,decoder}.layers.{0,1}"
EDT_BLOCK = "body.layers.{0,1}.residual_group.blocks.{0,1}"
LAYERS = {
    "srresnet": "conv_first body.{0,1}.conv{1,2} upconv{1,2} conv_hr conv_last",
    "edsr": f"{ENDS} body.{{0,1}}.body.{{0,2}} body.2",
    "rcan": f"{ENDS} {RCAN_BODY}",
    "rrdb": (
        "conv_first body.{0,1}.rdb{1,2,3}.conv{1,2,3,4,5} conv_body conv_up{1,2} conv_hr conv_last"
    ),
    "san": (
        f"{ENDS} RG.{{0,1}}.rcab.{{0,1}}.conv_first.{{0,2}} RG.{{0,1}}.soca.conv_du.{{0,2}} "
        "RG.{0,1}.conv_last conv_last non_local.soca.conv_du.{0,2} "
        "non_local.non_local.{g.0,phi.0,theta,W}"
    ),
    "han": f"{ENDS} {RCAN_BODY} csa.conv last_conv last",
    "nlsn": (
        f"{ENDS} body.{{0,3,6}}.conv_match.0 body.{{0,3,6}}.conv_assembly.0 "
        "body.{1,2,4,5}.body.{0,2} body.7"
    ),
    "ignn": (
        f"{MEANS} vggnet.model.{{0,2}} vggnet.sub_mean graph.embedcnn.model.{{0,2}} "
        "graph.embedcnn.sub_mean head.0 body1.0.body.{0,2} body2.{0,1}.body.{0,2} body2.2.0 "
        "gcn.knn_downsample.{0,1,2}.0 gcn.weightnet_{lr,hr}.{0,2}.0 "
        "gcn.weightnet_{lr,hr}.1.body.{0,2} fuse_b.{0,1}.0 fuse_up.{0,1}.0 upsample.0 tail.0.0 "
        "tail.1.0"
    ),
    "ipt": (
        f"{MEANS} head.{{0,1,2,3}}.0 head.{{0,1,2,3}}.{{1,2}}.body.{{0,2}} tail.{{0,1}}.0.0 "
        "tail.2.0.{0,2} tail.{0,1,2,3}.1 body.linear_encoding body.mlp_head.{0,3} "
        f"{IPT_LAYER}.linear{{1,2}} {IPT_LAYER}.norm{{1,2}} body.decoder.layers.{{0,1}}.norm3"
    ),
    "edt": (
        "head_sr_x4.{0,3} head_sr_x4.{1,2}.{conv_1,conv_2,shortcut} tail_sr_x4.{0,1}.conv "
        "tail_sr_x4.{0,1}.block.{conv_1,conv_2,shortcut} tail_sr_x4.2.{0,2} tail_sr_x4.3 "
        f"body.patch_embed.norm body.norm body.conv_after_body {EDT_BLOCK}.norm{{1,2}} "
        f"{EDT_BLOCK}.attns.{{0,1}}.lepe {EDT_BLOCK}.mlp.{{fc1,dwconv,fc2}} "
        f"{EDT_BLOCK}.{{qkv,proj}}"
    ),
}
"""Layers with a weight and a bias; braces hold alternatives."""
OTHERS = {
    "san": "gamma RG.{0,1}.gamma",
    "han": "csa.gamma la.gamma",
    "ipt": (
        f"body.position_encoding.pe.weight body.position_encoding.position_ids "
        f"body.query_embed.weight {IPT_LAYER}.self_attn.{{in_proj_weight,out_proj.weight}} "
        "body.decoder.layers.{0,1}.multihead_attn.{in_proj_weight,out_proj.weight}"
    ),
    "edt": "body.layers.{0,1}.residual_group.blocks.1.attn_mask_{h,v}",
}
"""Tensors that stand alone."""


def expanded(text: str) -> list[str]:
    """Words, each as often as its braces have alternatives."""
    found: list[str] = []
    for word in text.split():
        parts = [part.split(",") for part in re.split(r"[{}]", word)]
        found += ["".join(chosen) for chosen in product(*parts)]
    return found


def names(peer: str) -> set[str]:
    layers = expanded(LAYERS[peer])
    kinds = ("weight", "bias")
    return {f"{layer}.{kind}" for layer in layers for kind in kinds} | {
        *expanded(OTHERS.get(peer, ""))
    }


@pytest.mark.parametrize("peer", PEERS)
def test_names_are_those_of_the_authors(peer: str) -> None:
    assert set(official(tiny_peer(peer))) == names(peer)
