"""Every word that the studio's pages say of themselves, in Korean and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from gongbang.errors import OptionError

Language = Literal["ko", "en"]
LANGUAGES: tuple[str, ...] = get_args(Language)

_SHARED = {
    "studio": ("공방", "Gongbang"),
    "nav": ("쪽", "Pages"),
    "language": ("언어", "Language"),
    "ask": ("묻기", "Ask"),
    "chat": ("대화", "Chat"),
    "play": ("스무고개", "Play"),
    "classify": ("분류와 감정", "Classify"),
    "compare": ("실험 비교", "Compare"),
    "review": ("검토", "Review"),
    "confidence": ("확신 {percent}%", "{percent}% sure"),
    "right": ("맞아요", "Right"),
    "wrong": ("틀려요", "Wrong"),
    "correct": ("이렇게 고쳐요", "Correct it"),
    "correction": ("무엇이 맞나요?", "What would be right?"),
    "kept": ("고맙습니다. 검토할 목록에 넣었습니다.", "Thank you. It waits for a reviewer."),
    "try": ("이렇게 해 보세요", "What to do"),
    "allowed": ("쓸 수 있는 것", "Allowed"),
    "start": ("시작", "Begin"),
    "none": ("없음", "none"),
    "yes": ("예", "yes"),
    "no": ("아니요", "no"),
    "no-answer": ("모름", "don't know"),
}
_PROBLEMS = {
    "problem.invalid": ("입력을 쓸 수 없습니다.", "This cannot be used."),
    "problem.missing": ("찾는 것이 없습니다.", "There is no such thing."),
    "problem.not-found": (
        "이 서버에는 이 기능이 없습니다.",
        "This server does not have what the page needs.",
    ),
    "problem.busy": ("지금은 서버가 바쁩니다.", "The server is busy."),
    "problem.late": ("서버가 제때 답하지 못했습니다.", "The server was too late."),
    "problem.away": ("데이터베이스에 닿지 않습니다.", "The database cannot be reached."),
    "problem.conflict": ("그사이에 바뀌었습니다.", "It has changed meanwhile."),
    "problem.not-now": ("지금은 할 수 없습니다.", "This cannot be done now."),
    "problem.no-model": ("필요한 모델이 서버에 없습니다.", "The server lacks the model for it."),
    "problem.refused": ("서버가 거절했습니다.", "The server refused."),
    "problem.unauthorized": ("API 열쇠가 없거나 틀립니다.", "There is no API key, or a wrong one."),
    "problem.forbidden": ("이 열쇠로는 할 수 없습니다.", "The key may not do this."),
    "problem.unreachable": ("API 서버에 닿지 않습니다.", "The API server cannot be reached."),
    "problem.strange": ("서버의 답을 읽을 수 없습니다.", "The server's answer cannot be read."),
    "problem.fault": ("서버에 잘못이 있었습니다.", "The server met a fault of its own."),
    "problem.own": (
        "스튜디오에 잘못이 있었습니다. 기록(log)을 보세요.",
        "The studio met a fault of its own; its log says more.",
    ),
    "problem.other": ("할 수 없었습니다.", "It could not be done."),
}
_ASK = {
    "ask.hint": (
        "서버가 연 문서에 묻습니다. 답은 문서의 낱말 그대로이고, 없으면 없다고 합니다.",
        "Asks the documents that the server opened. Answers are words of theirs, or none.",
    ),
    "ask.question": ("질문", "Question"),
    "ask.example": ("두루미골의 면적은 얼마인가?", "두루미골의 면적은 얼마인가?"),
    "ask.more": ("더 정하기", "More settings"),
    "ask.top-k": ("읽을 단락 수", "Passages to read"),
    "ask.button": ("묻기", "Ask"),
    "ask.nothing": (
        "문서에서 답을 찾지 못했습니다.",
        "The documents do not answer this.",
    ),
    "ask.best": ("가장 나은 후보도 확신 {percent}%", "the best candidate is {percent}% sure"),
    "ask.whole": ("단락 전체", "The whole passage"),
    "ask.nearest": ("가장 가까운 단락", "The nearest passage"),
    "ask.evidence": ("근거", "Evidence"),
    "ask.source": ("출처", "Source"),
    "ask.others": ("다른 후보", "Other candidates"),
    "ask.passages": ("함께 읽은 단락", "Other passages that were read"),
    "ask.judge": ("이 답이 맞나요?", "Is this answer right?"),
    "ask.no-answer": ("문서에 답이 없어요", "Nothing there answers it"),
    "ask.words": (
        "단락에 있는 낱말 그대로 적어 주세요.",
        "In words of the passage.",
    ),
    "ask.blank-correction": (
        "무엇이 맞는지 적어 주세요.",
        "Write what would be right.",
    ),
}
_CHAT = {
    "chat.hint": (
        "아는 답 가운데서 고르고, 확실하지 않으면 되묻습니다.",
        "Chooses among known answers, and asks back where it is not sure.",
    ),
    "chat.talk": ("나눈 말", "Conversation"),
    "chat.message": ("할 말", "Message"),
    "chat.example": ("몇 시에 열어요?", "몇 시에 열어요?"),
    "chat.send": ("보내기", "Send"),
    "chat.again": ("새 대화", "New conversation"),
    "chat.explain": ("왜 그렇게 답했는지 보기", "Show why"),
    "chat.meant": ("혹시 이 물음이었나요?", "Did you mean one of these?"),
    "chat.turn": ("어느 답에 대해서인가요?", "Which reply?"),
    "chat.judge": ("답이 알맞았나요?", "Was the reply right?"),
    "chat.found": ("찾은 답", "What was found"),
    "chat.replies": ("답으로", "as a reply"),
    "chat.like": ("물음으로", "as a question"),
    "chat.sure": ("확신", "sure"),
    "chat.answer": ("답", "answer"),
    "chat.placeholder": ("첫마디를 건네 보세요.", "Say something to begin."),
}
_PLAY = {
    "play.hint": (
        "스무 번 안에 낱말을 맞히거나, 낱말을 생각하고 기계가 맞히게 하세요.",
        "Find a word within twenty turns, or think of one and let the machine find it.",
    ),
    "play.which": ("누가 맞히나요?", "Who guesses?"),
    "play.guess": ("내가 맞히기", "I guess"),
    "play.reverse": ("기계가 맞히기", "The machine guesses"),
    "play.category": ("갈래", "Category"),
    "play.any": ("아무 갈래", "Any"),
    "play.text": ("물음이나 정답", "A question or a guess"),
    "play.example": ("살아 있는 것인가요?", "살아 있는 것인가요?"),
    "play.ask": ("예/아니요로 묻기", "Ask yes or no"),
    "play.clue": ("힌트 묻기", "Ask for a hint"),
    "play.answer": ("정답 말하기", "Guess"),
    "play.give-up": ("그만하기", "Give up"),
    "play.thinking": ("제가 '{category}'에서 낱말 하나를 골랐습니다.", "I chose a word of '{category}'."),
    "play.left": ("{used}번 씀, {left}번 남음", "{used} used, {left} left"),
    "play.hints-open": ("이제 힌트를 물을 수 있습니다.", "You may ask for hints now."),
    "play.hints-shut": ("힌트는 다섯 번을 쓴 뒤에 열립니다.", "Hints open after five turns."),
    "play.question": ("물음", "question"),
    "play.kind-hint": ("힌트", "hint"),
    "play.kind-guess": ("맞히기", "guess"),
    "play.turns": ("지금까지", "So far"),
    "play.was": ("정답은 '{keyword}'입니다.", "It was '{keyword}'."),
    "play.document": ("낱말의 글", "What is known of it"),
    "play.rests": ("근거", "rests on"),
    "play.no-evidence": ("근거 없음", "no evidence"),
    "play.mark": ("틀린 답을 표시해 주세요.", "Mark the answers that were wrong."),
    "play.mark-right": ("맞음", "right"),
    "play.mark-wrong": ("틀림", "wrong"),
    "play.mark-yes": ("틀림 → 예", "wrong → yes"),
    "play.mark-no": ("틀림 → 아니요", "wrong → no"),
    "play.mark-no-answer": ("틀림 → 모름", "wrong → don't know"),
    "play.send-marks": ("표시 보내기", "Send the marks"),
    "play.marked": (
        "맞은 답 {right}개, 틀린 답 {wrong}개로 적었습니다. 검토할 목록에 있습니다.",
        "Kept as {right} right and {wrong} wrong answers; they wait for a reviewer.",
    ),
    "play.think": (
        "낱말 하나를 생각하세요 ({categories}). 제가 묻겠습니다.",
        "Think of something ({categories}). I shall ask.",
    ),
    "play.is-it": ("'{text}' 맞나요?", "Is it '{text}'?"),
    "play.found": ("'{keyword}'! {used}번 만에 맞혔습니다.", "'{keyword}'! Found in {used} turns."),
    "play.not-found": ("스무 번 안에 맞히지 못했습니다.", "I have not found it within twenty turns."),
    "play.stopped": ("여기서 그칩니다.", "We stop here."),
    "play.closed": ("이 서버에서는 이 놀이를 할 수 없습니다.", "This server cannot play this game."),
}
_CLASSIFY = {
    "classify.hint": (
        "글에 이름표를 붙입니다. 감정이면 어울리는 스티커도 고릅니다.",
        "Labels a text; for emotions it picks stickers too.",
    ),
    "classify.model": ("모델", "Model"),
    "classify.text": ("글", "Text"),
    "classify.pair": ("견줄 글", "The other text"),
    "classify.example": (
        "선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요.",
        "선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요.",
    ),
    "classify.button": ("읽기", "Read"),
    "classify.labels": ("이름표", "Labels"),
    "classify.given": ("고른 이름표", "Chosen"),
    "classify.nothing": ("어느 이름표도 고르지 않았습니다.", "No label was chosen."),
    "classify.stickers": ("어울리는 스티커", "Stickers that fit"),
    "classify.no-sticker": ("어울리는 스티커가 없습니다.", "No sticker fits."),
    "classify.no-model": (
        "서버에 이 쪽이 쓸 모델이 없습니다. 이렇게 시작해 보세요: gongbang serve --model sentiment-ko",
        "The server has no model for this page. Start one: gongbang serve --model sentiment-ko",
    ),
    "classify.judge": ("이름표가 맞나요?", "Is the label right?"),
    "classify.label": ("맞는 이름표", "The right label"),
}
_COMPARE = {
    "compare.hint": (
        "두 실험에서 무엇이 바뀌었고, 그 차이를 믿을 수 있는지 봅니다.",
        "What changed between two runs, and whether the difference can be believed.",
    ),
    "compare.a": ("먼저 실험 (가)", "Run (a)"),
    "compare.b": ("나중 실험 (나)", "Run (b)"),
    "compare.button": ("비교하기", "Compare"),
    "compare.again": ("목록 새로 읽기", "Read the list again"),
    "compare.no-folder": (
        "실험 폴더를 주지 않았습니다. 이렇게 시작하세요: gongbang studio --runs runs",
        "No folder of runs was named. Start with: gongbang studio --runs runs",
    ),
    "compare.empty": ("폴더에 실험이 둘 이상 있어야 합니다.", "The folder must hold two runs or more."),
    "compare.scores": ("점수", "Scores"),
    "compare.metric": ("지표", "metric"),
    "compare.in-a": ("가", "a"),
    "compare.in-b": ("나", "b"),
    "compare.change": ("차이", "difference"),
    "compare.paired": ("같은 문항에서의 차이", "Difference on the same records"),
    "compare.interval": ("95% 구간", "95% interval"),
    "compare.n": ("문항", "records"),
    "compare.verdict": ("믿을 만한가", "to be believed"),
    "compare.differs": ("다름", "differs"),
    "compare.chance": ("우연일 수 있음", "could be chance"),
    "compare.changed": ("바뀐 것", "What changed"),
    "compare.key": ("항목", "key"),
    "compare.same-recipe": ("레시피는 같습니다.", "The recipes are the same."),
    "compare.data": ("데이터", "data"),
    "compare.code": ("코드", "code"),
    "compare.same": ("같음", "the same"),
    "compare.other": ("다름", "differs"),
    "compare.answers": ("답", "Answers"),
    "compare.fixed": (
        "고쳐진 것 {fixed}, 틀려진 것 {broken}, 여전히 틀린 것 {still}",
        "{fixed} fixed, {broken} broken, {still} still wrong",
    ),
    "compare.refused": ("점수를 견주지 않았습니다: {why}", "Scores were not compared: {why}"),
    "compare.advice": ("유의할 점", "Mind"),
    "compare.unpaired": (
        "두 실험에 함께 쓸 오답 기록이 없어, 구간을 낼 수 없습니다.",
        "There are no error notebooks of both, so there is no interval.",
    ),
    "compare.twice": ("서로 다른 두 실험을 고르세요.", "Choose two runs that differ."),
    "compare.gone": ("이 실험이 이제 폴더에 없습니다.", "This run is no longer in the folder."),
}
_REVIEW = {
    "review.hint": (
        "사람들이 남긴 의견을 받아들이거나, 고치거나, 물리칩니다. 받아들인 것은 다음 학습에 쓰입니다.",
        "Accept, correct or reject what people said; what is accepted is trained on next.",
    ),
    "review.state": ("상태", "State"),
    "review.origin": ("나온 곳", "Origin"),
    "review.all": ("모두", "all"),
    "review.open": ("검토 전", "open"),
    "review.accepted": ("받아들임", "accepted"),
    "review.corrected": ("고침", "corrected"),
    "review.rejected": ("물리침", "rejected"),
    "review.from-chat": ("대화", "chat"),
    "review.from-ask": ("묻기", "ask"),
    "review.from-game": ("스무고개", "game"),
    "review.from-predict": ("분류", "prediction"),
    "review.good": ("맞다고 함", "said to be right"),
    "review.bad": ("틀리다고 함", "said to be wrong"),
    "review.queue": ("검토할 것", "Queue"),
    "review.count": ("모두 {total}개", "{total} in all"),
    "review.next": ("다음 쪽", "Next page"),
    "review.first": ("처음부터", "From the start"),
    "review.empty": ("검토할 것이 없습니다.", "There is nothing to review."),
    "review.choose": ("왼쪽에서 하나를 고르세요.", "Choose one from the queue."),
    "review.reviewer": ("검토하는 이", "Reviewer"),
    "review.note": ("까닭", "Why"),
    "review.text": ("맞는 답 (고칠 때)", "What is right (to correct)"),
    "review.no-answer": ("고침: 문서에 답이 없음", "Correct it: nothing there answers it"),
    "review.accept": ("받아들이기", "Accept"),
    "review.correct": ("고치기", "Correct"),
    "review.reject": ("물리치기", "Reject"),
    "review.done": ("{id}번: {state}", "No. {id}: {state}"),
    "review.conflict": (
        "읽은 뒤에 다른 사람이 정했습니다. 아래는 지금 상태이니, 다시 보고 정하세요.",
        "Somebody else decided since it was read. Below is how it stands now; decide from that.",
    ),
    "review.nobody": ("검토하는 이의 이름을 적어 주세요.", "Write the reviewer's name."),
    "review.said": ("답", "Answer"),
    "review.asked": ("물음", "Asked"),
    "review.context": ("글", "Text"),
    "review.wanted": ("말한 정답", "Said to be right"),
    "review.model": ("모델", "Model"),
    "review.where": ("자리", "Where"),
    "review.decisions": ("지금까지의 결정", "Decisions so far"),
    "review.nothing": ("(답 없음)", "(no answer)"),
}
TABLE: Mapping[str, tuple[str, str]] = {
    **_SHARED,
    **_PROBLEMS,
    **_ASK,
    **_CHAT,
    **_PLAY,
    **_CLASSIFY,
    **_COMPARE,
    **_REVIEW,
}
"""Key to what stands for it, in the order of :data:`LANGUAGES`."""


class Words:
    """The words of one language.

    Raises:
        OptionError: a language that the studio does not speak.

    Example:
        >>> Words("en")("play.left", used=3, left=17)
        '3 used, 17 left'
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise OptionError(
                "the studio does not speak this language.",
                value=language,
                allowed=", ".join(LANGUAGES),
                cure="Pass --language ko.",
            )
        self.language = language
        self._at = LANGUAGES.index(language)

    def __call__(self, key: str, **values: Any) -> str:
        """The words for a key, with what is put into them. A key that is not there is a fault of ours."""
        text = TABLE[key][self._at]
        return text.format(**values) if values else text

    def problem(self, kind: str) -> str:
        """What a problem of a kind is called; those without a name share one."""
        return self(f"problem.{kind}" if f"problem.{kind}" in TABLE else "problem.other")
