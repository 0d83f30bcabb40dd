((.metadata.labels // {}) + (.metadata.annotations // {}))["everynode.kubernetes/simulate-seconds"]
