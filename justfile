# The commands of a day's work; each is one line to copy where there is no `just`.

test *args:
    .venv/bin/python -m pytest -n 2 {{args}}

lint:
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    .venv/bin/deptry runlens

bench:
    .venv/bin/python -m benchmarks.read
    .venv/bin/python -m benchmarks.read_wandb
    .venv/bin/python -m benchmarks.rules

quality *args:
    .venv/bin/python -m benchmarks.quality {{args}}

thresholds *args:
    .venv/bin/python -m benchmarks.thresholds {{args}}

figures *args:
    .venv/bin/python -m tests.figures {{args}}

docs:
    (printf '# Rules\n\n'; .venv/bin/runlens rule --all --format markdown) > docs/rules.md
    .venv/bin/python -m fixtures.make.counts
    .venv/bin/python -m tests.advice.headlines

fuzz *args:
    .venv/bin/python -m tests.fuzz {{args}}
