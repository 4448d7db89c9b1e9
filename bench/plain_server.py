"""The peer of ``serving.py``: a reader as one serves it by hand, FastAPI over torch, a request at a time.

``python plain_server.py CHECKPOINT PORT SETTINGS``, the settings as JSON: max_length, stride, max_answer
and title.
"""

from __future__ import annotations

import json
import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForQuestionAnswering, AutoTokenizer


class Asked(BaseModel):
    """A question to one passage."""

    question: str
    context: str
    title: str = ""


def make_app(checkpoint: str, settings: dict[str, object]) -> FastAPI:
    """The application: the best span by the sum of its logits."""
    model = AutoModelForQuestionAnswering.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, bool]:
        return {"live": True}

    def predict(asked: Asked) -> dict[str, str]:
        shown = asked.title.replace("_", " ").strip() if settings["title"] == "question" else ""
        encoded = tokenizer(
            f"{asked.question} | {shown}" if shown else asked.question,
            asked.context,
            truncation="only_second",
            max_length=settings["max_length"],
            stride=settings["stride"],
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )
        sides = [encoded.sequence_ids(row) for row in range(len(encoded.input_ids))]
        hidden = torch.tensor([[place != 1 for place in row] for row in sides])
        with torch.inference_mode():
            out = model(**{name: encoded[name] for name in tokenizer.model_input_names})
        start, end = (
            x.masked_fill(hidden, float("-inf"))[:, :, None] for x in (out.start_logits, out.end_logits)
        )
        scores = start + end.transpose(1, 2)  # (windows, time, time)
        longest = int(str(settings["max_answer"]))
        allowed = torch.ones(scores.shape[1:], dtype=torch.bool).triu().tril(longest - 1)
        best = scores.masked_fill(~allowed, float("-inf")).argmax()
        row, first, last = torch.unravel_index(best, scores.shape)
        left, right = encoded.offset_mapping[row, first, 0], encoded.offset_mapping[row, last, 1]
        return {"text": asked.context[int(left) : int(right)].strip()}

    predict.__annotations__["asked"] = Asked
    app.post("/predict")(predict)
    return app


if __name__ == "__main__":
    application = make_app(sys.argv[1], json.loads(sys.argv[3]))
    uvicorn.run(application, port=int(sys.argv[2]), log_level="warning", access_log=False)
