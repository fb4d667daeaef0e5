package egress_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"picloud/runtime/egress"
)

const insideVariable = "PICLOUD_TEST_NETWORK"

// TestEveryURLInANetworkOfItsOwn runs the table where every address of the
// world leads to this process, so that a connection that should not be made
// is seen wherever it leads. It needs a Linux that lets the test make such a
// network.
func TestEveryURLInANetworkOfItsOwn(t *testing.T) {
	t.Parallel()
	if os.Getenv(insideVariable) != "" {
		t.Skip("inside")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, "-test.run=^TestInsideTheNetwork$", "-test.v")
	command.Env = append(os.Environ(), insideVariable+"=yes")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := command.CombinedOutput()
	if strings.Contains(string(out), "SKIP: TestInside") || err != nil && len(out) == 0 {
		t.Skipf("this machine has no networks for tests: %v\n%s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "PASS: TestInsideTheNetwork") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestInsideTheNetwork is the part that runs in there.
func TestInsideTheNetwork(t *testing.T) {
	if os.Getenv(insideVariable) == "" {
		t.Skip("only as a part of TestEveryURLInANetworkOfItsOwn")
	}
	for _, arguments := range []string{"link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"} {
		if out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v\n%s", arguments, err, out)
		}
	}
	names := newNameServer(t)
	rows := urlRows(t, "8080")
	traps := trapsFor(t, rows)
	seen := func() (all int64) {
		for _, each := range traps {
			all += each.seen.Load()
		}
		return all
	}
	reachable := 0
	for _, row := range rows {
		if literal, port := literalOf(row); literal != "" && strings.HasPrefix(row.verdict, "blocked:") {
			if conn, err := net.DialTimeout("tcp", net.JoinHostPort(literal, port), time.Second); err == nil {
				_ = conn.Close()
				reachable++
			}
		}
	}
	client := newClient(t, egress.Config{Resolver: names.resolver(), Interfaces: net.InterfaceAddrs})
	for range reachable {
		<-traps["8080"].arrived
	}
	before := seen()
	open := 0
	for _, row := range rows {
		got := try(t, client, "GET", row.url)
		if got != row.verdict {
			t.Errorf("%s: %s, want %s", row.url, got, row.verdict)
		}
		if row.verdict == "open" {
			open++
		}
	}
	client.Close()
	made := seen() - before
	t.Logf("%d spellings: %d open, %d connections; of the blocked addresses %d can be reached without the guard", len(rows), open, made, reachable)
	if made == 0 || made > int64(open) {
		t.Errorf("%d connections for %d open ones", made, open)
	}
	if reachable < 60 {
		t.Errorf("only %d of the blocked addresses lead here", reachable)
	}
	rebindInside(t, names, traps)
}

// rebindInside: public at one question, loopback at the next, 20 times.
func rebindInside(t *testing.T, names *nameServer, traps map[string]*trap) {
	t.Helper()
	for range 20 {
		names.flip("turn.test", "93.184.216.34", "127.0.0.1")
		before := traps["8080"].seen.Load()
		for turn, want := range []string{"open", "blocked:loopback"} {
			client := newClient(t, egress.Config{Resolver: names.resolver(), Interfaces: net.InterfaceAddrs})
			if got := try(t, client, "GET", "http://turn.test:8080/"); got != want {
				t.Errorf("turn %d: %s, want %s", turn, got, want)
			}
		}
		if made := traps["8080"].seen.Load() - before; made != 1 {
			t.Errorf("%d connections, want the public one alone", made)
		}
	}
}

// trapsFor listens, at every address, on each port that a row names.
func trapsFor(t *testing.T, rows []urlRow) map[string]*trap {
	t.Helper()
	traps := map[string]*trap{}
	for _, row := range rows {
		if row.verdict != "open" && !strings.HasPrefix(row.verdict, "blocked:") {
			continue
		}
		u, err := url.Parse(row.url)
		if err != nil {
			t.Fatal(err)
		}
		port := strings.TrimLeft(u.Port(), "0")
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		if traps[port] == nil {
			traps[port] = newTrap(t, ":"+port, func(w http.ResponseWriter, r *http.Request) { ok(w, r) })
		}
	}
	return traps
}

// literalOf is a row's address and port, when it names an address.
func literalOf(row urlRow) (address, port string) {
	u, err := url.Parse(row.url)
	if err != nil || net.ParseIP(u.Hostname()) == nil || u.Port() != "8080" {
		return "", ""
	}
	return u.Hostname(), u.Port()
}
