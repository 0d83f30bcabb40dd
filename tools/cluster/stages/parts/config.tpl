{{/* A container's environment wants a ConfigMap that is not there. */}}
{{ $waits = or $because "CreateContainerConfigError" }}
{{ range $all }}
{{ if has .name $failing }}
{{ $missing := "settings" }}
{{ range .envFrom }}{{ $missing = dig "configMapRef" "name" $missing . }}{{ end }}
{{ range .env }}{{ $missing = dig "valueFrom" "configMapKeyRef" "name" $missing . }}{{ end }}
{{ $words := or $message (printf "configmap %q not found" $missing) }}
{{ $said = merge (dict .name $words) $said }}
{{ if not $event }}
{{ $event = dict "container" .name "reason" "Failed" "message" (printf "Error: %s" $words) }}
{{ end }}
{{ end }}
{{ end }}
