# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the connection; specified as CONNECTION_SPEC in module_utils/_cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for finding the API server and logging in to it."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The path of a kubeconfig, or several separated as in E(PATH), of which the first to name
        something wins.
      - A mapping, or the text of a kubeconfig, is taken as O(kubeconfig_content).
      - Without it the file is that of E(K8S_AUTH_KUBECONFIG), else of E(KUBECONFIG), else
        C(~/.kube/config).
    type: path
  kubeconfig_content:
    description:
      - The text of a kubeconfig, from a vault for example. Nothing of it is written to a disk.
    type: str
  context:
    description:
      - The context of the kubeconfig; without it the current one.
      - E(K8S_AUTH_CONTEXT) stands in for it.
    type: str
  host:
    description:
      - The URL of the API server. Together with a kubeconfig it takes the place of the server in
        that.
      - With O(api_key), O(client_cert) or O(password), no kubeconfig is needed.
      - E(K8S_AUTH_HOST) stands in for it. Where the task itself names a kubeconfig, a context or
        O(in_cluster), this variable is left aside, and so are those for credentials and the CA.
    type: str
  api_key:
    description:
      - A bearer token. It is never sent over plain HTTP.
      - E(K8S_AUTH_API_KEY) stands in for it.
    type: str
  username:
    description:
      - A user name for a server or proxy that asks for basic authentication. Kubernetes itself has
        none since 1.19.
      - E(K8S_AUTH_USERNAME) stands in for it.
    type: str
  password:
    description:
      - The password for O(username).
      - E(K8S_AUTH_PASSWORD) stands in for it.
    type: str
  client_cert:
    description:
      - The path of a client certificate, in PEM.
      - E(K8S_AUTH_CERT_FILE) stands in for it.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - The path of the private key of O(client_cert), in PEM and without a passphrase. It may also
        stand in the file of the certificate.
      - E(K8S_AUTH_KEY_FILE) stands in for it.
    type: path
    aliases: [key_file]
  ca_cert:
    description:
      - The path of the certificate of the authority that signed the server's, in PEM. Then no other
        authority is trusted. Without one, here and in the kubeconfig, those of the system are.
      - E(K8S_AUTH_SSL_CA_CERT) stands in for it.
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description:
      - Whether the server has to prove by its certificate that it is the right one. Without this
        option the kubeconfig decides, and without that too it has to.
      - V(false) gives a warning.
      - E(K8S_AUTH_VERIFY_SSL) stands in for it.
    type: bool
    aliases: [verify_ssl]
  tls_server_name:
    description:
      - The name that has to stand in the server's certificate, where that is not the one in
        O(host).
      - E(K8S_AUTH_TLS_SERVER_NAME) stands in for it.
    type: str
  proxy:
    description:
      - The URL of a proxy, with user name and password in it where it asks for them. An empty
        string means none.
      - Without it, E(K8S_AUTH_PROXY) counts, then C(proxy-url) of the kubeconfig, then
        E(HTTPS_PROXY) with E(NO_PROXY).
    type: str
  no_proxy:
    description:
      - Servers that are asked without a proxy, separated by commas. Each is a name (which holds for
        its subdomains too), an address, a network such as V(10.0.0.0/8), or V(*) for all.
      - E(K8S_AUTH_NO_PROXY) stands in for it.
    type: str
  impersonate_user:
    description:
      - The user to act as, which the login needs the right for. It takes the place of what a
        kubeconfig's user acts as (C(as)).
      - E(K8S_AUTH_IMPERSONATE_USER) stands in for it.
    type: str
  impersonate_groups:
    description:
      - The groups to act as, beside O(impersonate_user).
      - E(K8S_AUTH_IMPERSONATE_GROUPS) stands in for it, with commas between the groups.
    type: list
    elements: str
  in_cluster:
    description:
      - Whether to use the service account of the pod that the task runs in. This never happens
        unasked.
    type: bool
    default: false
  expected_cluster:
    description:
      - The uid of the namespace C(kube-system) of the cluster that is meant. On any other the task
        fails before it has asked for anything else. This costs one request a play.
      - E(K8S_AUTH_EXPECTED_CLUSTER) stands in for it.
    type: str
  request_timeout:
    description:
      - How long the answer to one request may take, in seconds. A connection has to stand after 10
        seconds.
    type: int
    default: 60
requirements:
  - kubernetes >= 31.0.0 (the Python library)
notes:
  - The order for each value is the option, its variable, the kubeconfig.
  - The credential plugin of a kubeconfig (C(exec)) is run once for a cluster and playbook until its
    token expires, where tasks run in-process.
  - The variables are those of M(kubernetes.core.k8s), so that the Kubernetes credential of AWX
    works.
"""
