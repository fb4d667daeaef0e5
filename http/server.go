package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/http/routing"
	"picloud/runtime"
	"picloud/runtime/lint"
	"picloud/store"
	"picloud/web"
)

// Config is what New needs. Store, Engine, Logger and Now are never nil.
type Config struct {
	Store  *store.Store
	Engine *runtime.Engine
	Logger *slog.Logger
	Now    func() time.Time

	Product       string // semantic version of the binary
	SDK           string // major.minor of what scripts see
	PublicBaseURL string // as devices reach this instance; may be empty
	// AdminHost is the one host of the admin page and the API, which CheckAdminHost
	// admits; empty means that they share every host with the user routes.
	AdminHost string

	// SetupToken opens auth/setup while no user exists; empty keeps it shut.
	SetupToken string
	// SessionTTL is how long an unused session lives; 0 means 24 hours.
	SessionTTL time.Duration
	// MaxBodyBytes caps a request body for a script; 0 means 10 MiB.
	MaxBodyBytes int64
	// TrustedProxies are the peers whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	// MaxConnections in all, 0 means 512; MaxConnectionsPerAddress, 0 means 32.
	MaxConnections           int
	MaxConnectionsPerAddress int
	// Ready holds further conditions of /readyz; an error's text is the reason shown.
	Ready []func(context.Context) error
	// Clock reports whether the system's clock follows a time server, and why
	// cron triggers wait for it ("" when they do not); nil is a right clock.
	Clock func() (synchronised bool, waits string)
	// BackupFolder is where scheduled backups go, the zero value when none are
	// taken; Backups says when the next is due and why the last one failed.
	BackupFolder store.BackupFolder
	Backups      func() (next time.Time, failure string)
	// Challenge answers what a certificate authority asks at the plain address,
	// before all else; nil when none does.
	Challenge func(otherwise nethttp.Handler) nethttp.Handler
	// Certificate says how it is with that of the encrypted address; nil without one.
	Certificate func() CertificateState
	// MetricsOff keeps /metrics shut; otherwise it asks for an API key with
	// instance:read.
	MetricsOff bool
	// History is what instance/stats shows of the last minutes; nil is one that
	// nobody samples.
	History *History
	// Settings are all of them as they are in force, for instance/settings.
	Settings []Setting
	// DevMode says that secrets are sealed with a key that everybody knows.
	DevMode bool
}

// Limits of the HTTP edge: what a slow or greedy client can hold.
const (
	readHeaderTimeout  = 5 * time.Second
	idleTimeout        = 60 * time.Second
	maxHeaderBytes     = 32 << 10
	defaultSessionTTL  = 24 * time.Hour
	defaultMaxBody     = 10 << 20
	cancelGrace        = 2 * time.Second // for runs to notice that they were cancelled
	defaultConnections = 512
	defaultPerAddress  = 32
)

// Server answers everything that reaches the instance over HTTP.
type Server struct {
	store  *store.Store
	engine *runtime.Engine
	config Config
	logger *slog.Logger
	linter *lint.Linter

	started   time.Time
	queryTime time.Duration // maxQueryTime, but in tests

	counts      requestCounts
	connections *connections
	hasher      *hasher
	throttle    *throttle
	keys        *keyMemory
	setup       setup
	page        fs.FS
	// crossOrigin tells calls of the page from those that another page made.
	crossOrigin *nethttp.CrossOriginProtection
	answers     *room // for large answers
	bodies      *room // for large requests
	streams     *streams

	echo     *echo.Echo
	http     *nethttp.Server
	routes   liveRoutes
	stopping atomic.Bool
	// runs is the context of every script run: a caller who hangs up does not
	// end it. cancelRuns does, and with it all requests in progress.
	runs       context.Context
	cancelRuns context.CancelFunc
	ended      sync.Once
	stopped    chan struct{} // closed when serving has ended
	serveErr   error         // why, when that was not Stop; set before stopped closes
}

// New returns a server that has not started.
func New(config Config) *Server {
	config = withDefaults(config)
	s := &Server{
		store:   config.Store,
		engine:  config.Engine,
		config:  config,
		logger:  config.Logger,
		linter:  lint.New(config.Engine.Description()),
		started: config.Now(), queryTime: maxQueryTime,
		hasher:   newHasher(),
		throttle: newThrottle(config.Now),
		keys:     newKeyMemory(config.Now),
		page:     web.Files(),
		stopped:  make(chan struct{}),

		crossOrigin: nethttp.NewCrossOriginProtection(),
		answers:     newRoom(answerRoomBytes),
		bodies:      newRoom(bodyRoomBytes),
		streams:     newStreams(),
	}
	s.runs, s.cancelRuns = context.WithCancel(context.Background())
	s.routes.logger, s.routes.now = config.Logger, config.Now
	config.Store.WatchCatalog(s.routes.update)
	s.echo = s.newEcho()
	s.connections = newConnections(config)
	s.http = s.newHTTPServer()
	return s
}

func withDefaults(c Config) Config {
	c.AdminHost = routing.NormalHost(c.AdminHost)
	if c.Backups == nil {
		c.Backups = func() (time.Time, string) { return time.Time{}, "" }
	}
	if c.Certificate == nil {
		c.Certificate = func() CertificateState { return CertificateState{} }
	}
	if c.Challenge == nil {
		c.Challenge = func(otherwise nethttp.Handler) nethttp.Handler { return otherwise }
	}
	if c.Clock == nil {
		c.Clock = func() (bool, string) { return true, "" }
	}
	if c.History == nil {
		c.History = NewHistory(c.Store, c.Engine, c.Now)
	}
	if c.SessionTTL == 0 {
		c.SessionTTL = defaultSessionTTL
	}
	if c.MaxBodyBytes == 0 {
		c.MaxBodyBytes = defaultMaxBody
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = defaultConnections
	}
	if c.MaxConnectionsPerAddress == 0 {
		c.MaxConnectionsPerAddress = defaultPerAddress
	}
	return c
}

func (s *Server) newHTTPServer() *nethttp.Server {
	return &nethttp.Server{
		Handler:           s.config.Challenge(s),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return s.runs },
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
}

// Start serves connections of listener, which it owns from here on, and
// returns at once. Done is closed when serving ends.
func (s *Server) Start(listener net.Listener) {
	go s.serveOn(s.connections.limit(listener))
}

// StartTLS is Start for a further listener, whose connections are encrypted.
func (s *Server) StartTLS(listener net.Listener, config *tls.Config) {
	go s.serveOn(tls.NewListener(s.connections.limit(listener), config))
}

// serveOn serves until the server stops, or until one of its listeners fails.
func (s *Server) serveOn(listener net.Listener) {
	err := s.http.Serve(listener)
	s.ended.Do(func() {
		if !errors.Is(err, nethttp.ErrServerClosed) {
			s.serveErr = fmt.Errorf("serve %s: %w", listener.Addr(), err)
		}
		close(s.stopped)
	})
}

// Done is closed when the server no longer accepts connections.
func (s *Server) Done() <-chan struct{} { return s.stopped }

// Err says why serving ended by itself; nil before Done and after Stop.
func (s *Server) Err() error {
	select {
	case <-s.stopped:
		return s.serveErr
	default:
		return nil
	}
}

// Stop closes the listener, ends the streams, lets the requests in progress end
// until ctx is done, then cancels them and, two seconds later, closes what is left. It
// returns ctx's error when requests had to be cancelled.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	s.streams.close()
	defer s.cancelRuns()
	err := s.http.Shutdown(ctx)
	if err == nil {
		return nil
	}
	s.cancelRuns()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	if s.http.Shutdown(grace) != nil {
		err = errors.Join(err, s.http.Close())
	}
	return fmt.Errorf("stop serving: %w", err)
}
