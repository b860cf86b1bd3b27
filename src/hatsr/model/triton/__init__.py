"""Window attention on a GPU, in Triton: the operator, and its kernels."""
