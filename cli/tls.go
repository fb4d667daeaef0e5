package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

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
}

// encrypt prepares TLS. Certificates of ACME are kept in a folder beside the
// database, so that a restart fetches none.
func (s *tlsSettings) encrypt(data string, logger *slog.Logger) (*encryption, error) {
	if s.Cert != "" {
		files := &certificateFiles{cert: s.Cert, key: s.Key, logger: logger}
		if err := files.load(); err != nil {
			return nil, fmt.Errorf("PICLOUD_TLS_CERT: %w", err)
		}
		return &encryption{config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get, NextProtos: []string{"http/1.1"}}}, nil
	}
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(s.Names...), Email: s.Email,
		Cache: autocert.DirCache(filepath.Join(data, "acme")), Client: &acme.Client{DirectoryURL: s.Directory},
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: manager.GetCertificate, NextProtos: []string{"http/1.1", acme.ALPNProto}}
	return &encryption{config: config, challenge: manager.HTTPHandler}, nil
}

// certificateFiles is a certificate that something else renews.
type certificateFiles struct {
	cert, key string
	logger    *slog.Logger

	mutex   sync.Mutex
	current *tls.Certificate
	changed time.Time // of the certificate's file, as it was read
}

// get returns the certificate, read anew when its file has changed. One that
// cannot be read, such as half of a new one, leaves the old in use.
func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if info, err := os.Stat(f.cert); err == nil && !info.ModTime().Equal(f.changed) {
		if err := f.read(); err != nil {
			f.logger.Warn("the new certificate cannot be used; the old one stays", "file", f.cert, "error", err)
			f.changed = info.ModTime() // until it changes again
		}
	}
	return f.current, nil
}

func (f *certificateFiles) load() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.read()
}

func (f *certificateFiles) read() error {
	info, err := os.Stat(f.cert)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.current, f.changed = &pair, info.ModTime()
	return nil
}
