"""Where pictures are read and results are put: a folder, or an object store such as s3://."""

from hatsr.batch.stores.disk_store import DiskStore
from hatsr.batch.stores.object_store import ObjectStore, open_store
from hatsr.batch.stores.store import FileFacts, Store

__all__ = ["DiskStore", "FileFacts", "ObjectStore", "Store", "open_store"]
