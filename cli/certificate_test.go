package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned returns a certificate and its key, in PEM.
func selfSigned(t *testing.T, ends time.Time) (cert, key []byte) {
	t.Helper()
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"pi.example.com"}, NotBefore: ends.AddDate(-1, 0, 0), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &made.PublicKey, made)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(made)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})
}

// Who renews a certificate writes its two files one after the other, in either
// order, and a client may come in between: it gets the old one, the next the new.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"cert.pem", "key.pem"} {
		dir := t.TempDir()
		written := time.Now()
		write := func(name string, content []byte) {
			t.Helper()
			path := filepath.Join(dir, name)
			written = written.Add(time.Minute) // a file system may count in seconds
			if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, written, written)); err != nil {
				t.Fatal(err)
			}
		}
		ends := map[bool]time.Time{false: time.Now().Add(48 * time.Hour).Truncate(time.Second), true: time.Now().Add(96 * time.Hour).Truncate(time.Second)}
		cert, key := selfSigned(t, ends[false])
		write("cert.pem", cert)
		write("key.pem", key)
		var log bytes.Buffer
		settings := tlsSettings{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
		files := settings.files(slog.New(slog.NewTextHandler(&log, nil)))
		if err := files.load(); err != nil {
			t.Fatal(err)
		}
		serves := func(renewed bool) {
			t.Helper()
			served, err := files.get(nil)
			if err != nil || !served.Leaf.NotAfter.Equal(ends[renewed]) {
				t.Errorf("%s first: serves the new one: %v, want %v; %v", first, !renewed, renewed, err)
			}
			if state := files.state(); (state.Failure == "") != renewed && renewed || !state.Ends.Equal(ends[renewed]) {
				t.Errorf("%s first: the state is %+v", first, state)
			}
		}
		serves(false)
		cert, key = selfSigned(t, ends[true])
		second := map[string]string{"cert.pem": "key.pem", "key.pem": "cert.pem"}[first]
		contents := map[string][]byte{"cert.pem": cert, "key.pem": key}
		write(first, contents[first])
		serves(false)
		if files.state().Failure == "" || strings.Count(log.String(), "cannot be used") != 1 {
			t.Errorf("%s first: half of a renewal is not said: %+v, %s", first, files.state(), &log)
		}
		write(second, contents[second])
		serves(true)
	}
}

// An expired certificate is served, for a clock may be wrong, and said.
func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := tlsSettings{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	cert, key := selfSigned(t, time.Now().Add(-time.Hour))
	if err := errors.Join(os.WriteFile(settings.Cert, cert, 0o600), os.WriteFile(settings.Key, key, 0o600)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	files := settings.files(slog.New(slog.NewTextHandler(&log, nil)))
	if err := files.load(); err != nil || !strings.Contains(log.String(), "has expired") {
		t.Errorf("%v; the log says %s", err, &log)
	}
	if got := examineCertificate(&settings, time.Now()); got.verdict != isFailed || !strings.Contains(got.text, "expired") {
		t.Errorf("the doctor says %+v", got)
	}
	if got := examineCertificate(&settings, time.Now().Add(-4*24*time.Hour)); got.verdict != isDoubt {
		t.Errorf("of one that ends in four days the doctor says %+v", got)
	}
	if got := examineCertificate(&settings, time.Now().AddDate(0, -3, 0)); got.verdict != isWell {
		t.Errorf("of a good one the doctor says %+v", got)
	}
}

// Of a certificate that cannot be fetched the log speaks now and then, the state
// always; what strangers ask for is no news.
func TestUnfetchedCertificate(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now, failure := time.Now(), errors.New("the authority does not answer")
	fetch := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Leaf: &x509.Certificate{NotAfter: now.Add(time.Hour)}}, failure
	}
	f := newFetchedCertificates([]string{"pi.example.com", "two.example.com"}, fetch, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	for _, name := range []string{"evil.example.com", "pi.example.com", "PI.example.com."} {
		if _, err := f.get(&tls.ClientHelloInfo{ServerName: name}); !errors.Is(err, failure) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if said := strings.Count(log.String(), "does not answer"); said != 1 || !strings.Contains(f.state().Failure, "does not answer") {
		t.Errorf("said %d times: %s; the state is %+v", said, &log, f.state())
	}
	now, failure = now.Add(sayAgain), nil
	if _, err := f.get(&tls.ClientHelloInfo{ServerName: "two.example.com"}); err != nil || f.state().Failure == "" {
		t.Errorf("the good one of another name hides the failure: %v", err)
	}
	if _, err := f.get(&tls.ClientHelloInfo{ServerName: "pi.example.com"}); err != nil {
		t.Error(err)
	}
	if state := f.state(); state.Failure != "" || !state.Ends.Equal(now.Add(time.Hour)) {
		t.Errorf("after a good one the state is %+v", state)
	}
}
