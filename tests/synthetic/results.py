"""Folders of results as lm-evaluation-harness, lighteval and OLMES write them, with known scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

DATE = "2026-11-25T03-29-59.934596"
LATER = "2026-12-01T03-29-59.934596"
Right = npt.NDArray[np.bool_]


def answered(share: float, items: int, seed: int) -> Right:
    """Whether each item was answered rightly, `share` of them."""
    return np.random.default_rng(seed).random(items) < share


def unlike(right: Right, lost: int, won: int, seed: int = 0) -> Right:
    """The answers of another model: so many right ones lost, so many wrong ones won."""
    out = right.copy()
    order = np.random.default_rng(seed).permutation(len(right))
    out[[i for i in order if right[i]][:lost]] = False
    out[[i for i in order if not right[i]][:won]] = True
    return out


def lm_eval(
    folder: Path,
    tasks: Mapping[str, Right],
    *,
    limit: int | None = None,
    version: float = 1.0,
    shots: int = 0,
    chat: str | None = None,
    prompt: str = "Q: {{q}}",
    date: str = DATE,
    model: str = "org/model",
    samples: bool = True,
) -> Path:
    """A results file of 0.4, and a file of answers for each task."""
    folder.mkdir(parents=True, exist_ok=True)
    results, counts = {}, {}
    for task, every in tasks.items():
        right = every[:limit]
        share = float(right.mean())
        results[task] = {"alias": task, "acc,none": share, "acc_stderr,none": (share * (1 - share) / len(right)) ** 0.5}
        counts[task] = {"original": len(every), "effective": len(right)}
        if samples:
            rows = [
                {
                    "doc_id": i, "doc": {"q": f"{task} {i}"}, "target": "a", "filter": "none", "metrics": ["acc"],
                    "doc_hash": hashlib.sha256(f"{task} {i}".encode()).hexdigest(), "acc": float(value),
                }
                for i, value in enumerate(right)
            ]  # fmt: skip
            _lines(folder / f"samples_{task}_{date}.jsonl", rows)
    data = {
        "results": results,
        "group_subtasks": {task: [] for task in tasks},
        "configs": {task: {"task": task, "doc_to_text": prompt} for task in tasks},
        "versions": dict.fromkeys(tasks, version),
        "n-shot": dict.fromkeys(tasks, shots),
        "higher_is_better": {task: {"acc": True} for task in tasks},
        "n-samples": counts,
        "config": {"model": "hf", "model_args": f"pretrained={model}", "limit": limit},
        "model_name": model,
        "system_instruction": None,
        "fewshot_as_multiturn": bool(chat),
        "chat_template": chat,
        "chat_template_sha": hashlib.sha256(chat.encode()).hexdigest() if chat else None,
    }
    return _document(folder / f"results_{date}.json", data)


def lighteval(root: Path, tasks: Mapping[str, Right], *, model: str = "org/model", most: int | None = None) -> Path:
    """A results file of lighteval 0.13, and a file of details for each task."""
    import pyarrow
    from pyarrow import parquet

    results, configs = {}, {}
    for task, every in tasks.items():
        right = every[:most]
        share = float(right.mean())
        results[f"{task}|0"] = {"acc": share, "acc_stderr": (share * (1 - share) / len(right)) ** 0.5}
        configs[f"{task}|0"] = {
            "name": task, "prompt_function": "prompt", "metrics": [{"metric_name": "acc", "higher_is_better": True}],
            "original_num_docs": len(every), "effective_num_docs": len(right),
        }  # fmt: skip
        details = root / "details" / model / DATE
        details.mkdir(parents=True, exist_ok=True)
        rows = [
            {"__doc__": {"query": f"{task} {i}"}, "__metric__": {"acc": int(value)}} for i, value in enumerate(right)
        ]
        parquet.write_table(pyarrow.Table.from_pylist(rows), details / f"details_{task}|0_{DATE}.parquet")
    data = {
        "config_general": {"lighteval_sha": "?", "max_samples": most, "model_config": {"model_name": model}},
        "results": {**results, "all": {"acc": 0.5, "acc_stderr": 0.1}},
        "versions": {},
        "config_tasks": configs,
    }
    return _document(root / "results" / model / f"results_{DATE}.json", data)


def olmes(
    folder: Path, tasks: Mapping[str, Right], *, shots: int = 5, limit: int | None = None, chat: bool = False
) -> None:
    """The files of each task, and those of all."""
    every = []
    for number, (task, answers) in enumerate(tasks.items()):
        right = answers[:limit]
        config = {
            "task_name": task, "primary_metric": "acc_per_char", "split": "test", "num_shots": shots, "limit": limit,
            "version": 0, "use_chat_format": chat or None, "metadata": {"alias": f"{task}:rc::olmes"},
        }  # fmt: skip
        share = float(right.mean())
        one = {
            "task_name": task, "task_hash": "ab", "model_hash": "cd", "model_config": {"model": "model"},
            "task_config": config, "num_instances": len(right),
            "metrics": {"acc_raw": share - 0.05, "acc_per_char": share, "primary_score": share, "logits": -3.0},
        }  # fmt: skip
        every.append(one)
        _document(folder / f"task-{number:03}-{task}-metrics.json", one)
        rows = [
            {"doc_id": i, "native_id": f"{task} {i}", "metrics": {"acc_per_char": int(v)}} for i, v in enumerate(right)
        ]
        _lines(folder / f"task-{number:03}-{task}-predictions.jsonl", rows)
    _lines(folder / "metrics-all.jsonl", every)
    simple = [{"task": e["task_name"], **e["metrics"], "task_config": e["task_config"]} for e in every]
    _document(folder / "metrics.json", {"all_primary_scores": ["x: 0.5"], "metrics": simple, "model_config": {}})


def _document(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1), "utf-8")
    return path


def _lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
