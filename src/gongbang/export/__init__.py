"""Torch to ONNX: fusion, quantisation behind a gate, parity."""
