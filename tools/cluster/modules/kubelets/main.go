// Copyright (c) 2026 everynode contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command kubelets is the port of every simulated node's kubelet: it serves the API server's
// requests for logs and for commands in pods, see the section about them in ../../README.md.
//
// It serves nobody but the API server, who proves itself by a certificate: whoever may run
// commands here may run them on this machine.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// The only client: the name in the API server's client certificate.
const clientName = "kube-apiserver-kubelet-client"

// Where the commands are looked for.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func main() {
	address := flag.String("address", "", "where to listen")
	pki := flag.String("pki", "", "the folder of the cluster's certificates")
	server := flag.String("server", "", "the URL of the API server")
	flag.Parse()
	if err := run(*address, *pki, *server); err != nil {
		fmt.Fprintln(os.Stderr, "kubelets:", err)
		os.Exit(1)
	}
}

func run(address, pki, server string) error {
	if err := os.Setenv("PATH", searchPath); err != nil {
		return err
	}
	authorities, err := readAuthorities(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return err
	}
	objects, err := newObjects(server, pki, authorities)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", objects.serveLogs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", objects.serveExec)
	listener := &http.Server{
		Addr:              address,
		Handler:           mux,
		ReadHeaderTimeout: 60 * time.Second,
		IdleTimeout:       10 * time.Second,
		// A command's streams need a connection of their own.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig: &tls.Config{
			MinVersion:       tls.VersionTLS12,
			ClientAuth:       tls.RequireAndVerifyClientCert,
			ClientCAs:        authorities,
			VerifyConnection: isApiServer,
		},
	}
	log.Printf("listening on %s", address)
	return listener.ListenAndServeTLS(
		filepath.Join(pki, "server.crt"), filepath.Join(pki, "server.key"))
}

// isApiServer refuses the cluster's other users, whose certificates are of the same authority.
func isApiServer(state tls.ConnectionState) error {
	if state.PeerCertificates[0].Subject.CommonName != clientName {
		return errors.New("only the API server is served")
	}
	return nil
}

func readAuthorities(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}
