{{ $pod := . }}
{{ $now := Now }}
{{ $asked := merge (deepCopy (or .metadata.annotations dict)) (or .metadata.labels dict) }}
{{ $tag := printf ":simulate-%s" $mode }}
{{ $byTag := false }}
{{ range .spec.containers }}{{ if hasSuffix $tag .image }}{{ $byTag = true }}{{ end }}{{ end }}
{{ $only := index $asked "everynode.kubernetes/simulate-container" }}
{{ $failing := list }}
{{ range .spec.containers }}
{{ if eq $mode "runs" }}
{{ else if $byTag }}{{ if hasSuffix $tag .image }}{{ $failing = append $failing .name }}{{ end }}
{{ else if or (not $only) (eq $only .name) }}{{ $failing = append $failing .name }}
{{ end }}
{{ end }}
{{ $ready := ternary "False" "True" (gt (len $failing) 0) }}

{{ $waits := and (eq $mode "image-pull") (ne .status.phase "Running") }}
phase: {{ ternary "Pending" "Running" $waits }}
startTime: {{ or .status.startTime $now | Quote }}
{{ if not .status.podIP }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ first . | Quote }}
hostIPs: [{$patch: replace},{{ range . }}{ip: {{ . | Quote }}},{{ end }}]
{{ end }}
{{ with PodIPsWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ first . | Quote }}
podIPs: [{$patch: replace},{{ range . }}{ip: {{ . | Quote }}},{{ end }}]
{{ end }}
{{ end }}

conditions:
{{ range $type := list "PodReadyToStartContainers" "Initialized" "ContainersReady" "Ready" }}
{{ $status := ternary $ready "True" (has $type (list "ContainersReady" "Ready")) }}
{{ $since := $now }}
{{ range $pod.status.conditions }}
{{ if and (eq .type $type) (eq .status $status) }}{{ $since = .lastTransitionTime }}{{ end }}
{{ end }}
- type: {{ $type }}
  status: {{ $status | Quote }}
  lastTransitionTime: {{ $since | Quote }}
  {{ if eq $status "False" }}
  reason: ContainersNotReady
  message: {{ printf "containers with unready status: [%s]" (join " " $failing) | Quote }}
  {{ else }}
  reason: null
  message: null
  {{ end }}
{{ end }}

{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
{{ $sidecar := eq (or .restartPolicy "") "Always" }}
- name: {{ .name }}
  image: {{ .image | Quote }}
  imageID: {{ printf "%s@sha256:%s" .image (sha256sum .image) | Quote }}
  containerID: {{ printf "containerd://%s" (sha256sum (printf "%s/%s" $pod.metadata.uid .name)) }}
  ready: true
  restartCount: 0
  started: {{ $sidecar }}
  state:
    {{ if $sidecar }}
    running: {startedAt: {{ or $pod.status.startTime $now | Quote }}}
    {{ else }}
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ or $pod.status.startTime $now | Quote }}
      finishedAt: {{ or $pod.status.startTime $now | Quote }}
    {{ end }}
{{ end }}
{{ end }}

containerStatuses:
{{ range .spec.containers }}
{{ $name := .name }}
{{ $fails := has $name $failing }}
{{ $old := dict }}
{{ range $pod.status.containerStatuses }}{{ if eq .name $name }}{{ $old = . }}{{ end }}{{ end }}
{{ $wasStarted := dig "state" "running" "startedAt" "" $old }}
{{ $restarts := or $old.restartCount 0 | int }}
{{ $crashed := and $fails (eq $mode "crash-loop") }}
{{ if $crashed }}{{ $restarts = add1 $restarts }}{{ end }}
{{ $pulled := not (and $fails (eq $mode "image-pull")) }}
{{ $id := printf "containerd://%s" (sha256sum (printf "%s/%s/%d" $pod.metadata.uid $name $restarts)) }}
- name: {{ $name }}
  image: {{ .image | Quote }}
  {{ if $pulled }}
  imageID: {{ printf "%s@sha256:%s" .image (sha256sum .image) | Quote }}
  containerID: {{ $id }}
  {{ else }}
  imageID: ""
  {{ end }}
  ready: {{ not $fails }}
  started: {{ and $pulled (not $crashed) }}
  restartCount: {{ $restarts }}
  {{ if not $pulled }}
  {{ $cause := printf "failed to pull and unpack image %q: failed to resolve reference %q: %s: not found" .image .image .image }}
  {{ $cause = printf "rpc error: code = NotFound desc = %s" $cause }}
  {{ if eq $reason "ImagePullBackOff" }}
  {{ $cause = printf "Back-off pulling image %q: ErrImagePull: %s" .image $cause }}
  {{ end }}
  state:
    waiting: {reason: {{ $reason }}, message: {{ $cause | Quote }}}
  {{ else if $crashed }}
  {{ $who := printf "%s_%s(%s)" $pod.metadata.name $pod.metadata.namespace $pod.metadata.uid }}
  state:
    waiting:
      reason: {{ $reason }}
      message: {{ printf "back-off 10s restarting failed container=%s pod=%s" $name $who | Quote }}
  lastState:
    terminated:
      exitCode: 1
      reason: Error
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
      containerID: {{ $id }}
  {{ else }}
  state:
    running: {startedAt: {{ or $wasStarted $now | Quote }}}
  {{ end }}
{{ end }}
