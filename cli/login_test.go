package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"picloud/cli"
)

// A session that cannot be kept is ended again: nobody knows its token.
func TestLoginThatCannotBeKeptLeavesNoSession(t *testing.T) {
	t.Parallel()
	ended := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/auth/logout") {
			ended <- r.Header.Get("Authorization")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"token":"pis_new","user":{"username":"ada"}}`)
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	code := cli.Run([]string{"login", "--url", server.URL}, cli.Process{
		Stdin: strings.NewReader("ada\ncorrect horse battery\n"), Stdout: &stdout, Stderr: &stderr,
		Getenv:    func(string) string { return "" },
		ConfigDir: func() (string, error) { return "", errors.New("no home") },
	})
	if code != 1 || !strings.Contains(stderr.String(), "no home") || strings.Contains(stderr.String(), "pis_") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	select {
	case token := <-ended:
		if token != "Bearer pis_new" {
			t.Errorf("%q was signed out", token)
		}
	default:
		t.Error("the session goes on")
	}
}
