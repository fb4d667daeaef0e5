package egress_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"picloud/runtime/egress"
)

// nameServer answers names from its own table. What it knows under a name may
// change with each question, as a rebinding server's does.
type nameServer struct {
	conn    net.PacketConn
	mutex   sync.Mutex
	names   map[string][]netip.Addr
	aliases map[string]string
	flips   map[string][][]netip.Addr // one entry for each question, in turn
	asked   map[string]int
}

func newNameServer(t testing.TB) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn, names: map[string][]netip.Addr{}, aliases: map[string]string{"alias.test": "loop.test"},
		flips: map[string][][]netip.Addr{}, asked: map[string]int{}}
	for name, list := range map[string]string{
		"localhost": "127.0.0.1", "loop.test": "127.0.0.1", "six.test": "::1", "mapped.test": "::ffff:127.0.0.1", "nat.test": "64:ff9b::127.0.0.1",
		"sixtofour.test": "2002:7f00:1::", "ten.test": "10.1.2.3", "lan.test": "192.168.1.31", "ula.test": "fd00::5", "both.test": "10.0.0.1 192.168.0.1",
		"meta.test": "169.254.169.254", "zero.test": "0.0.0.0", "public.test": "93.184.216.34", "public6.test": "2606:2800:220:1::1",
	} {
		s.set(name, strings.Fields(list)...)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return s
}

func (s *nameServer) set(name string, addresses ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.names[name] = parsed(addresses)
}

// flip makes the answers to a name's questions change in turn.
func (s *nameServer) flip(name string, answers ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, answer := range answers {
		s.flips[name] = append(s.flips[name], parsed(strings.Fields(answer)))
	}
}

func parsed(texts []string) []netip.Addr {
	all := make([]netip.Addr, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParseAddr(text)
	}
	return all
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *nameServer) serve() {
	buffer := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer, err := s.answer(buffer[:n]); err == nil {
			_, _ = s.conn.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) answer(message []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(strings.TrimSuffix(question.Name.String(), "."))
	addresses, known := s.lookup(name, question.Type)
	answer := dnsmessage.Message{Header: dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true}, Questions: []dnsmessage.Question{question}}
	if !known {
		answer.RCode = dnsmessage.RCodeNameError
	}
	for _, address := range addresses {
		resource := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}}
		switch {
		case address.Is4() && question.Type == dnsmessage.TypeA:
			resource.Body = &dnsmessage.AResource{A: address.As4()}
		case address.Is6() && question.Type == dnsmessage.TypeAAAA:
			resource.Body = &dnsmessage.AAAAResource{AAAA: address.As16()}
		default:
			continue
		}
		answer.Answers = append(answer.Answers, resource)
	}
	return answer.Pack()
}

func (s *nameServer) lookup(name string, kind dnsmessage.Type) ([]netip.Addr, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if other := s.aliases[name]; other != "" {
		name = other
	}
	if turns := s.flips[name]; len(turns) > 0 {
		if kind != dnsmessage.TypeA {
			return nil, true
		}
		s.asked[name]++
		return turns[(s.asked[name]-1)%len(turns)], true
	}
	addresses, known := s.names[name]
	return addresses, known
}

// trap is a listener that counts who connects and answers like a web server.
type trap struct {
	net.Listener
	seen    atomic.Int64
	arrived chan struct{} // one for each connection
}

func (t *trap) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err == nil {
		t.seen.Add(1)
		t.arrived <- struct{}{}
	}
	return conn, err
}

func newTrap(t testing.TB, address string, handler http.HandlerFunc) *trap {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	made := &trap{Listener: listener, arrived: make(chan struct{}, 1<<14)}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(made) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return made
}

func (t *trap) port() string { return strconv.Itoa(t.Addr().(*net.TCPAddr).Port) }

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("in")) }

// urlRow is one line of testdata/egress/urls.txt.
type urlRow struct{ verdict, url string }

func urlRows(t testing.TB, port string) []urlRow {
	t.Helper()
	file, err := os.Open("../../testdata/egress/urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var rows []urlRow
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		verdict, quoted, found := strings.Cut(scanner.Text(), "\t")
		if !found {
			continue
		}
		row := urlRow{verdict: verdict}
		if err := json.Unmarshal([]byte(quoted), &row.url); err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		row.url = strings.ReplaceAll(row.url, "{port}", port)
		rows = append(rows, row)
	}
	return rows
}

// newClient makes a client that has no addresses of this machine to look at,
// unless config gives some.
func newClient(t testing.TB, config egress.Config) *egress.Client {
	t.Helper()
	if config.Interfaces == nil {
		config.Interfaces = func() ([]net.Addr, error) { return nil, nil }
	}
	client := egress.New(config)
	t.Cleanup(client.Close)
	return client
}

// openings reads entries of PICLOUD_HTTP_ALLOW.
func openings(t testing.TB, list string) []egress.Opening {
	t.Helper()
	all, err := egress.ParseOpenings(list)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// try makes a call and returns its category: "invalid" for a URL that is
// refused, "open" for an answer.
func try(t testing.TB, client *egress.Client, method, target string) string {
	t.Helper()
	parsed, err := egress.ParseURL(target)
	if err != nil {
		return "invalid"
	}
	_, err = call(t, client, &egress.Request{Method: method, URL: parsed, HasBody: method == "POST", Body: "body", Redirects: 5})
	return category(err)
}

func call(t testing.TB, client *egress.Client, request *egress.Request) (*egress.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	return client.Do(ctx, request)
}

func category(err error) string {
	var failure *egress.Failure
	switch {
	case err == nil:
		return "open"
	case errors.As(err, &failure):
		return failure.Category
	default:
		return err.Error()
	}
}
