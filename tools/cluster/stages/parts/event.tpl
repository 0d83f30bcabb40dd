{{/* $event, as the node's kubelet reports it. One that is the same again only gets a later time. */}}
{{ $digest := sha256sum (print $event.reason $event.container $event.message) | trunc 12 }}
apiVersion: v1
kind: Event
metadata:
  name: {{ printf "%s.%s" .metadata.name $digest | Quote }}
  namespace: {{ .metadata.namespace | Quote }}
type: Warning
reason: {{ $event.reason }}
message: {{ $event.message | Quote }}
source: {component: kubelet, host: {{ .spec.nodeName | Quote }}}
involvedObject:
  apiVersion: v1
  kind: Pod
  name: {{ .metadata.name | Quote }}
  namespace: {{ .metadata.namespace | Quote }}
  uid: {{ .metadata.uid | Quote }}
  {{ with $event.container }}
  {{ $list := "containers" }}
  {{ range $.spec.initContainers }}
  {{ if eq .name $event.container }}{{ $list = "initContainers" }}{{ end }}
  {{ end }}
  fieldPath: {{ printf "spec.%s{%s}" $list . | Quote }}
  {{ end }}
count: 1
firstTimestamp: {{ .metadata.creationTimestamp | Quote }}
lastTimestamp: {{ Now | Quote }}
