"""Pictures for training: where they come from, what is held out, and the samples cut from them.

From source to batch: `open_source` lists pictures, `hold_out` takes some for validation,
`keep_in_memory` decodes the others to pairs of HR and LR, `Patches` cuts samples from these, and
`open_loader` makes batches of them. `hatsr.data.preparing` cuts and checks pictures before a run.
"""

from hatsr.data.holdout import ValidationPair, decode_validation, fingerprint, hold_out
from hatsr.data.loader import Plan, Stage, open_loader
from hatsr.data.pairs import PairStore, how_to_use, keep_in_memory, some_of
from hatsr.data.pictures import encode
from hatsr.data.random import step_seed
from hatsr.data.samples import Batch, Patches, Task, stack, to_unit
from hatsr.data.shards import is_manifest, open_shards, open_source
from hatsr.data.sources import DataError, Folder, Source, open_folders, pictures_in

__all__ = [
    "Batch",
    "DataError",
    "Folder",
    "PairStore",
    "Patches",
    "Plan",
    "Source",
    "Stage",
    "Task",
    "ValidationPair",
    "decode_validation",
    "encode",
    "fingerprint",
    "hold_out",
    "how_to_use",
    "is_manifest",
    "keep_in_memory",
    "open_folders",
    "open_loader",
    "open_shards",
    "open_source",
    "pictures_in",
    "some_of",
    "stack",
    "step_seed",
    "to_unit",
]
