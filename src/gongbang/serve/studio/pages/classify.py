"""Classify and emotions: a text's labels as bars, and stickers for what is felt in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from gongbang.apps.loop.judged import Judged
from gongbang.serve.schemas_models import ModelInfo, Prediction
from gongbang.serve.studio.markup import bars, head, notice, told
from gongbang.serve.studio.page import CLIENT, Page, Shown
from gongbang.serve.studio.pictures import Stickers
from gongbang.serve.studio.words import Words

TASKS = ("classify", "emotions")
_MOST = 6  # labels with a bar


def build(page: Page, load: Any) -> None:
    """Lay the page out. ``load`` is the event of its being opened."""
    gr, words = page.gr, page.words
    page.html(head("classify", words), id="head")
    models, kept = gr.State([]), gr.State(None)
    model = gr.Dropdown([], label=words("classify.model"), elem_id="classify-model")
    text = gr.Textbox(
        label=words("classify.text"), placeholder=words("classify.example"), lines=3, elem_id="classify-text"
    )
    pair = gr.Textbox(label=words("classify.pair"), visible=False, elem_id="classify-pair")
    button = gr.Button(words("classify.button"), variant="primary", elem_id="classify-button")
    said = page.notice()
    shown = page.html(id="labels", live=True)
    stickers = page.html(id="stickers")
    with gr.Column(visible=False) as judging:
        page.html(told(f"<h2>{escape(words('classify.judge'))}</h2>"), id="judge")
        with gr.Row():
            right = gr.Button(words("right"), elem_id="classify-right")
            wrong = gr.Button(words("wrong"), elem_id="classify-wrong")
        with gr.Row():
            label = gr.Dropdown([], label=words("classify.label"), elem_id="classify-label")
            correct = gr.Button(words("correct"), elem_id="classify-correct")

    def opened() -> Shown:
        found = [one for one in page.client.models() if one.task in TASKS]
        choices = [(f"{one.name} ({one.task})", one.name) for one in found]
        first = choices[0][1] if choices else None
        return {
            models: [one.model_dump(mode="json") for one in found],
            model: gr.update(choices=choices, value=first),
            pair: gr.update(visible=takes_pair(found, first)),
            said: "" if found else notice(words("classify.no-model"), "alert"),
        }

    page.on(load, opened, None, [models, model, pair], said)

    def chosen(name: str, known: Sequence[dict[str, Any]]) -> Shown:
        found = [ModelInfo.model_validate(one) for one in known]
        # What another model said would stand under this one's name.
        cleared = {shown: "", stickers: "", judging: gr.update(visible=False)}
        return {pair: gr.update(visible=takes_pair(found, name)), **cleared}

    # Of what the visitor chooses, not of what the page puts there when it is opened: that may come late.
    page.on(model.input, chosen, [model, models], [pair, shown, stickers, judging], said)

    def read(name: str, words_in: str, other: str, known: Sequence[dict[str, Any]]) -> Shown:
        info = next(ModelInfo.model_validate(one) for one in known if one["name"] == name)
        record = {"text": words_in, **({"pair": other} if "pair" in info.fields else {})}
        prediction, answer = page.client.predict(name, record)
        given = {"record": record, "label": prediction.text, "artifact": answer.artifact, "id": answer.id}
        feelings = info.task == "emotions"
        return {
            kept: given,
            shown: labelled(prediction, words, several=feelings),
            stickers: recommended(prediction, page.stickers, words) if feelings else "",
            judging: gr.update(visible=info.task == "classify" and "pair" not in info.fields),
            label: gr.update(choices=info.labels, value=None),
        }

    every = [kept, shown, stickers, judging, label]
    for event in (button.click, text.submit):
        page.on(event, read, [model, text, pair, models], every, said)

    def keep(good: bool) -> Any:
        def work(given: dict[str, Any], *choice: str | None) -> Shown:
            page.client.judge_answer(judged_of(given, good, choice[0] if choice else None))
            return {said: notice(words("kept")), judging: gr.update(visible=False)}

        return work

    page.on(right.click, keep(True), [kept], [judging], said)
    page.on(wrong.click, keep(False), [kept], [judging], said)
    page.on(correct.click, keep(False), [kept, label], [judging], said)


def takes_pair(models: Sequence[ModelInfo], name: str | None) -> bool:
    """Whether a model compares two texts."""
    return any(one.name == name and "pair" in one.fields for one in models)


def judged_of(given: Mapping[str, Any], good: bool, correction: str | None) -> Judged:
    """What somebody thinks of a label, as it is sent.

    Args:
        given: what the page kept of the prediction. correction: the label that is right, where it was said.
    """
    return Judged(
        origin="predict",
        task="classify",
        texts=given["record"],
        answer=given["label"],
        good=good,
        correction=correction or None,
        asked=given["record"]["text"],
        artifact=given["artifact"],
        artifact_id=given["id"],
        client=CLIENT,
    )


def labelled(prediction: Prediction, words: Words, *, several: bool) -> str:
    """The labels of a text with their shares, the surest first.

    Args:
        several: whether any number of labels may be chosen; they are then in ``details``.
    """
    shares = {one.text: one.probability or 0.0 for one in prediction.candidates[:_MOST]}
    chosen = chosen_of(prediction, several=several)
    names = ", ".join(chosen) if chosen else words("classify.nothing")
    size = "" if several else " class='big'"
    return told(
        f"<p{size} id='classify-chosen'><small>{escape(words('classify.given'))}</small>"
        f" {escape(names)}</p>"
        f"<h2>{escape(words('classify.labels'))}</h2>" + bars(shares, chosen)
    )


def chosen_of(prediction: Prediction, *, several: bool) -> list[str]:
    """The labels that were chosen."""
    if several and isinstance(prediction.details, dict) and "labels" in prediction.details:
        return [str(name) for name in prediction.details["labels"]]
    return [prediction.text] if prediction.text else []


def recommended(prediction: Prediction, stickers: Stickers | None, words: Words) -> str:
    """Stickers for the emotions of a text, each with its reason."""
    if stickers is None:
        return ""
    emotions = {one.text: one.probability or 0.0 for one in prediction.candidates}
    found = stickers.pick(emotions)
    title = f"<h2>{escape(words('classify.stickers'))}</h2>"
    if not found:
        return told(f"{title}<p>{escape(words('classify.no-sticker'))}</p>")
    cards = [
        f"<div class='box'>{stickers.shown(one.sticker.picture, one.sticker.name)}"
        f"<b>{escape(one.sticker.name)}</b><br><small>{escape(one.reason)}</small></div>"
        for one in found
    ]
    return told(f"{title}<div class='stickers'>{''.join(cards)}</div>")
