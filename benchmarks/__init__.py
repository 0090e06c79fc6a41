"""The benchmark program: pinned repositories, baselines side by side, results by commit.

    python -m benchmarks quality --repos MIRRORS --data ANNOTATIONS
    python -m benchmarks functions --cosqa DIR --humaneval DIR
    python -m benchmarks encoder --eval DIR --heldout FILE --models WEIGHTS
    python -m benchmarks speed --repos MIRRORS --data ANNOTATIONS
    python -m benchmarks incremental --repos MIRRORS
    python -m benchmarks vectors --cosqa DIR --humaneval DIR
    python -m benchmarks tui --repo REPOSITORY
    python -m benchmarks compare OLD.json NEW.json
    python -m benchmarks report

What the README claims comes from a file that one of these wrote to ``benchmarks/results``, or it
says what else. The questions and their answers are others' data: they are read
from folders named on the command line and never copied here; results name them by number.
"""
