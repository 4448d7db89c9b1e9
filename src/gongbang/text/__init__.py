"""Ground floor: offset-safe edits, normalisation, morphemes, particles, sentences."""
