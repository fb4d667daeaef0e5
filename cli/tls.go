package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"picloud/http"
	"picloud/http/routing"
)

// tlsSettings say where the certificate of the encrypted address comes from:
// from files, or from a certificate authority that speaks ACME (RFC 8555).
type tlsSettings struct {
	Addr, Cert, Key  string
	Names            []string
	Email, Directory string
}

// tlsTable is the part of the settings table about TLS.
func tlsTable(s *tlsSettings) []setting {
	return []setting{
		{"PICLOUD_TLS_ADDR", "tls-addr", "address and port to listen on with TLS, beside the plain one, when there is a certificate", ":443", address(&s.Addr)},
		{"PICLOUD_TLS_CERT", "tls-cert", "file of the certificate and its chain, in PEM; read again when it changes", "", text(&s.Cert)},
		{"PICLOUD_TLS_KEY", "tls-key", "file of the certificate's key, in PEM", "", text(&s.Key)},
		{"PICLOUD_TLS_ACME", "tls-acme", "public names, such as pi.example.com, for which a certificate is fetched and renewed (ACME); you accept the authority's terms with it", "", hostNames(&s.Names)},
		{"PICLOUD_TLS_ACME_EMAIL", "tls-acme-email", "where the authority may write to", "", line(&s.Email)},
		{"PICLOUD_TLS_ACME_DIRECTORY", "tls-acme-directory", "the authority", acme.LetsEncryptURL, directoryURL(&s.Directory)},
	}
}

func (s *tlsSettings) check() error {
	switch {
	case (s.Cert == "") != (s.Key == ""):
		return errors.New("PICLOUD_TLS_CERT and PICLOUD_TLS_KEY must be set together")
	case s.Cert != "" && len(s.Names) > 0:
		return errors.New("PICLOUD_TLS_CERT and PICLOUD_TLS_ACME exclude each other; set one")
	}
	return nil
}

// on reports whether there is to be an encrypted address.
func (s *tlsSettings) on() bool { return s.Cert != "" || len(s.Names) > 0 }

func hostNames(target *[]string) func(string) error {
	return func(value string) error {
		*target = nil
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if !routing.ValidHost(name) || !strings.Contains(name, ".") || strings.HasSuffix(name, ".local") {
				return errors.New("must be public names with commas between, such as pi.example.com")
			}
			*target = append(*target, name)
		}
		return nil
	}
}

func directoryURL(target *string) func(string) error {
	return func(value string) error {
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return errors.New("must be the URL of an ACME directory")
		}
		*target = value
		return nil
	}
}

// encryption is the certificate's source, ready to use. Challenge, nil without
// ACME, answers the authority's questions at the plain address.
type encryption struct {
	config    *tls.Config
	challenge func(nethttp.Handler) nethttp.Handler
	state     func() http.CertificateState
}

// encrypt prepares TLS. Certificates of ACME are kept in a folder beside the
// database, so that a restart fetches none.
func (s *tlsSettings) encrypt(data string, logger *slog.Logger) (*encryption, error) {
	if s.Cert != "" {
		files := s.files(logger)
		if err := files.load(); err != nil {
			return nil, fmt.Errorf("the certificate (PICLOUD_TLS_CERT, PICLOUD_TLS_KEY): %w", err)
		}
		return &encryption{config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get, NextProtos: []string{"http/1.1"}}, state: files.state}, nil
	}
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(s.Names...), Email: s.Email,
		Cache: autocert.DirCache(filepath.Join(data, "acme")), Client: &acme.Client{DirectoryURL: s.Directory},
	}
	fetched := newFetchedCertificates(s.Names, manager.GetCertificate, logger, time.Now)
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: fetched.get, NextProtos: []string{"http/1.1", acme.ALPNProto}}
	return &encryption{config: config, challenge: manager.HTTPHandler, state: fetched.state}, nil
}

func (s *tlsSettings) files(logger *slog.Logger) *certificateFiles {
	return &certificateFiles{cert: s.Cert, key: s.Key, logger: logger, now: time.Now}
}
