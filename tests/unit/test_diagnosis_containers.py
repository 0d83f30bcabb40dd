# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps containers from being ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import (
    causes_of_containers as causes,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import (
    causes_of_images,
    exits,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.trouble import (
    MAX_EVIDENCE,
    Trouble,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
IMAGE = "registry.example/team/agent:1.2"
PULLING = f'failed to pull and unpack image "{IMAGE}": '
RESOLVING = f'failed to resolve reference "{IMAGE}": '


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "c", "image": IMAGE, "ready": False, "state": state, **more}


def ended(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, **more}


def crashing(last: dict[str, Any], restarts: int = 3) -> dict[str, Any]:
    return waiting(
        "CrashLoopBackOff",
        "back-off 40s restarting failed container=c pod=p_n(uid)",
        lastState={"terminated": last},
        restartCount=restarts,
    )


def running(seconds: float, last: dict[str, Any] | None, restarts: int, **more: Any) -> Any:
    since = (NOW - timedelta(seconds=seconds)).isoformat()
    return {
        "name": "c",
        "ready": False,
        "restartCount": restarts,
        "state": {"running": {"startedAt": since}},
        "lastState": {"terminated": last} if last else {},
        **more,
    }


def found(
    status: dict[str, Any], spec: dict[str, Any] | None = None, **more: Any
) -> Trouble | None:
    return causes.container_trouble(
        status, spec or {}, one_shot=more.pop("one_shot", False), **more
    )


@pytest.mark.parametrize(
    ("reason", "message", "words", "heals"),
    [
        pytest.param(
            "ErrImagePull",
            f"rpc error: code = NotFound desc = {PULLING}{RESOLVING}{IMAGE}: not found",
            f"container c: {RESOLVING}{IMAGE}: not found",
            False,
            id="no such image, containerd",
        ),
        pytest.param(
            "ImagePullBackOff",
            f'Back-off pulling image "{IMAGE}": ErrImagePull: rpc error: code = NotFound desc = '
            f"{PULLING}{RESOLVING}{IMAGE}: not found",
            f"container c: {RESOLVING}{IMAGE}: not found",
            False,
            id="the same, backing off",
        ),
        pytest.param(
            "ErrImagePull",
            "rpc error: code = Unknown desc = reading manifest 1.2 in registry.example/team/agent:"
            " manifest unknown",
            "reading manifest 1.2 in registry.example/team/agent: manifest unknown",
            False,
            id="no such tag, CRI-O",
        ),
        pytest.param(
            "ErrImagePull",
            f"rpc error: code = Unknown desc = {PULLING}{RESOLVING}unexpected status from HEAD"
            " request to https://registry.example/v2/team/agent/manifests/1.2: 401 Unauthorized",
            "401 Unauthorized",
            False,
            id="no right",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}{RESOLVING}unexpected status from HEAD request to"
            " https://registry.example/v2/team/agent/manifests/1.2: 429 Too Many Requests",
            "429 Too Many Requests",
            True,
            id="too many pulls",
        ),
        pytest.param(
            "ErrImagePull",
            "toomanyrequests: You have reached your pull rate limit.",
            "pull rate limit",
            True,
            id="the rate limit of a registry",
        ),
        pytest.param("ErrImagePull", "pull QPS exceeded", "pull QPS", True, id="kubelet's rate"),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}{RESOLVING}failed to do request: Head https://registry.example/v2/: dial"
            " tcp 192.0.2.1:443: i/o timeout",
            "i/o timeout",
            True,
            id="registry away",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}{RESOLVING}failed to do request: Head https://registry.example/v2/: dial"
            " tcp: lookup registry.example: no such host",
            "no such host",
            False,
            id="no such registry",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}unexpected status code: 503 Service Unavailable",
            "503",
            True,
            id="registry down",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}no match for platform in manifest: not found",
            "no match for platform in manifest: not found",
            False,
            id="another platform, containerd",
        ),
        pytest.param(
            "ErrImagePull",
            "choosing an image from manifest list docker://x: no image found in manifest list for"
            ' architecture "arm64", variant "v8", OS "linux"',
            'architecture "arm64"',
            False,
            id="another platform, CRI-O",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}failed to extract layer sha256:1: write /x: no space left on device",
            "no space left on device",
            True,
            id="the node's disk is full",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}{RESOLVING}failed to do request: Head"
            ' "https://registry.example/v2/team/agent/manifests/1.2": tls: failed to verify'
            " certificate: x509: certificate signed by unknown authority",
            "x509: certificate signed by unknown authority",
            False,
            id="a registry that is not trusted",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}{RESOLVING}unexpected status from HEAD request to"
            " https://registry.example/v2/team/agent/manifests/1.2: 504 Gateway Timeout",
            "504 Gateway Timeout",
            True,
            id="a proxy gives up",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}failed to copy: httpReadSeeker: failed open: unexpected status from GET"
            " request to https://registry.example/v2/team/agent/blobs/sha256:1: 521 ",
            ": 521",
            True,
            id="a status without words",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}failed to copy: httpReadSeeker: local error: context canceled",
            "context canceled",
            True,
            id="broken off",
        ),
        pytest.param(
            "RegistryUnavailable",
            f"image pull failed for {IMAGE} because the registry is unavailable: pinging it",
            "the registry is unavailable: pinging it",
            True,
            id="the registry is away, CRI-O",
        ),
        pytest.param(
            "ImagePullBackOff",
            f'Back-off pulling image "{IMAGE}": RegistryUnavailable: image pull failed for {IMAGE}'
            " because the registry is unavailable: pinging it",
            f"container c: image pull failed for {IMAGE} because the registry is unavailable",
            True,
            id="the same, backing off",
        ),
        pytest.param(
            "ImagePullBackOff",
            f'Back-off pulling image "{IMAGE}": SignatureValidationFailed: image pull failed for'
            f" {IMAGE} because the signature validation failed: Source image rejected: none",
            f"container c: image pull failed for {IMAGE} because the signature validation failed",
            False,
            id="not signed, backing off",
        ),
        pytest.param(
            "ErrImagePull",
            f"unable to pull image or OCI artifact: pull image err: reading manifest 1.2 in {IMAGE}"
            ": manifest unknown; artifact err: provided artifact is a container image",
            f"container c: reading manifest 1.2 in {IMAGE}: manifest unknown",
            False,
            id="CRI-O tries it as an artifact, too",
        ),
        pytest.param(
            "ErrImagePull",
            f"{PULLING}failed to authorize: failed to fetch oauth token: unexpected status from GET"
            " request to https://auth.example/token?account=me&service=x: 403 Forbidden",
            "https://auth.example/token: 403 Forbidden",
            False,
            id="what the query of an address tells is left out",
        ),
        pytest.param("ImageInspectError", "runtime gone", "runtime gone", False, id="inspect"),
        pytest.param(
            "InvalidImageName",
            'Failed to apply default image tag "X:": couldn\'t parse image name "X:": invalid'
            " reference format",
            "invalid reference format",
            False,
            id="not a name",
        ),
        pytest.param(
            "ErrImageNeverPull",
            f'Container image "{IMAGE}" is not present with pull policy of Never',
            "pull policy of Never",
            False,
            id="never pulled",
        ),
        pytest.param("ImagePullBackOff", "", "ImagePullBackOff", False, id="without words"),
        pytest.param(
            "SignatureValidationFailed", "no signature", "no signature", False, id="signature"
        ),
    ],
)
def test_images(reason: str, message: str, words: str, heals: bool) -> None:
    trouble = found(waiting(reason, message))
    assert trouble is not None
    assert (trouble.cause, trouble.heals) == ("ImagePull", heals)
    assert words in trouble.evidence
    assert IMAGE in trouble.evidence


def test_the_name_of_an_image_says_nothing_of_the_registry() -> None:
    image = "registry.example/timeout/agent:1.2"
    message = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}":'
        " unexpected status from HEAD request to"
        ' "https://registry.example/v2/timeout/agent/manifests/1.2": 401 Unauthorized'
    )
    trouble = found({**waiting("ErrImagePull", message), "image": image})
    assert trouble is not None
    assert not trouble.heals


def test_the_image_is_named_as_the_template_names_it() -> None:
    status = {**waiting("ErrImagePull", "agent:1: denied"), "image": "registry.example/x/agent:1"}
    trouble = found(status, {"image": "agent:1"})
    assert trouble == Trouble("ImagePull", "container c: agent:1: denied", False)


def test_the_image_of_a_volume() -> None:
    volume = "registry.example/models:3"
    backing_off = found(
        waiting("ImagePullBackOff", f'Back-off pulling image "{volume}": ErrImagePull: denied'),
        {"image": IMAGE},
    )
    assert backing_off == Trouble("ImagePull", f"container c, image {volume}: denied", False)
    mounting = found(waiting("ImageVolumeMountFailed", "no such directory"))
    assert mounting == Trouble("VolumeMount", "container c: no such directory", False)


def test_older_kubelets_tell_the_registrys_words_in_an_event() -> None:
    status = waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"')
    events = [
        {"reason": "BackOff", "message": f'Back-off pulling image "{IMAGE}"'},
        {"reason": "Failed", "message": "Error: ImagePullBackOff"},
        {
            "reason": "Failed",
            "message": f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = manifest'
            " unknown",
        },
    ]
    trouble = found(status, events=events)
    assert trouble is not None
    assert trouble.evidence == f"container c, image {IMAGE}: manifest unknown"
    bare = found(status)
    assert bare is not None
    assert bare.evidence == f'container c: Back-off pulling image "{IMAGE}"'


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("denied", "denied"),
        ("ErrImagePull: denied", "denied"),
        ("rpc error: code = Unknown desc = ", "rpc error: code = Unknown desc ="),
        ('Failed to pull image "a": ErrImagePull:  denied\n  by b', "denied by b"),
        ("", ""),
    ],
)
def test_wrappings_are_taken_off(message: str, words: str) -> None:
    assert causes_of_images.registry_words(message) == words


@pytest.mark.parametrize(
    ("reason", "message", "heals"),
    [
        ("CreateContainerConfigError", 'secret "token" not found', False),
        ("CreateContainerConfigError", "couldn't find key k in ConfigMap n/c", False),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
            False,
        ),
        ("CreateContainerError", "context deadline exceeded", True),
        ("CreateContainerError", "failed to reserve container name p: it is reserved", True),
        ("RunContainerError", 'exec: "/nope": stat /nope: no such file or directory', False),
        (
            "CreateContainerConfigError",
            "failed to sync secret cache: timed out waiting for x",
            True,
        ),
        ("CreateContainerConfigError", 'configmap "timed out waiting" not found', False),
        ("CreateContainerConfigError", "services have not yet been read at least once", True),
        (
            "CreateContainerConfigError",
            'container has runAsNonRoot and image has non-numeric user (agent) (pod: "p", c: "c")',
            False,
        ),
        (
            "CreateContainerConfigError",
            'failed to prepare subPath for volumeMount "x" of container "c"',
            False,
        ),
        (
            "CreateContainerError",
            "kubelet may be retrying requests that are timing out in CRI-O due to system load",
            True,
        ),
        ("CreateContainerError", "executable file `/nope` not found: No such file", False),
        (
            "RunContainerError",
            'OCI runtime create failed: exec: "/agent": permission denied: unknown',
            False,
        ),
        ("RunContainerError", "context canceled", True),
        ("RunContainerError", "mkdir /run/x: no space left on device", True),
        ("PostStartHookError", "command failed", False),
        ("PreStartHookError", "", False),
    ],
)
def test_configurations(reason: str, message: str, heals: bool) -> None:
    trouble = found(waiting(reason, message))
    assert trouble == Trouble(
        "ContainerConfig", f"container c: {reason}" + (f": {message}" if message else ""), heals
    )


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_on_its_way(reason: str) -> None:
    assert found(waiting(reason)) == Trouble("Starting", f"container c: {reason}", True)


def test_no_state_yet() -> None:
    assert found({"name": "c"}) == Trouble("Starting", "container c: not created yet", True)


def test_a_reason_that_nobody_knows_is_shown() -> None:
    trouble = found(waiting("SomethingNew", "it says"))
    assert trouble == Trouble("NotReady", "container c: SomethingNew: it says", True)


@pytest.mark.parametrize(
    ("last", "cause", "evidence"),
    [
        (ended(1), "CrashLoop", "container c: exit code 1, restarted 3 times"),
        (ended(127), "CrashLoop", "exit code 127 (command not found)"),
        (ended(126), "CrashLoop", "exit code 126 (not executable)"),
        (ended(134), "CrashLoop", "exit code 134 (SIGABRT)"),
        (ended(137), "CrashLoop", "exit code 137 (SIGKILL)"),
        (ended(139), "CrashLoop", "exit code 139 (SIGSEGV)"),
        (ended(143), "CrashLoop", "exit code 143 (SIGTERM)"),
        (ended(255), "CrashLoop", "exit code 255, restarted"),
        (ended(-1073741819), "CrashLoop", "exit code -1073741819 (0xC0000005)"),
        (ended(3221225786), "CrashLoop", "exit code 3221225786 (0xC000013A)"),
        (ended(0, "Completed"), "CrashLoop", "exit code 0, though it must go on running"),
        (ended(137, "OOMKilled"), "OutOfMemory", "OOMKilled, exit code 137 (SIGKILL)"),
        (ended(1, "OOMKilled"), "OutOfMemory", "OOMKilled, exit code 1, no memory limit"),
        (
            ended(128, "StartError", message='exec: "/nope": no such file'),
            "ContainerConfig",
            "no such file",
        ),
        (ended(127, "ContainerCannotRun"), "ContainerConfig", "ContainerCannotRun"),
        (ended(2, message="panic: oh"), "CrashLoop", "message: panic: oh"),
        ({}, "CrashLoop", "container c: it ended"),
    ],
)
@pytest.mark.parametrize("state", ["backing off", "ended", "running again"])
def test_crashes(last: dict[str, Any], cause: str, evidence: str, state: str) -> None:
    status = crashing(last)
    if state == "ended":
        status = {"name": "c", "ready": False, "state": {"terminated": last}, "restartCount": 3}
    elif state == "running again":
        status = running(3, last or {"reason": None}, 3)
    trouble = found(status, now=NOW)
    assert trouble is not None
    assert (trouble.cause, trouble.heals) == (cause, False)
    assert evidence in trouble.evidence


def test_the_memory_limit_is_told() -> None:
    spec = {"resources": {"limits": {"memory": "64Mi"}}}
    trouble = found(crashing(ended(137, "OOMKilled"), restarts=1), spec)
    assert trouble == Trouble(
        "OutOfMemory",
        "container c: OOMKilled, exit code 137 (SIGKILL), memory limit 64Mi, restarted once",
        False,
    )


def test_the_last_lines_of_the_log_are_quoted() -> None:
    log = "".join(f"line {n} of the log\n" for n in range(500)) + "fatal: no such device\n"
    trouble = found(crashing(ended(1, message="x" * 900)), log=log)
    assert trouble is not None
    assert trouble.evidence.startswith("container c: exit code 1, restarted 3 times; log: ...")
    assert trouble.evidence.endswith("line 499 of the log | fatal: no such device")
    assert len(trouble.evidence) == MAX_EVIDENCE


def test_secrets_are_hidden_before_a_log_is_cut() -> None:
    log = f"DB_PASSWORD=hunter2-{'x' * 30} " + "y" * 180
    trouble = found(crashing(ended(1)), log=log)
    assert trouble is not None
    assert "xx" not in trouble.evidence
    trouble = found(crashing(ended(1, message="connect to https://me:hunter2@example failed")))
    assert trouble is not None
    assert "hunter2" not in trouble.evidence
    assert "example failed" in trouble.evidence


def test_what_variables_hold_is_hidden() -> None:
    spec = {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB_HOST", "value": "d"}]}
    for trouble in (
        found(crashing(ended(1)), spec, log="no entry for d with hunter2\n"),
        found(crashing(ended(1, message="no entry for d with hunter2")), spec),
        found(waiting("PostStartHookError", "curl d with hunter2 failed"), spec),
    ):
        assert trouble is not None
        assert "hunter2" not in trouble.evidence
        assert " d with ********" in trouble.evidence


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("ErrImagePull", 'Head "https://me:hunter2@registry.example/v2/": EOF'),
        ("CreateContainerError", "mount -o username=me,password=hunter2 failed"),
        ("SomethingNew", "Authorization: Bearer hunter2hunter2"),
    ],
)
def test_no_evidence_holds_secrets(reason: str, message: str) -> None:
    trouble = found(waiting(reason, message))
    assert trouble is not None
    assert "hunter2" not in trouble.evidence
    assert "********" in trouble.evidence


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        pytest.param("one\n\n  two  \n", "one | two", id="lines"),
        pytest.param("\x1b[31mred\x1b[0m\x1b]0;title\x07 \x1b(Bend", "red end", id="colours"),
        pytest.param("größer als 3 µs\n内存不足\n", "größer als 3 µs | 内存不足", id="not ASCII"),
        pytest.param("loading 10%\rloading 99%\r\nfull", "loading 99% | full", id="a progress"),
        pytest.param("a\x00b\x07\u202ec\ud800", "a b c", id="what cannot be shown"),
        pytest.param("\ufffd\n", "\ufffd", id="what is no text"),
    ],
)
def test_logs_are_shown_in_one_line(log: str, shown: str) -> None:
    trouble = found(crashing(ended(1)), log=log)
    assert trouble is not None
    assert trouble.evidence == f"container c: exit code 1, restarted 3 times; log: {shown}"


@pytest.mark.parametrize(
    "words",
    [
        "panic: runtime error: invalid memory address",
        "fatal error: all goroutines are asleep",
        'Exception in thread "main" java.lang.IllegalStateException: no devices',
        "Caused by: java.net.ConnectException: refused",
        "thread 'main' panicked at src/main.rs:2:5:",
    ],
)
def test_the_words_with_which_a_program_gives_up(words: str) -> None:
    where = "".join(f"\tat some.place.in.the.program(Line{n})\n" for n in range(50))
    trouble = found(crashing(ended(2)), log=f"starting\n{words}\n{where}")
    assert trouble is not None
    assert f"; log: {words} | at some.place" in trouble.evidence
    assert trouble.evidence.endswith("...")
    assert len(trouble.evidence) == MAX_EVIDENCE
    short = found(crashing(ended(2)), log=f"starting\n{words}\n")
    assert short is not None
    assert short.evidence.endswith(f"; log: starting | {words}")


def test_a_container_that_never_ran_has_no_log() -> None:
    last = ended(128, "StartError", message='exec: "/nope": no such file')
    trouble = found(crashing(last), log="of the image before\n")
    assert trouble is not None
    assert "of the image before" not in trouble.evidence
    assert trouble.evidence.endswith('message: exec: "/nope": no such file')


def test_an_end_that_the_kubelet_did_not_see() -> None:
    last = ended(137, "ContainerStatusUnknown", message="it could not be located")
    trouble = found({"name": "c", "state": {"terminated": last}, "restartCount": 1})
    told = "container c: it ended while its kubelet did not look"
    assert trouble == Trouble("Starting", told, True)
    again = found(crashing(last))
    assert again == Trouble("CrashLoop", f"{told}, restarted 3 times", False)


@pytest.mark.parametrize(
    ("status", "crash"),
    [
        pytest.param(running(5, ended(1), 2), True, id="again and again"),
        pytest.param(running(5, ended(1), 1), False, id="once may have been early"),
        pytest.param(running(90, ended(1), 9), False, id="it goes on running now"),
        pytest.param(running(5, ended(1), 9, ready=True), False, id="ready"),
        pytest.param(running(5, None, 0), False, id="never ended"),
        pytest.param(running(-30, ended(1), 9), True, id="a clock ahead"),
    ],
)
def test_between_two_crashes(status: dict[str, Any], crash: bool) -> None:
    trouble = found(status, now=NOW)
    assert (trouble is not None and trouble.cause == "CrashLoop") is crash
    assert crash or trouble is None


def test_init_containers_have_to_end() -> None:
    done = {"name": "i", "state": {"terminated": ended(0, "Completed")}}
    assert found(done, one_shot=True) is None
    assert found(running(500, None, 0), one_shot=True) == Trouble(
        "Starting", "init container c: runs, and has to end before the next one starts", True
    )
    failed = {"name": "i", "state": {"terminated": ended(2)}, "restartCount": 1}
    assert found(failed, one_shot=True) == Trouble(
        "InitFailed", "init container i: exit code 2, restarted once", False
    )
    backing_off = found(crashing(ended(2)), one_shot=True)
    assert backing_off is not None
    assert backing_off.cause == "InitFailed"
    again = found(running(5, ended(2), 3), one_shot=True, now=NOW)
    assert again is not None
    assert again.cause == "InitFailed"
    pulling = found(waiting("ErrImagePull", "denied"), one_shot=True)
    assert pulling is not None
    assert pulling.cause == "ImagePull"


UNHEALTHY = {
    "reason": "Unhealthy",
    "message": "Readiness probe failed: HTTP probe failed with statuscode: 503",
    "involvedObject": {"fieldPath": "spec.containers{c}"},
}


@pytest.mark.parametrize(
    ("spec", "events", "evidence"),
    [
        pytest.param(
            {}, [UNHEALTHY], f"container c: {UNHEALTHY['message']}", id="the kubelet's words"
        ),
        pytest.param(
            {"readinessProbe": {"periodSeconds": 1}},
            [{**UNHEALTHY, "involvedObject": {"fieldPath": "spec.containers{other}"}}],
            "container c: runs, but its readiness probe has not succeeded",
            id="an event of another container",
        ),
        pytest.param(
            {"startupProbe": {"periodSeconds": 1}, "readinessProbe": {"periodSeconds": 1}},
            [],
            "container c: runs, but its startup probe has not succeeded",
            id="without events",
        ),
        pytest.param({}, [], None, id="without probes"),
    ],
)
def test_probes_may_still_succeed(
    spec: dict[str, Any], events: list[dict[str, Any]], evidence: str | None
) -> None:
    trouble = causes.never_ready(running(5, None, 0), spec, events)
    wanted = None if evidence is None else Trouble("ProbeFailed", evidence, True)
    assert trouble == wanted


@pytest.mark.parametrize("code", [0, 137, 143])
@pytest.mark.parametrize("probe", ["Liveness", "Startup"])
def test_a_container_that_a_probe_ended(code: int, probe: str) -> None:
    events = [{**UNHEALTHY, "message": f"{probe} probe failed: timeout"}, UNHEALTHY]
    trouble = found(crashing(ended(code)), events=events)
    assert trouble is not None
    assert (trouble.cause, trouble.heals) == ("ProbeFailed", False)
    assert trouble.evidence.endswith(f"restarted 3 times; before: {probe} probe failed: timeout")


def test_a_container_that_a_probe_ends_each_time_runs_for_long_in_between() -> None:
    events = [{**UNHEALTHY, "message": "Startup probe failed: refused"}]
    status = running(200, ended(137), 3)
    trouble = found(status, events=events, now=NOW)
    assert trouble is not None
    assert (trouble.cause, trouble.heals) == ("ProbeFailed", False)
    assert found(running(200, ended(137), 1), events=events, now=NOW) is None
    assert found(running(200, ended(1), 3), events=events, now=NOW) is None


def test_a_container_that_its_hook_ended() -> None:
    events = [{**UNHEALTHY, "reason": "FailedPostStartHook", "message": "PostStartHook failed"}]
    trouble = found(crashing(ended(137)), events=events)
    assert trouble is not None
    assert (trouble.cause, trouble.heals) == ("ContainerConfig", False)
    assert trouble.evidence.endswith("; before: its postStart hook failed")
    of_its_own = found(crashing(ended(1)), events=events)
    assert of_its_own is not None
    assert of_its_own.cause == "CrashLoop"


@pytest.mark.parametrize(
    "last", [ended(1), ended(139), ended(137, "OOMKilled")], ids=["1", "139", "oom"]
)
def test_a_crash_of_its_own_is_no_probes(last: dict[str, Any]) -> None:
    events = [{**UNHEALTHY, "message": "Liveness probe failed: timeout"}]
    trouble = found(crashing(last), events=events)
    assert trouble is not None
    assert trouble.cause in ("CrashLoop", "OutOfMemory")


def test_signals_have_the_names_that_linux_gives_them() -> None:
    for number, name in exits._SIGNALS.items():
        assert f"({name})" in exits.exit_in_words({"exitCode": 128 + number})
