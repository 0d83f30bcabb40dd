{{/* An image cannot be had, in the words of the kubelet and of containerd. Wants $pulling. */}}
{{ $waits = ternary "InvalidImageName" $pulling (eq $mode "image-name") }}
{{ range $all }}
{{ if has .name $failing }}
{{ $name := regexReplaceAll ":[^:/]*$" .image "" }}
{{ $version := .image | trimPrefix $name | trimPrefix ":" }}
{{ $host := splitList "/" $name | first }}
{{ $resolving := printf "failed to pull and unpack image %q: failed to resolve reference %q" .image .image }}
{{ $words := printf "rpc error: code = NotFound desc = %s: %s: not found" $resolving .image }}
{{ if eq $mode "image-unauthorized" }}
{{ $url := printf "https://%s/v2/%s/manifests/%s" $host (trimPrefix (print $host "/") $name) $version }}
{{ $words = printf "rpc error: code = Unknown desc = %s: unexpected status from HEAD request to %s: 401 Unauthorized" $resolving $url }}
{{ else if eq $mode "image-unknown" }}
{{ $words = printf "rpc error: code = NotFound desc = reading manifest %s in %s: manifest unknown" $version $name }}
{{ else if eq $mode "image-name" }}
{{ $words = printf "couldn't parse image name %q: invalid reference format" .image }}
{{ end }}
{{ $words = or $message $words }}
{{ $reported := printf "Failed to pull image %q: %s" .image $words }}
{{ if eq $waits "InvalidImageName" }}
{{ $words = printf "Failed to apply default image tag %q: %s" .image $words }}
{{ $reported = $words }}
{{ else if eq $waits "ImagePullBackOff" }}
{{ $words = printf "Back-off pulling image %q: ErrImagePull: %s" .image $words }}
{{ $reported = "Error: ImagePullBackOff" }}
{{ end }}
{{ $said = merge (dict .name $words) $said }}
{{ $reason := ternary "InspectFailed" "Failed" (eq $waits "InvalidImageName") }}
{{ if not $event }}{{ $event = dict "container" .name "reason" $reason "message" $reported }}{{ end }}
{{ end }}
{{ end }}
