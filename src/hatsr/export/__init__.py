"""Networks as ONNX and OpenVINO files that take pictures of any size."""
