{{/* A container runs and is not ready. */}}
{{ $reported := or $message "Readiness probe failed: HTTP probe failed with statuscode: 503" }}
{{ $event = dict "container" (first $failing) "reason" "Unhealthy" "message" $reported }}
