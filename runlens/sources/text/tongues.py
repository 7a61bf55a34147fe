"""Metrics named in Chinese and other languages, told in English, as a trainer of the same line would name them."""

from __future__ import annotations

import re

_WORDS = {
    "训练集": "train ", "训练": "train ", "验证集": "val ", "验证": "val ", "校验": "val ", "测试集": "test ",
    "测试": "test ", "平均": "avg ", "损失函数": "loss", "损失值": "loss", "损失": "loss", "准确率": "acc",
    "正确率": "acc", "精确率": "precision", "精确度": "acc", "准确度": "acc", "精度": "acc", "召回率": "recall",
    "学习率": "lr", "梯度范数": "grad_norm", "困惑度": "ppl", "奖励": "reward", "回合": "episode ",
    "轮次": "epoch ", "迭代": "iter ", "步数": "step ", "步": "step ", "耗时": "time", "时间": "time",
    "轮数": "epoch ", "误差": "error", "用时": "time",
    "：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")", "｜": "|",
}  # fmt: skip
_OTHERS = {
    "에포크": "epoch ", "에폭": "epoch ", "손실": "loss", "정확도": "acc", "학습률": "lr",
    "학습": "train ", "훈련": "train ", "검증": "val ", "테스트": "test ",
    "エポック": "epoch ", "損失": "loss", "正解率": "acc", "学習率": "lr", "訓練": "train ", "検証": "val ",
}  # fmt: skip
"""Words of Korean and Japanese logs."""
_WORDS |= _OTHERS
_BYTES = {word.encode(): said.encode() for word, said in _WORDS.items()}
_FOUND = re.compile(b"|".join(re.escape(word) for word in sorted(_BYTES, key=len, reverse=True)))
_ROUND = re.compile("第 ?(\\d+) ?(?:/ ?\\d+ ?)?(?:轮|个epoch|代|次迭代)".encode())
"""`第 3 轮`: the third epoch."""
_TELLS = (
    "损失".encode(),
    "误差".encode(),
    "准确".encode(),
    "精度".encode(),
    "学习率".encode(),
    "奖励".encode(),
    *(w.encode() for w in _OTHERS),
)


_SPACED = tuple(
    (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), said)
    for pattern, said in (
        (r"эпох[аи]|époque|épocas?|epoca|epoche|epok|epo[kc]h", "epoch"),
        (r"итерация", "iter"),
        (r"шаг", "step"),
        (r"trainingsverlust", "train loss"),
        (r"validierungsverlust", "val loss"),
        (r"trainingsgenauigkeit", "train acc"),
        (r"validierungsgenauigkeit", "val acc"),
        (r"потер[ия]|лосс|p[ée]rdidas?|perdas?|pertes?|perdit[ae]|verlust|kayıp|kaybı|mất mát|strata", "loss"),
        (r"ошибка|fehler|erreur|erro|errore|hata", "error"),
        (r"точность|exactitud(?:e)?|precisión|précision|acurácia|acuracia|accuratezza|genauigkeit|doğrulu[kğ]u?"
         r"|độ chính xác|dokładność", "acc"),
        (r"(?:на )?обучени[ие]|обучающ\w+|тренировочн\w+|(?:de |en |d')?entrenamiento|(?:de |no )?trein(?:o|amento)"
         r"|(?:d')?entra[iî]nement|(?:di )?addestramento|eğitim|huấn luyện", "train"),
        (r"(?:на )?валидаци[ияю]|валидационн\w+|проверочн\w+|(?:de |en )?validaci[óo]n|(?:de |na )?valida[çc][ãa]o"
         r"|(?:di )?validazione|validierung|doğrulama|kiểm định", "val"),
        (r"(?:на )?тест(?:е|ов\w+)|(?:de |en )?prueba|(?:de |no )?teste|kiểm tra", "test"),
        (r"скорость обучения|tasa de aprendizaje|taxa de aprendizado|taux d'apprentissage|lernrate", "lr"),
        (r"время|tiempo|tempo|temps|zeit|süre", "time"),
    )
)  # fmt: skip
"""Words of languages that set them apart: Russian, Romance languages, German, Turkish, Vietnamese."""
_SPACED_TELLS = tuple(
    word.encode()
    for stem in (
        *("потер", "точност", "ошибк", "лосс", "pérdida", "perdida", "perda", "perte "),
        *("pertes ", "perdita", "verlust"),
        *("genauigkeit", "exactitud", "entrenamiento", "acurácia", "accuratezza", "kayıp", "kayb", "doğrul"),
        *("huấn luyện", "mất mát", "эпох", "époque", "época"),
    )
    for word in (stem, stem.capitalize())
)
_LOOKED = 1 << 14
"""Bytes of a stretch of ASCII in which such a word is looked for: nearly all logs are English, and hold none."""
_TURNED = re.compile(
    r"(?<!\w)(loss|acc|error)[ ]+(?:(?:de|di|do|en|em|na|no|sur|на|la)[ ]+)?(train|val|test|validation)(?!\w)"
)
"""The split behind its metric, as Romance languages and Russian say it: `loss train` for `train loss`."""
_TELLS_CODED = tuple(word.decode().encode("gb18030") for word in _TELLS[:6])


def _from_gb18030(text: bytes) -> bytes:
    """Text in the code of Chinese Windows as UTF-8; any other as it is."""
    if not any(word in text for word in _TELLS_CODED):
        return text
    try:
        return text.decode("gb18030").encode()
    except UnicodeDecodeError:
        return text


def _word_by_word(text: bytes) -> bytes:
    said = text.decode("utf-8", "surrogateescape")
    for word, english in _SPACED:
        said = word.sub(english, said)
    return _TURNED.sub(r"\2 \1", said).encode("utf-8", "surrogateescape")


def in_english(text: bytes) -> bytes:
    """A stretch of lines with the words of a training log in English; any other as it is.

    Parameters
    ----------
    text : bytes
        UTF-8, or GB18030 where that holds such words.
    """
    ascii_alone = text.isascii()
    begin = text[:_LOOKED] if ascii_alone else text
    if any(word in begin for word in _SPACED_TELLS):
        text = _word_by_word(text)
    if ascii_alone:
        return text
    if not any(word in text for word in _TELLS):
        text = _from_gb18030(text)
        if not any(word in text for word in _TELLS):
            return text
    return _FOUND.sub(lambda found: _BYTES[found[0]], _ROUND.sub(rb"epoch \1 ", text))
