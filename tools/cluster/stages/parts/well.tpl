{{/* For status.tpl: nothing fails. */}}
{{ $failing := list }}{{ $waits := "" }}{{ $said := dict }}{{ $exit := dict }}{{ $clock := Now }}
