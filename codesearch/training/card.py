"""The model card: what the weights are, in words and measured numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesearch.training.export import Job, Measured


def model_card(job: Job, measured: Measured) -> str:
    """``README.md`` of the weights folder."""
    return _CARD.format(
        job=job,
        measured=measured,
        table=_table(measured),
        story=_story(job),
        hubs=_HUBS * (job.centres is not None),
    )


def _story(job: Job) -> str:
    whose = f"The weights of `{job.origin}`" if job.origin else "Weights from scratch"
    told = _UNTRAINED if not job.trained else _FURTHER if job.origin else _ANEW
    runs = _RUNS + job.trained if job.trained else ""
    return f"{whose} ({job.license}){_SHAPE}{told}{_SEEN.get(job.origin, '')}{runs}"


def _table(measured: Measured) -> str:
    if not measured.mrr:
        return "Retrieval was not measured at export."
    rows = [f"| {name} | {a:.3f} | {b:.3f} |" for name, (a, b) in measured.mrr.items()]
    head = ["| mean reciprocal rank | float32 | int8, as shipped |", "|---|---|---|"]
    return "\n".join(head + rows)


# What an origin's authors say that it has seen, where that bears on the numbers below.
_SEEN = {
    "sentence-transformers/all-MiniLM-L6-v2": """ The authors of all-MiniLM-L6-v2 list
CodeSearchNet and Stack Exchange among its training data: it has seen code beside English, and the
functions of CoSQA are drawn from CodeSearchNet."""
}

_HUBS = """, then made shorter the nearer it
  is to questions of all kinds (`codesearch/training/hubness.py`)"""

_SHAPE = """ in the shape of
ELECTRA: transformers' `ElectraModel` with an embedding size equal to the hidden size has BERT's
parameters exactly. """

_ANEW = "**They began with random numbers.**"
_FURTHER = "**They were trained further, as told below.**"
_UNTRAINED = """\
**They were not trained any further here, neither on code nor on the strings
that they are given.** They are the start from which the encoder is to be trained, and what is
shipped until then."""

_RUNS = """

Trained, run by run, on pairs of documentation and code from repositories under permissive
licences, or of who trained them (`codesearch/training`):

"""

_CARD = """\
# {job.name}

{story}

- Input: the strings of `codesearch/encoder/text.py`, cut at {job.max_tokens} tokens.
- Output: the mean over all tokens, scaled to length 1{hubs}.
- Languages: English questions; code in any language, as far as its words are English.
- `model.onnx`: weights int8 (a scale for each output channel, no two neighbours beyond what
  16 bits hold), word vectors int8 (a scale for each word), activations quantised as they come.
  One text a run. ONNX Runtime 1.32 or later, operators of its CPU build.
- `config.json` names the files with their SHA-256; its digest identifies these weights.

## Measured

The folder has {measured.megabytes:.1f} MiB. Cosine between the float32 model and this one on 256
functions of Python's standard library: mean {measured.cosine_mean:.4f},
least {measured.cosine_least:.4f}.

{table}

HumanEval-X: task → solution within a language. CoSQA dev: 500 web questions against 6,267 Python
functions, where a difference between two columns is known to about .009 either way. Scores are
of the encoder alone, without lexical search and ranking. Made and measured by

    python -m codesearch.training export --run RUN --name NAME --out DIR --eval EVAL \\
        --origin ORIGIN --license LICENSE --data SHARDS

with `--max-tokens {job.max_tokens}`; without `--data` nothing is made shorter.

## Limits

Whole files and long functions: what lies beyond {job.max_tokens} tokens is not seen. Vectors are
the same on one machine whatever is encoded beside a text and with any number of threads; between
machines with other instruction sets they may differ by a rounding step.
"""
