{{/* A volume cannot be mounted: the first that can be at fault. No container is created before. */}}
{{ $failing = list }}{{ range $all }}{{ $failing = append $failing .name }}{{ end }}
{{ $waits = ternary "PodInitializing" "ContainerCreating" (not (empty .spec.initContainers)) }}
{{ $kinds := dict "File" "a file" "Socket" "a socket file" "CharDevice" "a character device" "BlockDevice" "a block device" }}
{{ $volume := "data" }}{{ $cause := "" }}
{{ range .spec.volumes }}
{{ if $cause }}
{{ else if and (eq $mode "host-path") (hasKey . "hostPath") }}
{{ $volume = .name }}
{{ $kind := dig "hostPath" "type" "Directory" . }}
{{ $wanted := or (index $kinds $kind) "a directory" }}
{{ $cause = printf "hostPath type check failed: %s is not %s" .hostPath.path $wanted }}
{{ else if and (eq $mode "mount-fails") (hasKey . "configMap") }}
{{ $volume = .name }}
{{ $cause = printf "configmap %q not found" .configMap.name }}
{{ else if and (eq $mode "mount-fails") (hasKey . "secret") }}
{{ $volume = .name }}
{{ $cause = printf "secret %q not found" .secret.secretName }}
{{ end }}
{{ end }}
{{ $else := ternary "hostPath type check failed: /data is not a directory" "configmap \"settings\" not found" (eq $mode "host-path") }}
{{ $words := printf "MountVolume.SetUp failed for volume %q : %s" $volume (or $message $cause $else) }}
{{ if $because }}{{ $words = $message }}{{ end }}
{{ $event = dict "reason" (or $because "FailedMount") "message" $words }}
