"""How good it is, on a file of questions: finding, reading, and both together.

Each evaluation gives an :class:`Evaluation`: scores with intervals, the baselines they must beat, every
prediction with its n-best, and the error notebook.
"""

from gongbang.apps.evaluate.ask import evaluate_ask
from gongbang.apps.evaluate.evaluation import Evaluation
from gongbang.apps.evaluate.finder import Finder
from gongbang.apps.evaluate.finding import evaluate_search
from gongbang.apps.evaluate.labels import evaluate_labels
from gongbang.apps.evaluate.reading import evaluate_reader
from gongbang.apps.evaluate.responding import evaluate_respond
from gongbang.apps.evaluate.stress import evaluate_stress
from gongbang.apps.evaluate.unanswerable import evaluate_unanswerable

__all__ = [
    "Evaluation",
    "Finder",
    "evaluate_ask",
    "evaluate_labels",
    "evaluate_reader",
    "evaluate_respond",
    "evaluate_search",
    "evaluate_stress",
    "evaluate_unanswerable",
]
