"""The engine: runs a HAT exactly, fast and in little memory."""

from hatsr.inference.engine.hat import Engine
from hatsr.inference.engine.heap import can_retain_freed_memory, retain_freed_memory
from hatsr.inference.engine.int8 import unusable as int8_unusable
from hatsr.inference.engine.linear import fuses
from hatsr.inference.engine.workers import limit_threads

__all__ = [
    "Engine",
    "can_retain_freed_memory",
    "fuses",
    "int8_unusable",
    "limit_threads",
    "retain_freed_memory",
]
