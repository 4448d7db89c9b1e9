"""The single proofs of the preflight, one idea a file; :mod:`gongbang.train.preflight` names them all."""
