"""Numbers as PyTorch, TensorFlow and JAX print them, for logs that were written without `.item()`."""

from __future__ import annotations

import re
from typing import AnyStr

_BOXED = (
    r"(?<![^\s=:,;|{'])(?:<tf\.Tensor:[^<>\n]*?\bnumpy=|(?:tf\.Tensor|(?:torch\.)?tensor|(?:Device)?Array)\([ \t]*)"
    r"\[?([-+]?(?:[\d.]+(?:e[-+]?\d+)?|nan|inf))\]?(?:,[ \t]*\w+=(?:[^,()<>\n]|<\w*>|\(\d*,?\))*)*[>)](?![^\s,;|)}\]'])"
)
"""`tensor(0.5, device='cuda:0', grad_fn=<NllLossBackward0>)`, `tf.Tensor(0.5, shape=(), dtype=float32)`, `<tf.Tensor:
shape=(), dtype=float32, numpy=0.5>`, `Array(0.5, dtype=float32)`; of several numbers none is meant, and a box that
stands against another sign or letter is no number."""
_IN_TEXT, _IN_BYTES = re.compile(_BOXED), re.compile(_BOXED.encode())
_UNQUOTED = r'(?m)^[^"\n]*(?:ensor[(:]|Array\()[^"\n]*$'
_LINE_OF_TEXT, _LINE_OF_BYTES = re.compile(_UNQUOTED), re.compile(_UNQUOTED.encode())


def unboxed(text: AnyStr) -> AnyStr:
    """The text with the number alone in place of each box of one: what stands behind it is of no metric.

    Lines stay where they are. A text without such a word costs a search for it.
    """
    if isinstance(text, bytes):
        return _IN_BYTES.sub(rb"\1", text) if b"ensor" in text or b"Array(" in text else text
    return _IN_TEXT.sub(r"\1", text) if "ensor" in text or "Array(" in text else text


def unboxed_rows(text: AnyStr) -> AnyStr:
    """The same of the rows of a table that quote nothing: the commas of a box would tear it. Others quote their cells,
    and what a quoted cell says is read as a whole (`cells.number`).
    """
    if isinstance(text, bytes):
        return _LINE_OF_BYTES.sub(lambda row: unboxed(row[0]), text) if b"ensor" in text or b"Array(" in text else text
    return _LINE_OF_TEXT.sub(lambda row: unboxed(row[0]), text) if "ensor" in text or "Array(" in text else text
