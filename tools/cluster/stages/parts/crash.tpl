{{/* A container has ended and is to be started again: later, or for `restarts` at once. */}}
{{ $killed := has $mode (list "out-of-memory" "never-alive") }}
{{ $how := ternary "OOMKilled" "Error" (eq $mode "out-of-memory") }}
{{ $exit = dict "reason" $how "exitCode" (int (or $code (ternary 137 1 $killed))) }}
{{ $waits = ternary "" "CrashLoopBackOff" (eq $mode "restarts") }}
{{ $who := printf "%s_%s(%s)" .metadata.name .metadata.namespace .metadata.uid }}
{{ range $failing }}
{{ $said = merge (dict . (printf "back-off 10s restarting failed container=%s pod=%s" . $who)) $said }}
{{ end }}
{{ $reported := printf "Back-off restarting failed container %s in pod %s" (first $failing) $who }}
{{ $event = dict "container" (first $failing) "reason" "BackOff" "message" $reported }}
{{ if eq $mode "never-alive" }}
{{ $reported = or $message "Liveness probe failed: HTTP probe failed with statuscode: 500" }}
{{ $event = dict "container" (first $failing) "reason" "Unhealthy" "message" $reported }}
{{ end }}
