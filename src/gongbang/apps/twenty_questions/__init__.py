"""Twenty Questions: a person guesses what the machine thinks of, or the other way round.

:class:`TwentyQuestions` and :class:`Reverse` are the rules of the two games, :class:`Game` and
:class:`ReverseGame` their states. Engines hold no game and games hold no engine, so that two players never
share anything but models and keywords, which nobody changes.
"""

from gongbang.apps.twenty_questions.asking import Answerer, Asked, Reader, Told, load_answerer, load_reader
from gongbang.apps.twenty_questions.commands import Play, Playing, ReversePlay
from gongbang.apps.twenty_questions.engine import TwentyQuestions
from gongbang.apps.twenty_questions.feedback import Feedback, feedback_of
from gongbang.apps.twenty_questions.focus import Focused, Sentences
from gongbang.apps.twenty_questions.forms import Forms, LeakError, check_no_leak
from gongbang.apps.twenty_questions.game import HINTS_FROM, TURNS, Game, Turn
from gongbang.apps.twenty_questions.keywords import Keyword, Keywords
from gongbang.apps.twenty_questions.known import Known, read_known
from gongbang.apps.twenty_questions.reading import read_keywords
from gongbang.apps.twenty_questions.reverse import Reverse, ReverseGame
from gongbang.apps.twenty_questions.simulate import Simulation, simulate
from gongbang.apps.twenty_questions.table import AttributeTable, read_table

__all__ = [
    "HINTS_FROM",
    "TURNS",
    "Answerer",
    "Asked",
    "AttributeTable",
    "Feedback",
    "Focused",
    "Forms",
    "Game",
    "Keyword",
    "Keywords",
    "Known",
    "LeakError",
    "Play",
    "Playing",
    "Reader",
    "Reverse",
    "ReverseGame",
    "ReversePlay",
    "Sentences",
    "Simulation",
    "Told",
    "Turn",
    "TwentyQuestions",
    "check_no_leak",
    "feedback_of",
    "load_answerer",
    "load_reader",
    "read_keywords",
    "read_known",
    "read_table",
    "simulate",
]
