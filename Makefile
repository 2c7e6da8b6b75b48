# `make` or `make help` lists what there is. Needs git, make and Python.
#
#   PYTHON=python3.12   the Python to make the environment with
#   VENV=.venv          where the environment is
#   PORT=8888           the port of JupyterLab
#   LANG_UI=ko          JupyterLab and notebooks in Korean (or vi: Vietnamese)
#   OPTIONS=            more for tools/setup_env.py, e.g. --without torch

PYTHON ?= python3
VENV ?= .venv
PORT ?=
LANG_UI ?=
OPTIONS ?=
VENV2 = .venv-numpy2
WIDGETS = build/ipywidgets7
WITH_WIDGETS = $(addprefix tests/test_,panel.py chooser.py questions.py)
RUN = $(VENV)/bin/python
SETUP = @$(PYTHON) tools/setup_env.py --venv $(VENV) $(OPTIONS) --extras

TARGETS = help lab demo test test-all lint notebooks messages bench clean distclean
.PHONY: $(TARGETS) env-lab env-demo env-test env-lint env-notebooks
.NOTPARALLEL:

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s  %s\n", $$1, $$2}' \
	    Makefile

lab: env-lab ## open the notebooks in JupyterLab (the first call installs)
	@exec $(RUN) -m tools.lab --language="$(LANG_UI)" --port="$(PORT)"

demo: env-demo ## transfer a style with both frameworks, pictures in out/
	$(RUN) -m tools.demo

test: env-test ## the test suite (under 10 minutes on 2 cores)
	$(RUN) -m pytest -m "not slow"

# pytest's exit code 5 says that no test is marked slow.
test-all: test $(WIDGETS) ## test, slow tests, Colab's widgets, NumPy 2
	$(RUN) -m pytest -m slow || [ $$? -eq 5 ]
	PYTHONPATH=$(CURDIR)/$(WIDGETS) $(RUN) -m pytest -m "not slow" \
	    $(WITH_WIDGETS)
	@$(PYTHON) tools/setup_env.py --venv $(VENV2) --numpy2 \
	    --extras test,mxnet,vgg19
	@if $(VENV2)/bin/python -c 'import sys, importlib.util as u; \
	sys.exit(not u.find_spec("mxnet"))'; then \
	    set -x; $(VENV2)/bin/python -m pytest -m "mxnet and not slow"; \
	else echo "No MXNet on this machine: its NumPy 2 tests are left out."; \
	fi

# As Colab has them.
$(WIDGETS): | env-test
	$(RUN) -m pip install --quiet --no-deps --target $@ \
	    ipywidgets==7.7.1 anywidget==0.9.21 ipython_genutils==0.2.0

lint: env-lint ## ruff: rules and format
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check

notebooks: env-notebooks ## build the notebooks from notebooks/source
	$(RUN) -m tools.build_notebooks

messages: env-notebooks ## bring the translations' catalogues up to date
	$(RUN) -m tools.messages

bench: env-demo ## seconds per epoch and memory, beside a baseline
	$(RUN) -m benchmarks.epoch

clean: ## remove out/ and what tools keep between runs
	rm -rf out build .pytest_cache .ruff_cache .hypothesis
	find . -name '.venv*' -prune -o -type d \
	    \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune \
	    -exec rm -rf {} +

distclean: clean ## clean, and remove the installed environments too
	rm -rf $(VENV) $(VENV2) d2l_style.egg-info

env-lab:
	$(SETUP) lab,torch,mxnet,vgg19
env-demo:
	$(SETUP) torch,mxnet,vgg19
env-test:
	$(SETUP) test,torch,mxnet,vgg19
env-lint:
	$(SETUP) test
env-notebooks:
	$(SETUP) build
