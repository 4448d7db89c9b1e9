"""Predictions with their n-best on disk: JSON lines by default, Parquet where it is wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain, read_lines, write_lines
from gongbang.artifacts.format import Artifact
from gongbang.errors import ArtifactError, MissingExtraError, OptionError
from gongbang.tasks.base import Candidate, Prediction

FORMATS = ("jsonl", "parquet")


def prediction_to_dict(prediction: Prediction) -> dict[str, Any]:
    """A prediction as plain JSON, n-best and details with it.

    Example:
        >>> prediction_to_dict(Prediction("q1", "서울", 0.9))["text"]
        '서울'
    """
    row = {
        "id": prediction.id,
        "text": prediction.text,
        "confidence": prediction.confidence,
        "null_score": prediction.null_score,
        "candidates": [
            {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__}
            for candidate in prediction.candidates
        ],
        "details": prediction.details,
    }
    cleaned: dict[str, Any] = plain(row)
    return cleaned


def predictions_to_dict(artifact: Artifact, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """An artifact's predictions as plain JSON, as the command line and the server give them."""
    rows = [prediction_to_dict(prediction) for prediction in predictions]
    return {
        "artifact": artifact.manifest.name,
        "id": artifact.id,
        "n": len(rows),
        "answered": sum(bool(row["text"]) for row in rows),
        "predictions": rows,
    }


def prediction_from_dict(row: Mapping[str, Any]) -> Prediction:
    """The prediction that :func:`prediction_to_dict` wrote; a score that was not finite is NaN."""
    return Prediction(
        id=str(row["id"]),
        text=str(row["text"]),
        confidence=_number(row["confidence"]),
        candidates=tuple(_candidate(item) for item in row.get("candidates") or ()),
        null_score=_number(row.get("null_score", 0.0)),
        details=row.get("details") or {},
    )


def _candidate(item: Mapping[str, Any]) -> Candidate:
    return Candidate(
        text=str(item["text"]),
        start=int(item["start"]),
        end=int(item["end"]),
        score=_number(item["score"]),
        probability=_number(item.get("probability", 0.0)),
        record=str(item.get("record", "")),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def write_predictions(folder: Path, predictions: Sequence[Prediction], format: str = "jsonl") -> Path:
    """Write ``predictions.jsonl`` or ``predictions.parquet`` into a folder, replacing either.

    Raises:
        OptionError: another format.
        MissingExtraError: Parquet without pyarrow.
    """
    if format not in FORMATS:
        raise OptionError(
            "predictions cannot be written in this format.",
            value=format,
            allowed=", ".join(FORMATS),
            cure="Use jsonl, or parquet with pyarrow installed.",
        )
    path = folder / f"predictions.{format}"
    rows = [prediction_to_dict(prediction) for prediction in predictions]
    if format == "jsonl":
        write_lines(path, rows)
    else:
        _write_parquet(path, rows)
    for other in FORMATS:
        if other != format:
            (folder / f"predictions.{other}").unlink(missing_ok=True)
    return path


def read_predictions(folder: Path) -> list[Prediction]:
    """The predictions of a run's folder, in the order in which they were written.

    Raises:
        ArtifactError: the folder holds none, or a row lacks a value.
    """
    rows: Sequence[Mapping[str, Any]]
    if (folder / "predictions.parquet").is_file():
        rows = _read_parquet(folder / "predictions.parquet")
    elif (folder / "predictions.jsonl").is_file():
        rows = list(read_lines(folder / "predictions.jsonl"))
    else:
        raise ArtifactError(
            "the run holds no predictions.",
            value=str(folder),
            allowed="a folder with predictions.jsonl or predictions.parquet",
            cure="Evaluate the run first; one that failed or was interrupted may have none.",
        )
    try:
        return [prediction_from_dict(row) for row in rows]
    except (KeyError, TypeError, ValueError) as err:
        raise ArtifactError(
            f"a row of the predictions lacks a value: {type(err).__name__} {err}.",
            value=str(folder),
            allowed="rows with id, text, confidence and candidates",
            cure="Evaluate the run again.",
        ) from err


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    pa, parquet = _pyarrow()
    candidate = pa.struct(
        [
            ("text", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("score", pa.float64()),
            ("probability", pa.float64()),
            ("record", pa.string()),
        ]
    )
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("text", pa.string()),
            ("confidence", pa.float64()),
            ("null_score", pa.float64()),
            ("candidates", pa.list_(candidate)),
            ("details", pa.string()),  # details differ from row to row: JSON text
        ]
    )
    texts = [{**row, "details": json.dumps(row["details"], ensure_ascii=False)} for row in rows]
    temporary = path.with_suffix(".parquet.part")
    parquet.write_table(pa.Table.from_pylist(texts, schema=schema), temporary)
    temporary.replace(path)


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    _, parquet = _pyarrow()
    rows = parquet.read_table(path).to_pylist()
    return [{**row, "details": json.loads(row["details"])} for row in rows]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError(
            "pyarrow", extra="parquet", purpose="predictions in the Parquet format"
        ) from err
    return pa, parquet
