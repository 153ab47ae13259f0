"""Fixtures of the end-to-end tests: the CA, meshes, and what a failed test shows."""

import pathlib

import pytest
from support import network, program
from support.identity import Authority
from support.mesh import Mesh, live_meshes


@pytest.fixture(scope="session", autouse=True)
def no_leftovers():
    """Takes away what crashed runs left, and fails if this one leaves something."""
    if network.why_not() is None:
        network.remove_leftovers()
    yield
    own = network.namespaces(network.own_prefix())
    for name in own:
        network.remove_namespace(name)
    assert not own, f"namespaces left behind: {own}"


@pytest.fixture(scope="session")
def authority():
    return Authority(program.folder() / "ca")


@pytest.fixture
def mesh(authority):
    """A mesh of network namespaces with real redirect rules; empty."""
    reason = network.why_not()
    if reason:
        pytest.skip(reason)
    with Mesh(authority) as made:
        yield made


@pytest.fixture
def loopback_mesh(authority):
    """A mesh of loopback addresses, for everyone; empty."""
    with Mesh(authority, redirect=False) as made:
        yield made


@pytest.fixture
def any_mesh(authority):
    """The real one where there may be namespaces, else loopback."""
    with Mesh(authority, redirect=network.why_not() is None) as made:
        yield made


@pytest.fixture
def folder(tmp_path):
    return pathlib.Path(tmp_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for mesh in live_meshes:
            report.sections.append(("logs of the mesh", mesh.logs()))
