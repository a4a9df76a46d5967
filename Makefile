.PHONY: setup run test bench lint lock evaluate
PYTHON ?= python3.11
export RASA_TELEMETRY_ENABLED = false
PORT ?= 8080

setup: .venv/.ready

.venv/.ready: pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed"; exit 1; }
	@$(PYTHON) -m uv --version >/dev/null 2>&1 || command -v uv >/dev/null || $(PYTHON) -m pip install --quiet uv
	@UV="$$($(PYTHON) -m uv --version >/dev/null 2>&1 && echo '$(PYTHON) -m uv' || echo uv)"; set -e; \
	[ -x .venv/bin/python ] || $$UV venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv; \
	$$UV pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock; \
	$$UV pip install --quiet --python .venv/bin/python --no-deps -e .
	@touch $@

lock:
	uv pip compile pyproject.toml --extra dev -p 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

run: setup
	.venv/bin/hankali serve --port $(PORT)

test: setup
	.venv/bin/python -m pytest -n 4 --dist loadfile

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: setup  # needs network once, 3 GB of disk, and half an hour the first time (stock Rasa with TensorFlow)
	.venv/bin/python -m tests.bench

evaluate: setup
	.venv/bin/python -W ignore -m tests.evaluation.compare
	.venv/bin/hankali evaluate tests/evaluation/*.tsv tests/evaluation/blind_later/*.tsv --plots var/evaluation
	.venv/bin/hankali evaluate tests/evaluation/held_out/*.tsv
	.venv/bin/python -m tests.evaluation.noise tests/evaluation/*.tsv tests/evaluation/blind_later/*.tsv > var/evaluation/noisy.tsv
	.venv/bin/hankali evaluate var/evaluation/noisy.tsv
