"""The engine for GPUs: runs a HAT on batches of pictures, in half precision where that is near."""

from hatsr.inference.cuda.cuda_engine import CudaEngine

__all__ = ["CudaEngine"]
