"""Style transfer of sentences: a baseline, its steps shown, its judge."""

from d2l_style.exercises.text.baseline import (
    GAP,
    LANGUAGES,
    THRESHOLD,
    corpus,
    delete,
    explain,
    generate,
    join,
    retrieve,
    salience,
    tokens,
    transfer,
)

__all__ = [
    "GAP",
    "LANGUAGES",
    "THRESHOLD",
    "corpus",
    "delete",
    "explain",
    "generate",
    "join",
    "retrieve",
    "salience",
    "tokens",
    "transfer",
]
