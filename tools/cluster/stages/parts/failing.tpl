{{/* What the pod asks for: $mode, the options, and the names of the containers that fail. */}}
{{ $asked := merge (deepCopy (or .metadata.annotations dict)) (or .metadata.labels dict) }}
{{ $only := index $asked "everynode.kubernetes/simulate-container" }}
{{ $message := index $asked "everynode.kubernetes/simulate-message" }}
{{ $because := index $asked "everynode.kubernetes/simulate-reason" }}
{{ $code := index $asked "everynode.kubernetes/simulate-exit-code" }}
{{ $mode := "" }}
{{ $all := concat (or .spec.initContainers list) .spec.containers }}
{{ range $all }}
{{ $tag := regexFind ":simulate-[a-z-]+$" .image | trimPrefix ":simulate-" }}
{{ if not $mode }}{{ $mode = $tag }}{{ end }}
{{ end }}
{{ if not $mode }}{{ $mode = index $asked "everynode.kubernetes/simulate" }}{{ end }}
{{ $tagged := list }}
{{ range $all }}
{{ if hasSuffix (printf ":simulate-%s" $mode) .image }}{{ $tagged = append $tagged .name }}{{ end }}
{{ end }}
{{ $failing := $tagged }}
{{ if not $tagged }}
{{ range .spec.containers }}{{ $failing = append $failing .name }}{{ end }}
{{ if $only }}{{ $failing = list $only }}{{ end }}
{{ end }}
{{ $event := dict }}{{ $waits := "" }}{{ $said := dict }}{{ $exit := dict }}
{{ $clock := Now }}
