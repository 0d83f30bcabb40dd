{{/* The kubelet ends the pod for what its node is short of. */}}
{{ $low := "The node was low on resource: memory. Threshold quantity: 100Mi, available: 48Mi. " }}
{{ $who := printf "Container %s was using 210Mi, request is 0, has larger consumption of memory. " (first $failing) }}
{{ $event = dict "reason" (or $because "Evicted") "message" (or $message (print $low $who)) }}
