"""Pictures for training: where they come from, what is held out, and the samples cut from them.

From source to batch: `open_source` lists pictures, `hold_out` takes some for validation,
`keep_in_memory` decodes the others to pairs of HR and LR, `PatchDataset` cuts samples from these,
and `open_loader` makes batches of them. `hatsr.data.preparing` cuts and checks pictures before a
run.
"""

from hatsr.data.holdout import ValidationPair, decode_validation, fingerprint, hold_out
from hatsr.data.loader import SamplePlan, Stage, open_loader
from hatsr.data.pairs import PairCache, advice_for, describe_left_out, keep_in_memory
from hatsr.data.pictures import encode
from hatsr.data.random import step_seed
from hatsr.data.samples import Batch, PatchDataset, Task, stack, to_unit
from hatsr.data.shards import is_manifest, open_shards, open_source
from hatsr.data.sources import DataError, FolderSource, Source, open_folders, pictures_in

__all__ = [
    "Batch",
    "DataError",
    "FolderSource",
    "PairCache",
    "PatchDataset",
    "SamplePlan",
    "Source",
    "Stage",
    "Task",
    "ValidationPair",
    "advice_for",
    "decode_validation",
    "describe_left_out",
    "encode",
    "fingerprint",
    "hold_out",
    "is_manifest",
    "keep_in_memory",
    "open_folders",
    "open_loader",
    "open_shards",
    "open_source",
    "pictures_in",
    "stack",
    "step_seed",
    "to_unit",
]
