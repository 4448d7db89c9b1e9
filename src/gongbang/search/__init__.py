"""Lexical, dense and hybrid retrieval behind one protocol, with reranking, evaluation and tuning."""

from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.base import Encoder, Explanation, Hit, Index, Reranker
from gongbang.search.bm25 import LexicalOptions
from gongbang.search.contexts import passages_of
from gongbang.search.dense import DenseIndex
from gongbang.search.evaluate import (
    evaluate_search,
    judged_questions,
    tune_fusion,
    tune_rerank,
)
from gongbang.search.fusion import Fusion
from gongbang.search.hybrid import HybridIndex
from gongbang.search.lexical import LexicalIndex
from gongbang.search.rerank import Rerank

__all__ = [
    "AnalysisConfig",
    "DenseIndex",
    "Encoder",
    "Explanation",
    "Fusion",
    "Hit",
    "HybridIndex",
    "Index",
    "LexicalIndex",
    "LexicalOptions",
    "Rerank",
    "Reranker",
    "SearchAnalyser",
    "evaluate_search",
    "judged_questions",
    "passages_of",
    "tune_fusion",
    "tune_rerank",
]
