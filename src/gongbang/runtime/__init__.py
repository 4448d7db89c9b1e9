"""Predictors: an artifact at work, without torch."""
