"""Several runs put together: calibrated, weighted on out-of-fold predictions, judged honestly. Torch-free."""
