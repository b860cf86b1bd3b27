"""Kernels in C++ for what PyTorch does slowly on a CPU; everything also runs without them."""
