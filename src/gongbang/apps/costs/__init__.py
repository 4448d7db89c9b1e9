"""What a trained run costs to serve, measured on its artifact at work: a study's columns beside metrics."""
