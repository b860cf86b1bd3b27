"""The engine: runs a HAT exactly, fast and in little memory."""

from hatsr.inference.engine.hat import Engine
from hatsr.inference.engine.heap import can_keep_heap, kept_heap
from hatsr.inference.engine.int8 import unusable as int8_unusable
from hatsr.inference.engine.linear import fuses
from hatsr.inference.engine.workers import limit_threads

__all__ = ["Engine", "can_keep_heap", "fuses", "int8_unusable", "kept_heap", "limit_threads"]
