"""Torch: backbones and heads."""
