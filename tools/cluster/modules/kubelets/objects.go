// Copyright (c) 2026 everynode contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

const ownPrefix = "everynode.kubernetes/"

// pod is what is needed of a pod.
type pod struct {
	Metadata struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		UID         string            `json:"uid"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string      `json:"nodeName"`
		Containers     []container `json:"containers"`
		InitContainers []container `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		PodIP                 string            `json:"podIP"`
		ContainerStatuses     []containerStatus `json:"containerStatuses"`
		InitContainerStatuses []containerStatus `json:"initContainerStatuses"`
	} `json:"status"`
}

type container struct {
	Name string `json:"name"`
	Env  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
}

type containerStatus struct {
	Name         string         `json:"name"`
	RestartCount int            `json:"restartCount"`
	State        containerState `json:"state"`
	LastState    containerState `json:"lastState"`
}

type containerState struct {
	Waiting *struct {
		Reason string `json:"reason"`
	} `json:"waiting"`
	Running    *period `json:"running"`
	Terminated *period `json:"terminated"`
}

type period struct {
	StartedAt time.Time `json:"startedAt"`
}

func (p *pod) container(name string) *container {
	for _, group := range [][]container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range group {
			if group[i].Name == name {
				return &group[i]
			}
		}
	}
	return nil
}

func (p *pod) status(name string) containerStatus {
	for _, group := range [][]containerStatus{
		p.Status.ContainerStatuses, p.Status.InitContainerStatuses,
	} {
		for _, status := range group {
			if status.Name == name {
				return status
			}
		}
	}
	return containerStatus{Name: name}
}

// annotation is the value for one container: that of KEY.CONTAINER, else that of KEY.
func (p *pod) annotation(key, container string) (string, bool) {
	if value, found := p.Metadata.Annotations[ownPrefix+key+"."+container]; found {
		return value, true
	}
	value, found := p.Metadata.Annotations[ownPrefix+key]
	return value, found
}

// objects reads from the API server.
type objects struct {
	server string
	client *http.Client
}

func newObjects(server, pki string, authorities *x509.CertPool) (*objects, error) {
	own, err := tls.LoadX509KeyPair(
		filepath.Join(pki, "kubelets.crt"), filepath.Join(pki, "kubelets.key"))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{own}},
	}
	client := &http.Client{Transport: transport, Timeout: 60 * time.Second}
	return &objects{strings.TrimSuffix(server, "/"), client}, nil
}

func (o *objects) get(path string, into any) (bool, error) {
	answer, err := o.client.Get(o.server + path)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return true, json.NewDecoder(answer.Body).Decode(into)
}

func (o *objects) pod(namespace, name string) (*pod, error) {
	found := &pod{}
	there, err := o.get("/api/v1/namespaces/"+namespace+"/pods/"+name, found)
	if err != nil || !there {
		return nil, err
	}
	return found, nil
}

// works tells whether somebody plays the node's kubelet.
func (o *objects) works(name string) bool {
	node := struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}{}
	there, err := o.get("/api/v1/nodes/"+name, &node)
	return err == nil && there && node.Metadata.Labels[ownPrefix+"kubelet"] == "running"
}

// asked is the pod and the container's name in a request; nil after an answer that says why not.
func (o *objects) asked(answer http.ResponseWriter, request *http.Request) (*pod, string) {
	name := request.PathValue("pod")
	found, err := o.pod(request.PathValue("namespace"), name)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return nil, ""
	}
	if found == nil {
		http.Error(answer, fmt.Sprintf("pod %q does not exist", name), http.StatusNotFound)
		return nil, ""
	}
	if !o.works(found.Spec.NodeName) {
		// Nobody answers for a kubelet that is stopped.
		panic(http.ErrAbortHandler)
	}
	return found, request.PathValue("container")
}
