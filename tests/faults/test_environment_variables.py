"""Counts of threads in the environment that are legal, or nonsense."""

import json

import pytest
from test_imports import python

from d2l_style.machine.tuning import all_cores

TOLD = {
    "2": "2",
    " 2 ": "2",
    "2,1": "2",
    "002": "2",
    "": None,
    "abc": None,
    "0": None,
    "-1": None,
    "2;": None,
    "1e3": None,
    "２": None,  # noqa: RUF001 (wide, as Korean keyboards have it)
    "99999999999": None,
}
PRODUCT = {
    "mxnet": "float((d2l.np.ones((8, 8)) @ d2l.np.ones((8, 8))).sum())",
    "torch": "float((d2l.torch.ones(8, 8) @ d2l.torch.ones(8, 8)).sum())",
}


@pytest.fixture
def alone(monkeypatch):
    """No count of threads but those of the test."""
    for name in ("OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("told", "left"), TOLD.items())
def test_who_tells_a_count_is_obeyed_and_nonsense_goes(told, left, alone):
    from os import environ

    alone.setenv("OMP_NUM_THREADS", told)
    alone.setenv("MXNET_MP_WORKER_NTHREADS", told)
    alone.setenv("MXNET_HOME", told)
    all_cores()
    assert environ.get("OMP_NUM_THREADS") == left
    assert environ.get("MXNET_MP_WORKER_NTHREADS") == left
    assert environ["MXNET_HOME"] == told
    every_core = environ.pop("MXNET_OMP_MAX_THREADS", None)
    assert (every_core is None) == (left is not None)


@pytest.mark.slow
@pytest.mark.parametrize("told", ["2,1", "abc", "", "-1", "99999999999"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("mxnet", marks=pytest.mark.mxnet),
    ],
)
def test_a_framework_computes_whatever_it_is_told(name, told, alone):
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        alone.setenv(variable, told)
    code = f"""
        import json
        from d2l_style import {name} as d2l
        print(json.dumps({PRODUCT[name]}))
    """
    assert json.loads(python(code)) == 512
