package main_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority signs certificates, as a browser's user has chosen to trust.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert, err = x509.ParseCertificate(a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, &key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, key crypto.PublicKey) []byte {
	a.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = serial, pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

// issue writes a certificate for a name and its key.
func (a *authority) issue(name, certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{keyFile: {Type: "EC PRIVATE KEY", Bytes: private},
		certFile: {Type: "CERTIFICATE", Bytes: a.sign(&x509.Certificate{DNSNames: []string{name}}, a.cert, &key.PublicKey)}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

// get calls a server with TLS under a name, and returns the answer's body and
// the serial number of the certificate.
func (a *authority) get(address, name, path string) (body, serial string, err error) {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}, DisableKeepAlives: true}, Timeout: 30 * time.Second}
	response, err := client.Get("https://" + address + path)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return string(content), response.TLS.PeerCertificates[0].SerialNumber.String(), err
}

// encryptedAddress is where a server says that it speaks TLS.
func encryptedAddress(t *testing.T, s *server) string {
	t.Helper()
	found := regexp.MustCompile(`with TLS at (\S+)`).FindStringSubmatch(s.greeting.String())
	if found == nil {
		t.Fatalf("the greeting names no address for TLS:\n%s", s.greeting)
	}
	return found[1]
}

// TestOwnCertificate serves a certificate from files beside the plain address,
// takes a renewed one without a restart, and keeps it when a bad one follows.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	a, dir := newAuthority(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.issue("pi.example.com", certFile, keyFile)
	s := startServer(t, "", "PICLOUD_TLS_ADDR=127.0.0.1:0", "PICLOUD_TLS_CERT="+certFile, "PICLOUD_TLS_KEY="+keyFile)
	s.claim()
	s.newRoute(s.newScript("scheme", `return ctx.request.scheme`, nil), "GET", "/scheme")
	address := encryptedAddress(t, s)
	body, first, err := a.get(address, "pi.example.com", "/scheme")
	if err != nil || body != "https" {
		t.Errorf("with TLS: %q, %v", body, err)
	}
	expect(t, s.call("GET", "/scheme", nil, nil), 200, "http")
	if _, _, err := a.get(address, "other.example.com", "/scheme"); err == nil {
		t.Error("the certificate holds for another name")
	}
	a.issue("pi.example.com", certFile, keyFile)
	later := time.Now().Add(time.Minute) // a file system may count in seconds
	if err := os.Chtimes(certFile, later, later); err != nil {
		t.Fatal(err)
	}
	_, second, err := a.get(address, "pi.example.com", "/scheme")
	if err != nil || second == first {
		t.Errorf("the renewed certificate is not served: %v", err)
	}
	if err := os.WriteFile(certFile, []byte("half of a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, third, err := a.get(address, "pi.example.com", "/scheme"); err != nil || third != second {
		t.Errorf("a bad file replaced the certificate: %v", err)
	}
}

// TestACME fetches a certificate from an authority that asks at the plain
// address, and has it from its own folder after a restart.
func TestACME(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	directory := &acmeDirectory{authority: a}
	server := httptest.NewServer(directory)
	t.Cleanup(server.Close)
	directory.url = server.URL
	environment := []string{"PICLOUD_TLS_ADDR=127.0.0.1:0", "PICLOUD_TLS_ACME=pi.example.com", "PICLOUD_TLS_ACME_DIRECTORY=" + server.URL + "/directory"}
	s := startServer(t, "", environment...)
	directory.asks = s.url
	body, first, err := a.get(encryptedAddress(t, s), "pi.example.com", "/healthz")
	if err != nil || body != "ok" {
		t.Fatalf("with TLS: %q, %v; the authority saw %v", body, err, directory.seen)
	}
	if _, _, err := a.get(encryptedAddress(t, s), "evil.example.com", "/healthz"); err == nil {
		t.Error("a certificate was fetched for a name that nobody set")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	server.Close()
	again := startServer(t, s.dir, environment...)
	if _, second, err := a.get(encryptedAddress(t, again), "pi.example.com", "/healthz"); err != nil || second != first {
		t.Errorf("after a restart: %v", err)
	}
}

// acmeDirectory is the authority's side of RFC 8555, for one order. It believes
// signatures and checks the rest.
type acmeDirectory struct {
	*authority
	url, asks string // where it is, and where it asks

	mutex     sync.Mutex
	seen      []string
	validated bool
	chain     []byte
}

func (d *acmeDirectory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.seen = append(d.seen, r.URL.Path)
	w.Header().Set("Replay-Nonce", fmt.Sprint(len(d.seen)))
	var signed struct{ Payload string }
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&signed); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
	switch r.URL.Path {
	case "/directory":
		d.answer(w, 200, map[string]string{"newNonce": d.url + "/nonce", "newAccount": d.url + "/account", "newOrder": d.url + "/order"})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", d.url+"/account/1")
		d.answer(w, 201, map[string]string{"status": "valid"})
	case "/order", "/order/1":
		w.Header().Set("Location", d.url+"/order/1")
		d.answer(w, map[bool]int{true: 201, false: 200}[r.URL.Path == "/order"], d.order())
	case "/authorization":
		d.answer(w, 200, d.authorization())
	case "/challenge":
		d.ask()
		d.answer(w, 200, map[string]string{"type": "http-01", "url": d.url + "/challenge", "token": "the-token", "status": "processing"})
	case "/finalize":
		d.finalize(payload)
		w.Header().Set("Location", d.url+"/order/1")
		d.answer(w, 200, d.order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Write(d.chain)
	default:
		http.NotFound(w, r)
	}
}

func (d *acmeDirectory) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		d.t.Error(err)
	}
}

func (d *acmeDirectory) order() map[string]any {
	status := "pending"
	switch {
	case d.chain != nil:
		status = "valid"
	case d.validated:
		status = "ready"
	}
	return map[string]any{"status": status, "authorizations": []string{d.url + "/authorization"}, "finalize": d.url + "/finalize",
		"certificate": d.url + "/certificate", "identifiers": []map[string]string{{"type": "dns", "value": "pi.example.com"}}}
}

func (d *acmeDirectory) authorization() map[string]any {
	status := map[bool]string{true: "valid", false: "pending"}[d.validated]
	return map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": "pi.example.com"},
		"challenges": []map[string]string{{"type": "http-01", "url": d.url + "/challenge", "token": "the-token", "status": status}}}
}

// ask looks whether who wants the certificate holds the name.
func (d *acmeDirectory) ask() {
	request, err := http.NewRequest("GET", d.asks+"/.well-known/acme-challenge/the-token", nil)
	if err != nil {
		d.t.Error(err)
		return
	}
	request.Host = "pi.example.com"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Error(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	d.validated = err == nil && response.StatusCode == 200 && strings.HasPrefix(string(body), "the-token.")
}

func (d *acmeDirectory) finalize(payload []byte) {
	var sent struct{ CSR string }
	if err := json.Unmarshal(payload, &sent); err != nil {
		d.t.Error(err)
	}
	der, _ := base64.RawURLEncoding.DecodeString(sent.CSR)
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		d.t.Error(err)
		return
	}
	cert := d.sign(&x509.Certificate{DNSNames: request.DNSNames}, d.cert, request.PublicKey)
	d.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
}
