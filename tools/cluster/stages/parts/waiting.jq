.status | (.initContainerStatuses, .containerStatuses)[]? | .state.waiting.reason
