"""Metrics named in Chinese and other languages, told in English, as a trainer of the same line would name them."""

from __future__ import annotations

import re

_WORDS = {
    "训练集": "train ", "训练": "train ", "验证集": "val ", "验证": "val ", "校验": "val ", "测试集": "test ",
    "测试": "test ", "平均": "avg ", "损失函数": "loss", "损失值": "loss", "损失": "loss", "准确率": "acc",
    "正确率": "acc", "精确率": "precision", "精确度": "acc", "准确度": "acc", "精度": "acc", "召回率": "recall",
    "学习率": "lr", "梯度范数": "grad_norm", "困惑度": "ppl", "奖励": "reward", "回合": "episode ",
    "轮次": "epoch ", "迭代": "iter ", "步数": "step ", "步": "step ", "耗时": "time", "时间": "time",
    "：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")", "｜": "|",
}  # fmt: skip
_OTHERS = {
    "эпоха": "epoch ", "Эпоха": "epoch ", "ЭПОХА": "epoch ", "итерация": "iter ", "Итерация": "iter ",
    "Шаг": "step ", "шаг": "step ",
    "потери": "loss", "Потери": "loss", "потеря": "loss", "Потеря": "loss", "точность": "acc", "Точность": "acc",
    "에포크": "epoch ", "에폭": "epoch ", "손실": "loss", "정확도": "acc", "학습률": "lr",
    "학습": "train ", "검증": "val ",
    "エポック": "epoch ", "損失": "loss", "正解率": "acc", "学習率": "lr", "訓練": "train ", "検証": "val ",
    "Époque": "epoch ", "époque": "epoch ", "Época": "epoch ", "época": "epoch ", "Pérdida": "loss", "pérdida": "loss",
}  # fmt: skip
"""Words of Russian, Korean, Japanese, French and Spanish logs."""
_WORDS |= _OTHERS
_BYTES = {word.encode(): said.encode() for word, said in _WORDS.items()}
_FOUND = re.compile(b"|".join(re.escape(word) for word in sorted(_BYTES, key=len, reverse=True)))
_ROUND = re.compile("第 ?(\\d+) ?(?:/ ?\\d+ ?)?(?:轮|个epoch|代)".encode())
"""`第 3 轮`: the third epoch."""
_TELLS = (
    "损失".encode(),
    "准确".encode(),
    "精度".encode(),
    "学习率".encode(),
    "奖励".encode(),
    *(w.encode() for w in _OTHERS),
)


_TELLS_CODED = tuple(word.decode().encode("gb18030") for word in _TELLS[:5])


def _from_gb18030(text: bytes) -> bytes:
    """Text in the code of Chinese Windows as UTF-8; any other as it is."""
    if not any(word in text for word in _TELLS_CODED):
        return text
    try:
        return text.decode("gb18030").encode()
    except UnicodeDecodeError:
        return text


def in_english(text: bytes) -> bytes:
    """A stretch of lines with the words of a training log in English; any other as it is.

    Parameters
    ----------
    text : bytes
        UTF-8, or GB18030 where that holds such words.
    """
    if not any(word in text for word in _TELLS):
        text = _from_gb18030(text)
        if not any(word in text for word in _TELLS):
            return text
    return _FOUND.sub(lambda found: _BYTES[found[0]], _ROUND.sub(rb"epoch \1 ", text))
