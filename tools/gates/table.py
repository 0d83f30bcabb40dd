# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates: what each runs, and in which environment."""

from __future__ import annotations

from dataclasses import dataclass

_COLLECTION = "ansible_collections.everynode.kubernetes"


@dataclass(frozen=True)
class Gate:
    """One check. It passes when each of its commands ends with 0.

    `beside` gates run in the background with their output held back, while those with pytest's
    output run in front. What talks to a `cluster` sees no proxies, and none but the build of the
    cluster, which uses Go's caches there, the user's home. `minutes` is when it is taken for stuck.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    environment: str = "test"
    # Other environments that its commands ask for themselves.
    also: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    beside: bool = False
    cluster: bool = False
    own_home: bool = True
    minutes: int = 10


def _command(line: str) -> tuple[tuple[str, ...], ...]:
    return (tuple(line.split()),)


def _lint(name: str, *lines: str, beside: bool = False) -> Gate:
    commands = tuple(tuple(line.split()) for line in lines)
    return Gate(name, commands, groups=("lint",), beside=beside)


def _pytest(
    name: str,
    folder: str,
    *,
    environment: str = "test",
    also: tuple[str, ...] = (),
    cluster: bool = False,
    workers: int = 0,
    before: str = "",
    minutes: int = 0,
) -> Gate:
    # {report} becomes the path of the file that the summary reads.
    line = f"python -m pytest --junit-xml={{report}} {folder}"
    if workers:
        # Whole files, as what a file's tests share is made once; each worker has its own cluster.
        line += f" --numprocesses={workers} --dist=loadfile"
    minutes = minutes or (20 if cluster else 5)
    return Gate(
        name,
        (*(_command(before) if before else ()), *_command(line)),
        environment=environment,
        also=also,
        cluster=cluster,
        minutes=minutes,
    )


# The cheapest first: a slip is told within seconds.
GATES = (
    _lint("format", "ruff format --check ."),
    _lint("ruff", "ruff check ."),
    _lint("yamllint", "yamllint --strict ."),
    _lint("changelog", "antsibull-changelog lint"),
    _lint(
        "types",
        f"mypy --package {_COLLECTION}.plugins",
        "mypy tools tests benchmarks extensions",
    ),
    _lint(
        "docs",
        "antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck "
        "--validate-collection-refs self .",
        beside=True,
    ),
    _lint("licences", "reuse lint --lines", beside=True),
    _lint(
        "ansible-lint",
        "ansible-lint --profile production --strict --offline --nocolor",
        beside=True,
    ),
    Gate("sanity", _command("python -m tools.gates.sanity"), beside=True, minutes=15),
    Gate("package", _command("python -m tools.gates.package"), also=("importer",), beside=True),
    _pytest("rules", "tests/gates"),
    _pytest("unit", "tests/unit"),
    # Tests see no proxies, so what is downloaded is there before they begin.
    _pytest("agents", "tests/agents", before="python -m tools.agents"),
    _pytest("cluster", "tests/cluster", cluster=True),
    _pytest("property", "tests/property", cluster=True),
    # The real kubernetes.core makes objects that the collection then takes over; ansible-runner
    # runs the jobs of AWX; a report of the oldest ansible-core is the same.
    _pytest(
        "integration",
        "tests/integration",
        also=("bench", "runner", "importer", "smoke-oldest"),
        cluster=True,
        # They wait for clusters more than they compute.
        workers=3,
        minutes=60,
    ),
    Gate("molecule", _command("python -m tools.gates.molecule"), cluster=True, minutes=20),
    _pytest("smoke", "tests/smoke", cluster=True),
    _pytest("smoke-oldest", "tests/smoke", environment="smoke-oldest", cluster=True),
)


def named(name: str) -> list[Gate]:
    """The gates of that name or of that group, in their order; all of them for `test`."""
    return [gate for gate in GATES if name == "test" or name == gate.name or name in gate.groups]
