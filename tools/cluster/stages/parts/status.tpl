{{/* The status of a pod of which the containers in $failing do not run as they should:
     $waits  why they wait; empty where they run
     $said   what the kubelet says of each that waits
     $exit   how they ended before; with an empty $waits they run and are ready again
     $clock  the time by the node's clock */}}
{{ $pod := . }}
{{ $now := Now }}
{{ $restarted := and $exit (not $waits) }}
{{ $unready := ternary list $failing (not (empty $restarted)) }}
{{ $incomplete := list }}
{{ range .spec.initContainers }}
{{ if has .name $unready }}{{ $incomplete = append $incomplete .name }}{{ end }}
{{ end }}
{{ if $incomplete }}
{{ $unready = list }}{{ range .spec.containers }}{{ $unready = append $unready .name }}{{ end }}
{{ end }}

{{ $neverRan := and $waits (not $exit) (ne .status.phase "Running") }}
phase: {{ ternary "Pending" "Running" (or (not (empty $incomplete)) (not (empty $neverRan))) }}
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
{{ $lacks := list }}{{ $reason := "" }}{{ $message := "" }}
{{ if has $type (list "ContainersReady" "Ready") }}
{{ $lacks = $unready }}{{ $reason = "ContainersNotReady" }}
{{ $message = printf "containers with unready status: [%s]" (join " " $lacks) }}
{{ else if eq $type "Initialized" }}
{{ $lacks = $incomplete }}{{ $reason = "ContainersNotInitialized" }}
{{ $message = printf "containers with incomplete status: [%s]" (join " " $lacks) }}
{{ end }}
{{ $status := ternary "True" "False" (empty $lacks) }}
{{ if and (eq $type "PodReadyToStartContainers") (has $waits (list "ContainerCreating" "PodInitializing")) }}
{{ $status = "False" }}
{{ end }}
{{ $since := $clock }}
{{ range $pod.status.conditions }}
{{ if and (eq .type $type) (eq .status $status) }}{{ $since = .lastTransitionTime }}{{ end }}
{{ end }}
- type: {{ $type }}
  status: {{ $status | Quote }}
  lastTransitionTime: {{ $since | Quote }}
  {{ if $lacks }}
  reason: {{ $reason }}
  message: {{ $message | Quote }}
  {{ else }}
  reason: null
  message: null
  {{ end }}
{{ end }}

{{ $blocked := false }}
{{ range $list := list "initContainers" "containers" }}
{{ $isInit := eq $list "initContainers" }}
{{ $statuses := ternary "initContainerStatuses" "containerStatuses" $isInit }}
{{ with index $pod.spec $list }}
{{ $statuses }}:
{{ range . }}
{{ $name := .name }}
{{ $fails := has $name $failing }}
{{ $old := dict }}
{{ range index $pod.status $statuses }}{{ if eq .name $name }}{{ $old = . }}{{ end }}{{ end }}
{{ $started := or (dig "state" "running" "startedAt" "" $old) $now }}
{{ $restarts := or $old.restartCount 0 | int }}
{{ $ended := and $fails $exit }}
{{ if $ended }}{{ $restarts = add1 $restarts }}{{ $started = $now }}{{ end }}
{{ $waiting := ternary $waits "" $fails }}
{{ if and $blocked (not $fails) }}{{ $waiting = "PodInitializing" }}{{ end }}
{{ $completes := and $isInit (not $fails) (not $waiting) (ne (or .restartPolicy "") "Always") }}
{{ $exists := or (not $waiting) (not (empty $ended)) }}
{{ $id := printf "containerd://%s" (sha256sum (printf "%s/%s/%d" $pod.metadata.uid $name $restarts)) }}
- name: {{ $name }}
  image: {{ .image | Quote }}
  imageID: {{ ternary (printf "%s@sha256:%s" .image (sha256sum .image)) "" $exists | Quote }}
  containerID: {{ ternary $id "" $exists | Quote }}
  ready: {{ and (not $waiting) (or (not $fails) (not (empty $restarted))) }}
  started: {{ and (not $waiting) (not $completes) }}
  restartCount: {{ $restarts }}
  state:
    {{ if $waiting }}
    waiting: {reason: {{ $waiting }}, message: {{ or (index $said $name) "" | Quote }}}
    {{ else if $completes }}
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ or $pod.status.startTime $now | Quote }}
      finishedAt: {{ or $pod.status.startTime $now | Quote }}
    {{ else }}
    running: {startedAt: {{ $started | Quote }}}
    {{ end }}
  {{ if $ended }}
  lastState:
    terminated:
      exitCode: {{ $exit.exitCode }}
      reason: {{ $exit.reason }}
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
      containerID: {{ $id }}
  {{ end }}
  {{ if and $isInit $fails (not $restarted) }}{{ $blocked = true }}{{ end }}
{{ end }}
{{ end }}
{{ end }}
