package cli

import (
	"crypto/tls"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"

	"picloud/http"
)

// certificateFiles is a certificate that something else renews.
type certificateFiles struct {
	cert, key string
	logger    *slog.Logger
	now       func() time.Time

	mutex   sync.Mutex
	current *tls.Certificate
	failure string       // why the files as they are cannot be used; "" when they are
	changed [2]time.Time // of the certificate and its key, as they were read
}

// get returns the certificate, read anew when one of its files has changed: who
// renews them writes one after the other. One that cannot be used, such as half
// of a new one, leaves the old in use.
func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if changed, err := f.times(); err == nil && changed != f.changed {
		if err := f.read(); err != nil {
			f.logger.Warn("the new certificate cannot be used; the old one stays", "file", f.cert, "error", err)
			f.failure, f.changed = "the new one cannot be used: "+err.Error(), changed // until they change again
		}
	}
	return f.current, nil
}

func (f *certificateFiles) load() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.read()
}

func (f *certificateFiles) times() (changed [2]time.Time, err error) {
	for i, path := range []string{f.cert, f.key} {
		info, err := os.Stat(path)
		if err != nil {
			return changed, err
		}
		changed[i] = info.ModTime()
	}
	return changed, nil
}

func (f *certificateFiles) read() error {
	changed, err := f.times()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.current, f.changed, f.failure = &pair, changed, ""
	if ends := pair.Leaf.NotAfter; f.now().After(ends) {
		f.logger.Warn("the certificate has expired, so browsers and devices refuse it; renew it", "file", f.cert, "expired", ends)
	}
	return nil
}

func (f *certificateFiles) state() http.CertificateState {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return http.CertificateState{Ends: f.current.Leaf.NotAfter, Failure: f.failure}
}

// sayAgain is how often the log says that no certificate could be fetched.
const sayAgain = 10 * time.Minute

// fetchedCertificates remembers how it went with those of an authority, which are
// fetched, and renewed, when a client asks for their name.
type fetchedCertificates struct {
	names  []string
	fetch  func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	logger *slog.Logger
	now    func() time.Time

	mutex    sync.Mutex
	ends     map[string]time.Time // by name
	failures map[string]string    // by name
	said     time.Time
}

func newFetchedCertificates(names []string, fetch func(*tls.ClientHelloInfo) (*tls.Certificate, error), logger *slog.Logger, now func() time.Time) *fetchedCertificates {
	return &fetchedCertificates{names: names, fetch: fetch, logger: logger, now: now, ends: make(map[string]time.Time), failures: make(map[string]string)}
}

func (f *fetchedCertificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	certificate, err := f.fetch(hello)
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	asked := slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) // by the authority, to see whose the name is
	if slices.Contains(f.names, name) && !asked {                          // anybody asks for all kinds of names
		f.note(name, certificate, err)
	}
	return certificate, err
}

func (f *fetchedCertificates) note(name string, certificate *tls.Certificate, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err == nil {
		delete(f.failures, name)
		if certificate.Leaf != nil {
			f.ends[name] = certificate.Leaf.NotAfter
		}
		return
	}
	f.failures[name] = "none could be fetched for " + name + ": " + err.Error()
	if now := f.now(); now.Sub(f.said) >= sayAgain || now.Before(f.said) {
		f.said = now
		f.logger.Warn("no certificate could be fetched; the name must lead to this machine from the internet, at port 443 or 80", "name", name, "error", err)
	}
}

func (f *fetchedCertificates) state() http.CertificateState {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	state := http.CertificateState{Failure: strings.Join(slices.Sorted(maps.Values(f.failures)), "; ")}
	for _, ends := range f.ends {
		if state.Ends.IsZero() || ends.Before(state.Ends) {
			state.Ends = ends
		}
	}
	return state
}
