"""Console logs in other languages: their words for losses, scores, epochs and splits are understood."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read

N = 20
LOSS = np.round(2.0 * np.exp(-np.arange(N) / 6) + 0.3, 4)
ACC = np.round(0.9 - 0.7 * np.exp(-np.arange(N) / 5), 4)

LINES = {
    "es": "Época {e}/20, pérdida de entrenamiento: {v}, pérdida de validación: {w}, precisión en validación: {a}",
    "es ascii": "Epoca {e}: perdida de entrenamiento = {v}, perdida de validacion = {w}, exactitud en validacion = {a}",
    "pt": "Época {e}/20 - Perda treino: {v} - Perda validação: {w} - Acurácia validação: {a}",
    "fr": "Époque {e}/20 : perte entraînement = {v} | perte validation = {w} | précision validation = {a}",
    "it": "Epoca {e}/20: perdita addestramento {v}, perdita validazione {w}, accuratezza validazione {a}",
    "de": "Epoche {e}: Trainingsverlust {v}, Validierungsverlust {w}, Validierungsgenauigkeit {a}",
    "ru": "Эпоха {e}/20: потери на обучении {v}, потери на валидации {w}, точность на валидации {a}",
    "ru capital": "Эпоха: {e}, Потери на обучении: {v}, Потери на валидации: {w}, Точность на валидации: {a}",
    "tr": "Epok {e}/20: eğitim kaybı {v}, doğrulama kaybı {w}, doğrulama doğruluğu {a}",
    "vi": "Epoch {e}: loss huấn luyện {v}, loss kiểm tra {w}, độ chính xác kiểm tra {a}",
    "ko": "에폭 {e}/20 - 훈련 손실: {v}, 검증 손실: {w}, 검증 정확도: {a}",
    "ja": "エポック {e}/20 学習損失: {v} 検証損失: {w} 検証精度: {a}",
    "zh": "第{e}轮 训练损失：{v} 验证损失：{w} 验证准确率：{a}",
}


@pytest.mark.parametrize("tongue", LINES)
def test_words_of_other_languages_play_the_roles_of_the_english_ones(tmp_path, tongue):
    path = tmp_path / "train.log"
    rows = [LINES[tongue].format(e=e, v=v, w=round(v + 0.1, 4), a=ACC[e]) for e, v in enumerate(LOSS.tolist())]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    (ref,) = discover(str(path))
    run = resolve(read(ref))
    for role, values in (("train_loss", LOSS), ("eval_loss", LOSS + 0.1), ("eval_score", ACC)):
        np.testing.assert_array_equal(run.role(role).series.step, np.arange(N), err_msg=role)
        np.testing.assert_allclose(run.role(role).series.value, values, err_msg=role)


def test_words_of_music_in_an_english_log_stay_as_they_are(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("\n".join(f"epoch {e}: loss: {v} tempo acc: 1.0" for e, v in enumerate(LOSS)) + "\n")
    (ref,) = discover(str(path))
    assert list(read(ref).series) == ["loss", "tempo acc"]
