package egress_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"picloud/runtime/egress"
)

func TestRedirects(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	var seen []string
	note := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mutex.Lock()
		defer mutex.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s auth=%s cookie=%s key=%s plain=%s type=%s body=%s", r.Method, r.URL, r.Header.Get("Authorization"),
			r.Header.Get("Cookie"), r.Header.Get("X-Api-Key"), r.Header.Get("X-Plain"), r.Header.Get("Content-Type"), body))
	}
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { note(r); ok(w, r) })
	first := ""
	first = serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/keep":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/other":
			http.Redirect(w, r, other+"/end", http.StatusPermanentRedirect)
		case "/there-and-back":
			http.Redirect(w, r, strings.Replace(first, "127.0.0.1", "localhost", 1)+"/back", http.StatusFound)
		case "/back":
			http.Redirect(w, r, first+"/end", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		default:
			ok(w, r)
		}
	})
	run := func(method, path string, redirects int) (*egress.Response, error) {
		seen = nil
		asked := request(t, method, first+path)
		asked.Redirects = redirects
		asked.Header.Set("Cookie", "c=1")
		asked.Header.Set("X-Api-Key", "k")
		asked.Header.Set("X-Plain", "p")
		asked.Credentials = &egress.Credentials{User: "u", Password: "p"}
		if method == "POST" {
			asked.Body, asked.HasBody = "data", true
			asked.Header.Set("Content-Type", "text/plain")
		}
		return call(t, local(t), asked)
	}
	const secret = "auth=Basic dTpw cookie=c=1 key=k plain=p"
	const dropped = "auth= cookie= key= plain=p"
	for _, c := range []struct {
		method, path string
		want         []string
	}{
		{"POST", "/same", []string{"POST /same " + secret + " type=text/plain body=data", "GET /end " + secret + " type= body="}},
		{"POST", "/keep", []string{"POST /keep " + secret + " type=text/plain body=data", "POST /end " + secret + " type=text/plain body=data"}},
		{"POST", "/other", []string{"POST /other " + secret + " type=text/plain body=data", "POST /end " + dropped + " type=text/plain body=data"}},
		{"HEAD", "/same", []string{"HEAD /same " + secret + " type= body=", "HEAD /end " + secret + " type= body="}},
		{"GET", "/there-and-back", []string{"GET /there-and-back " + secret + " type= body=", "GET /back " + dropped + " type= body=", "GET /end " + dropped + " type= body="}},
	} {
		if _, err := run(c.method, c.path, 5); err != nil || strings.Join(seen, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s %s: %v\n%s\nwant\n%s", c.method, c.path, err, strings.Join(seen, "\n"), strings.Join(c.want, "\n"))
		}
	}
	if _, err := run("GET", "/round", 5); category(err) != "redirect" || len(seen) != 6 {
		t.Errorf("round and round: %v after %d requests", err, len(seen))
	}
	if answer, err := run("GET", "/same", 0); err != nil || answer.Status != 302 || answer.URL != first+"/same" {
		t.Errorf("followed although it should not be: %v %+v", err, answer)
	}
	if answer, err := run("GET", "/same", 1); err != nil || answer.URL != first+"/end" {
		t.Errorf("%v %+v", err, answer)
	}
	if answer, err := run("GET", "/nowhere", 5); err != nil || answer.Status != 302 {
		t.Errorf("a redirect without a target: %v", err)
	}
}
