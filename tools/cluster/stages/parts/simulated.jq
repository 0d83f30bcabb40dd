. as $pod
| (.metadata.labels // {}) + (.metadata.annotations // {})
| (.["everynode.kubernetes/simulate-on"] // $pod.spec.nodeName // "" | split(",")) as $nodes
| if $nodes | index($pod.spec.nodeName)
  then ([$pod.spec | (.initContainers[]?, .containers[]).image
         | capture(":simulate-(?<mode>[a-z-]+)$").mode] | first)
    // .["everynode.kubernetes/simulate"]
    // ""
  else "" end
