// Copyright (c) 2026 everynode contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command certificates makes the keys and certificates of a test cluster. It reads a JSON list of
// requests from standard input and writes the PEM files that they name, in their order:
//
//	{"certificate": FILE, "key": FILE, "authority": true, "name": CN}
//	{"certificate": FILE, "key": FILE, "signer": FILE, "signerKey": FILE, "name": CN,
//	 "groups": [O, ...], "hosts": [DNS name or IP address, ...]}
//	{"key": FILE, "publicKey": FILE}
//
// A request with hosts is for a server, one without is for a client; the last form is a bare key
// pair. What is written satisfies the strict checks of RFC 5280 that newer TLS clients make.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// Clocks of virtual machines jump: a certificate is valid a while before it was made.
const backdate = time.Hour

const lifetime = 10 * 365 * 24 * time.Hour

type request struct {
	Certificate string   `json:"certificate"`
	Key         string   `json:"key"`
	PublicKey   string   `json:"publicKey"`
	Authority   bool     `json:"authority"`
	Signer      string   `json:"signer"`
	SignerKey   string   `json:"signerKey"`
	Name        string   `json:"name"`
	Groups      []string `json:"groups"`
	Hosts       []string `json:"hosts"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func run() error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var requests []request
	if err := decoder.Decode(&requests); err != nil {
		return fmt.Errorf("reading the requests: %w", err)
	}
	for _, r := range requests {
		if err := r.fulfil(); err != nil {
			return fmt.Errorf("%s: %w", r.Key, err)
		}
	}
	return nil
}

func (r request) fulfil() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(r.Key, "PRIVATE KEY", der, 0o600); err != nil {
		return err
	}
	if r.PublicKey != "" {
		public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return err
		}
		return writePEM(r.PublicKey, "PUBLIC KEY", public, 0o644)
	}

	template, err := r.template()
	if err != nil {
		return err
	}
	signer, signerKey := template, key
	if !r.Authority {
		if signer, signerKey, err = readSigner(r.Signer, r.SignerKey); err != nil {
			return err
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		return err
	}
	return writePEM(r.Certificate, "CERTIFICATE", signed, 0o644)
}

func (r request) template() (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: r.Name, Organization: r.Groups},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(lifetime),
		BasicConstraintsValid: true,
		IsCA:                  r.Authority,
	}
	if r.Authority {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
		return template, nil
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, host := range r.Hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(r.Hosts) > 0 {
		// etcd calls itself with its server certificate, so that one is a client's as well.
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	return template, nil
}

func readSigner(certificateFile, keyFile string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	der, err := readPEM(certificateFile)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	if der, err = readPEM(keyFile); err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("the signer's key is not an ECDSA key")
	}
	return certificate, key, nil
}

func readPEM(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s is not a PEM file", file)
	}
	return block.Bytes, nil
}

func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
