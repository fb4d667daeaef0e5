package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// unsteady is an instance whose log stream breaks and goes on: the first
// connection ends in the middle of an event.
type unsteady struct {
	mutex sync.Mutex
	after []string // of each connection
}

const (
	run0 = "01890a5d-ac96-774b-bcce-b302099a8050"
	run1 = "01890a5d-ac96-774b-bcce-b302099a8051"
	run2 = "01890a5d-ac96-774b-bcce-b302099a8052"
	run3 = "01890a5d-ac96-774b-bcce-b302099a8053"
)

func record(id string) string {
	return fmt.Sprintf(`{"id":%q,"status":"success","status_code":200,"invocation_type":"http","request":{"method":"GET","path":"/%s"},"logs":[]}`, id, id[len(id)-1:])
}

func (u *unsteady) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/logs/stream") {
		w.Write([]byte(`{"items":[` + record(run1) + `,` + record(run0) + `]}`)) //nolint:errcheck // the test sees what is missing
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.after = append(u.after, r.URL.Query().Get("after"))
	switch len(u.after) {
	case 1:
		fmt.Fprintf(w, "retry: 3000\n\nevent: execution\ndata: %s\n\n", record(run0))
		fmt.Fprintf(w, "id: %s\nevent: execution\ndata: %s\n\nevent: execution\nda", run2, record(run2))
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"error":{"code":"closed","message":"the instance is stopping"}}`)
	default:
		fmt.Fprintf(w, ": still here\n\nevent: dropped\ndata: {\"count\":7}\n\n")
		for _, repeated := range []string{run1, run3, run3} {
			fmt.Fprintf(w, "event: execution\ndata: %s\n\n", record(repeated))
		}
		fmt.Fprint(w, "event: end\ndata: {\"code\":\"unauthorized\",\"message\":\"sign in again\"}\n\n")
	}
}

// A tail goes on where it was, says what was dropped, shows nothing twice, and
// ends when the session does.
func TestLogsFollowThroughALostConnection(t *testing.T) {
	t.Parallel()
	far := &unsteady{}
	server := httptest.NewServer(far)
	defer server.Close()
	env := map[string]string{"PICLOUD_URL": server.URL, "PICLOUD_TOKEN": "pis_x"}
	code, stdout, stderr := run(env, "logs", "-f", "-n", "1")
	if code != 3 || strings.Count(stdout, "GET /") != 3 || strings.Count(stdout, run3) != 1 {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	for _, want := range []string{"The connection was lost", "Connected again.", "7 executions were dropped", "sign in again"} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("standard error does not say once %q: %s", want, stderr)
		}
	}
	if strings.Join(far.after, " ") != run1+" "+run2+" "+run2 {
		t.Errorf("the connections went on after %v", far.after)
	}
	code, stdout, _ = run(env, "logs", "-f", "-n", "1", "-o", "json", "--status", "success")
	if lines := strings.Split(strings.TrimSpace(stdout), "\n"); code != 3 || len(lines) != 2 || !strings.HasPrefix(lines[1], `{"id":"`+run3) {
		t.Errorf("as JSON: exit code %d: %s", code, stdout)
	}
}
