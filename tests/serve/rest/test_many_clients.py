"""Four clients change answers through two applications while two others chat."""

from __future__ import annotations

import random
import threading

from gongbang.serve.database.answers import Answers
from tests.serve.database.replay import replayed

CLIENTS, CALLS = 4, 250
ANSWERS = "/v1/answers"


class Editor(threading.Thread):
    """Creates, changes and deletes answers that any client made, and notes what succeeded."""

    def __init__(self, client, number, ids, done, gone):
        super().__init__()
        self.client, self.ids, self.done, self.gone = client, ids, done, gone
        self.chance = random.Random(number)
        self.failure = None
        self.refused = 0

    def run(self):
        try:
            for number in range(CALLS):
                self.call(f"{self.chance.random():.9f} {number}")
        except BaseException as err:
            self.failure = err

    def call(self, word):
        kind = self.chance.choices(("create", "update", "delete"), (4, 4, 2))[0]
        if kind == "create" or not self.ids:
            body = {"text": f"대답 {word}", "question": f"질문 {word}"}
            made = self.client.post(ANSWERS, json=body)
            assert made.status_code == 201, made.text
            self.done[made.json()["id"], 1, "create"] = body | {"label": ""}
            self.ids.append(made.json()["id"])
            return
        id = self.chance.choice(self.ids)
        headers = {}
        if self.chance.random() < 0.5:
            headers = {"If-Match": self.client.get(f"{ANSWERS}/{id}").headers.get("etag", "*")}
        if kind == "delete":
            answer = self.client.delete(f"{ANSWERS}/{id}", headers=headers)
            if answer.status_code == 204:
                self.done[id, "delete"] = None
                self.gone.add(id)
        else:
            change = {self.chance.choice(("text", "question", "label")): word[:60]}
            answer = self.client.patch(f"{ANSWERS}/{id}", json=change, headers=headers)
            if answer.status_code == 200:
                self.done[id, answer.json()["version"], "update"] = change
        if answer.status_code not in (200, 204):
            assert answer.status_code in (404, 409), answer.text  # another was faster
            self.refused += 1


def chatting(client, editors, gone, faults, told):
    """Ask for answers that some client made, and look whether what is served was deleted before."""
    number = 0
    while any(editor.is_alive() for editor in editors):
        before = set(gone)
        number += 1
        reply = client.post("/v1/chat", json={"text": f"질문 0.{number}", "explain": True}).json()
        shown = {reply["answer_id"], *(one["answer_id"] for one in reply["candidates"] or [])}
        told.append(reply["kind"])
        faults += [f"answer {id} was served after it had been deleted" for id in shown & before]


def test_a_thousand_calls_end_as_their_replay_and_nothing_deleted_is_served(opened, answers: Answers):
    apps = [opened(), opened()]
    ids, done, gone, faults, told = [], {}, set(), [], []
    editors = [Editor(apps[number % 2], number, ids, done, gone) for number in range(CLIENTS)]
    talkers = [
        threading.Thread(target=chatting, args=(app, editors, gone, faults, told)) for app in (*apps, *apps)
    ]
    for thread in (*editors, *talkers):
        thread.start()
    for thread in (*editors, *talkers):
        thread.join()
    assert [editor.failure for editor in editors] == [None] * CLIENTS
    assert not faults and len(told) > 20 and "answer" in told

    assert len(done) + sum(editor.refused for editor in editors) == CLIENTS * CALLS
    assert answers.last_change() == len(done)
    final = {
        one.id: {"text": one.text, "question": one.question, "label": one.label} for one in answers.each()
    }
    assert final == replayed(answers, done)
    for app in apps:
        shown, after = {}, 0
        while after is not None:
            page = app.get(ANSWERS, params={"after": after, "limit": 100}).json()
            shown |= {one["id"]: one["text"] for one in page["items"]}
            after = page["next"]
        assert shown == {id: one["text"] for id, one in final.items()}
        for id in sorted(final)[:5]:
            asked = final[id]["question"]
            found = app.post("/v1/chat", json={"text": asked, "explain": True}).json()["candidates"]
            assert id in [one["answer_id"] for one in found]
