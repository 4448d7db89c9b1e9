"""The bundled artifact that does a task where none is named."""

READER = "reader-ko"
ENCODER = "encoder-ko"
RESPONDER = "respond-ko"
SENTIMENT = "sentiment-ko"
EMOTIONS = "emotions-ko"
RELATIONS = "relation-ko"
ANSWERER = "boolq-ko"

LABELLERS = {"classify": SENTIMENT, "boolq": ANSWERER, "emotions": EMOTIONS, "relation": RELATIONS}
"""What chooses among labels, by task."""
