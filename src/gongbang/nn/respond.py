"""Models of response selection: two vectors, several vectors of the context, or both texts read together.

Humeau et al. 2020, "Poly-encoders: architectures and pre-training strategies for fast and accurate
multi-sentence scoring", section 4. Attention over a context never sees padding, and what a context or a
response becomes does not depend on what stands beside it in a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.nn.by_length import states_by_length
from gongbang.nn.classify import HeadOptions, PooledHead, unit_mean
from gongbang.nn.losses import Loss, make_loss
from gongbang.nn.ngrams import check_contextual

Batch = Mapping[str, Tensor]
Codes = Literal["learned", "first", "last"]
_NONE = -1e4  # what a softmax of attention takes for what is not there
_UNSCORED = -1e9  # the same of scores, which a temperature may divide
_START = 1e-3  # spread of the codes before training: they attend to all tokens alike, as the mean does


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """How two sides are scored against each other; the key ``model`` of a recipe.

    Attributes:
        temperature: divides the dot products of unit vectors.
    """

    temperature: float = 0.05

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise OptionError(
                "the temperature is not above 0.",
                value=self.temperature,
                allowed="a number above 0, such as 0.05",
                cure="Set model.temperature, or leave it out.",
            )


@dataclass(frozen=True, slots=True)
class PolyOptions(MatchOptions):
    """Options of the poly-encoder.

    Attributes:
        codes: where a context's vectors come from: "learned" codes attend to its tokens, or the states of its
            "first" or "last" tokens are taken as they are (Humeau et al. 2020, section 4.4).
        vectors: how many there are.
    """

    codes: Codes = "learned"
    vectors: int = 16

    def __post_init__(self) -> None:
        MatchOptions.__post_init__(self)
        if self.codes not in get_args(Codes) or self.vectors < 1:
            raise OptionError(
                "a context has no such vectors.",
                value=f"codes={self.codes}, vectors={self.vectors}",
                allowed=f"{', '.join(get_args(Codes))}, and 1 vector or more",
                cure="Mend model.codes and model.vectors.",
            )


class BiModel(nn.Module):
    """A unit vector for a context and one for a response, by one encoder.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
        options: see :class:`MatchOptions`.
    """

    output_names: tuple[str, ...] = ("embedding",)
    options_type: type[MatchOptions] = MatchOptions

    def __init__(self, encoder: nn.Module, hidden_size: int, *, options: MatchOptions | None = None) -> None:
        super().__init__()
        self.encoder = encoder
        self.hidden_size = hidden_size
        self.options = options or self.options_type()
        self.teaching: tuple[float, Loss] | None = None

    def learn_from(self, weight: float, temperature: float) -> None:
        """From now on the loss has a teacher's part too, where a batch holds its probabilities.

        Args:
            weight: of the divergence from the teacher, which is added to the loss.
            temperature: softens the teacher's probabilities and the model's own before they are compared.
        """
        self.teaching = (weight, make_loss("soft_cross_entropy", "class", temperature=temperature))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """``embedding``, (batch, hidden_size), of texts given as (batch, time)."""
        return {"embedding": unit_mean(self._states(input_ids, attention_mask), attention_mask)}

    def pair_outputs(self, batch: Batch) -> dict[str, Tensor]:
        """What a batch's contexts become, and ``response_embedding``, (batch, hidden_size).

        Where rows have mined responses, ``negative_embedding``, (batch, negatives * hidden_size), as well.
        """
        ids, mask = batch["input_ids"], batch["attention_mask"]
        contexts = unit_mean(states_by_length(self.encoder, ids, mask), mask)
        return {"embedding": contexts, **self._responses(batch)}

    def _responses(self, batch: Batch) -> dict[str, Tensor]:
        """The vectors of a batch's responses, and of those that were mined for its rows."""
        ids, mask = batch["response_input_ids"], batch["response_attention_mask"]
        found = {"response_embedding": unit_mean(states_by_length(self.encoder, ids, mask), mask)}
        if "negative_input_ids" in batch:
            ids, mask = (batch[f"negative_{name}"].flatten(0, 1) for name in ("input_ids", "attention_mask"))
            vectors = unit_mean(states_by_length(self.encoder, ids, mask), mask)  # (batch * negatives, -1)
            found["negative_embedding"] = vectors.reshape(len(batch["input_ids"]), -1)
        return found

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of each context over the batch's responses, and of each response over its contexts.

        A response that is right for a context without being its own row's is no negative: one of equal text
        (``response``), or one that another row gives to an equal context (``context``). Rows without a
        context (-1) are negatives for the others alone. A response that was mined for a row (``negative``)
        is a negative of that row alone: whether it is right for another context nobody has asked.

        With a teacher (:meth:`learn_from`) the divergence of its probabilities (``soft``) from the model's
        over a row's own response and those mined for it is added (Hinton et al. 2015, section 2).
        """
        out = self.pair_outputs(batch)
        scores = self._scores(out)  # (contexts, responses)
        contexts, responses = batch["context"], batch["response"]
        same = (contexts[:, None] == contexts) | (responses[:, None] == responses)
        own = torch.eye(len(contexts), dtype=torch.bool, device=scores.device)
        asked = contexts >= 0
        if not bool(asked.any()):
            return scores.sum() * 0.0  # nobody asks in this batch
        scores = scores.masked_fill(same & ~own, float("-inf"))
        target = torch.arange(len(contexts), device=scores.device)
        among, taught = scores, scores.new_zeros(())
        if "negative" in batch:
            mined = self._mined_scores(out)  # (contexts, negatives)
            among = torch.cat([scores, mined.masked_fill(_told_already(batch), float("-inf"))], dim=1)
            taught = self._taught(torch.cat([scores.diagonal()[:, None], mined], dim=1), batch)
        forward = nn.functional.cross_entropy(among[asked], target[asked])
        columns = scores.T.masked_fill(~asked, float("-inf"))  # a row without a context is no one's
        backward = nn.functional.cross_entropy(columns[asked], target[asked])
        return (forward + backward) / 2 + taught

    def _taught(self, scores: Tensor, batch: Batch) -> Tensor:
        """The teacher's part of the loss, of (contexts, 1 + negatives) scores."""
        if self.teaching is None or "soft" not in batch:
            return scores.new_zeros(())
        weight, divergence = self.teaching
        missing = nn.functional.pad(batch["negative"] < 0, (1, 0))
        return weight * divergence(scores.masked_fill(missing, _UNSCORED), batch["soft"])

    def _scores(self, out: Mapping[str, Tensor]) -> Tensor:
        """(contexts, responses) scores over the temperature, in float32 whatever the rest is computed in."""
        with torch.autocast(out["embedding"].device.type, enabled=False):
            dots = out["embedding"].float() @ out["response_embedding"].float().T
            return dots / self.options.temperature

    def _mined_scores(self, out: Mapping[str, Tensor]) -> Tensor:
        """(contexts, negatives) scores of each context with the responses that were mined for it."""
        with torch.autocast(out["embedding"].device.type, enabled=False):
            contexts = out["embedding"].float()
            mined = out["negative_embedding"].float().reshape(len(contexts), -1, self.hidden_size)
            return torch.einsum("bd,bnd->bn", contexts, mined) / self.options.temperature

    def _states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states.float()


class PolyModel(BiModel):
    """Several vectors of a context, which a response attends to; one vector of a response.

    The vectors of a context carry the inverse temperature, so that attention over them, a softmax of dot
    products with a response's unit vector, is as sharp as the scores are. Before training learned codes give
    the mean of the context's states as often as there are codes: the model starts as the bi-encoder.
    """

    output_names = ("embedding", "embedding_mask", "response_embedding")
    options_type = PolyOptions
    options: PolyOptions

    def __init__(self, encoder: nn.Module, hidden_size: int, *, options: PolyOptions | None = None) -> None:
        super().__init__(encoder, hidden_size, options=options)
        self.codes = (
            nn.Parameter(torch.randn(self.options.vectors, hidden_size) * _START)
            if self.options.codes == "learned"
            else None
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """What a text becomes as a context and as a response.

        Args:
            input_ids, attention_mask: (batch, time).

        Returns:
            ``embedding``, (batch, vectors * hidden_size), a context's vectors one behind the other;
            ``embedding_mask``, (batch, vectors), 1.0 where a vector is real; ``response_embedding``, (batch,
            hidden_size), the same text as a response.
        """
        states = self._states(input_ids, attention_mask)
        vectors, there = self._vectors(states, attention_mask)
        return {
            "embedding": vectors.flatten(1),
            "embedding_mask": there,
            "response_embedding": unit_mean(states, attention_mask),
        }

    def pair_outputs(self, batch: Batch) -> dict[str, Tensor]:
        """As :meth:`forward` of the contexts, with the embeddings of the responses."""
        ids, mask = batch["input_ids"], batch["attention_mask"]
        vectors, there = self._vectors(states_by_length(self.encoder, ids, mask).float(), mask)
        return {"embedding": vectors.flatten(1), "embedding_mask": there, **self._responses(batch)}

    def _vectors(self, states: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, vectors, hidden_size) of a context, and (batch, vectors) which of them are real."""
        count = self.options.vectors
        real = attention_mask.to(states.dtype)
        if self.codes is not None:
            weights = torch.einsum("vd,btd->bvt", self.codes.to(states.dtype), states)
            weights = weights.masked_fill(attention_mask[:, None, :] == 0, _NONE).softmax(dim=-1)
            found = weights @ states
            there = torch.ones_like(found[:, :, 0])
        else:
            found, there = self._taken(states, real, count)
        unit = nn.functional.normalize(found, dim=-1)
        return unit / self.options.temperature, there

    def _taken(self, states: Tensor, real: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The states of the first or last ``count`` real tokens; the same place twice counts once."""
        length = real.sum(dim=1, keepdim=True).long()  # (batch, 1)
        place = torch.arange(count, device=states.device)[None, :]  # (1, vectors)
        if self.options.codes == "last":
            place = length - count + place
        there = ((place >= 0) & (place < length)).to(states.dtype)
        place = torch.minimum(place.clamp(min=0), (length - 1).clamp(min=0))
        return states.gather(1, place[:, :, None].expand(-1, -1, states.shape[2])), there

    def _scores(self, out: Mapping[str, Tensor]) -> Tensor:
        with torch.autocast(out["embedding"].device.type, enabled=False):
            responses = out["response_embedding"].float()
            dots = torch.einsum("bvd,cd->bcv", self._several(out), responses)
            return self._attended(dots, out["embedding_mask"])

    def _mined_scores(self, out: Mapping[str, Tensor]) -> Tensor:
        with torch.autocast(out["embedding"].device.type, enabled=False):
            vectors = self._several(out)
            mined = out["negative_embedding"].float().reshape(len(vectors), -1, self.hidden_size)
            return self._attended(torch.einsum("bvd,bnd->bnv", vectors, mined), out["embedding_mask"])

    def _several(self, out: Mapping[str, Tensor]) -> Tensor:
        """(contexts, vectors, hidden_size) of a batch's contexts."""
        return out["embedding"].float().reshape(len(out["embedding"]), self.options.vectors, -1)

    def _attended(self, dots: Tensor, there: Tensor) -> Tensor:
        """(contexts, responses) scores of dot products (contexts, responses, vectors)."""
        attention = dots.masked_fill(there[:, None, :] == 0, _NONE).softmax(dim=-1)
        return (attention * dots).sum(dim=-1)


def _told_already(batch: Batch) -> Tensor:
    """(contexts, negatives) mined responses that are none, or that stand in the batch as a row's own."""
    mined = batch["negative"]
    return (mined < 0) | (mined[:, :, None] == batch["response"]).any(dim=2)


class CrossModel(PooledHead):
    """One logit for a context and a response read beside each other.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
    """

    output_names = ("logits",)

    def __init__(self, encoder: nn.Module, hidden_size: int) -> None:
        check_contextual(encoder, "a cross-encoder")
        super().__init__(encoder, hidden_size, labels=1, options=HeadOptions())
        self.head.register_parameter("bias", None)  # the same for all candidates: nothing teaches it

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy over the candidates of each record (Humeau et al. 2020, section 4.3).

        Rows of one record carry its number in the target ``record``, and are in one batch. Of a record whose
        right response stands in another batch nothing is learnt.
        """
        out = self(batch["input_ids"], batch["attention_mask"], batch.get("token_type_ids"))
        logits = out["logits"][:, 0].float()
        record, right = batch["record"], batch["label"] == 1
        among = logits[None, :].masked_fill(record[:, None] != record[None, :], -torch.inf)
        losses = among.logsumexp(dim=1) - logits  # (rows,)
        mean: Tensor = losses[right].sum() / right.sum().clamp(min=1)
        return mean
