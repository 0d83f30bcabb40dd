# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of parameters that the API has no type for, in the notation of api_schema.py."""

from __future__ import annotations

TABLE = """\
Gpu
  resource! string
  count! int64
  cores int64
  memoryMb int64

ImagePolicy
  requireDigest boolean
  forbidLatest boolean
  allowedRegistries [string]

AgentAccount
  name string
  labels {string}
  annotations {string}
  imagePullSecrets [LocalObjectReference]
  automountToken boolean
  rules [PolicyRule]
  clusterRules [PolicyRule]

AgentPriority
  name string
  labels {string}
  annotations {string}
  value! int32
  globalDefault boolean
  preemptionPolicy string(Never|PreemptLowerPriority)
  description string

AgentConfigMap
  name! string
  labels {string}
  annotations {string}
  data {string}
  binaryData {string}
  versioned boolean

AgentSecret
  name! string
  labels {string}
  annotations {string}
  type string
  data {string}
  binaryData {string}
  versioned boolean

AgentClaim
  name! string
  labels {string}
  annotations {string}
  storageClass string
  capacity! quantity
  accessModes! [string(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod)]
  volumeMode string(Block|Filesystem)
  volumeName string
  snapshot string
  clone string

AgentService
  name string
  labels {string}
  annotations {string}
  type string(ClusterIP|LoadBalancer|NodePort)
  headless boolean
  selector {string}
  ports [ServicePort]
  sessionAffinity string(ClientIP|None)
  sessionAffinityTimeoutSeconds int32
  externalTrafficPolicy string(Cluster|Local)
  internalTrafficPolicy string(Cluster|Local)
  trafficDistribution string
  clusterIP string
  externalIPs [string]
  ipFamilies [string(IPv4|IPv6)]
  ipFamilyPolicy string(PreferDualStack|RequireDualStack|SingleStack)
  loadBalancerIP string
  loadBalancerClass string
  loadBalancerSourceRanges [string]
  allocateLoadBalancerNodePorts boolean
  healthCheckNodePort int32
  publishNotReadyAddresses boolean

Rollout
  stages [int-or-string]
  untilStage int32
  canaryNodeSelector {string}
  orderBy RolloutOrder
  soakSeconds int32
  maxPodRestarts int32
  maxFailures int-or-string
  maxUnavailable int-or-string
  verify RolloutCommand
  onFailure string(fail|pause|rollback)
  rebuild boolean

RolloutOrder
  label! string
  values [string]
  stages {[int-or-string]}

RolloutCommand
  command! [string]
  container string
  timeoutSeconds int32
"""
