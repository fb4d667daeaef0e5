package http

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// writeTimeout is how long a client may take for each writeChunk of an
	// answer. The deadline is set again only after writeRearm, because a busy
	// connection writes far more often than that.
	writeTimeout = 30 * time.Second
	writeRearm   = 5 * time.Second
	writeChunk   = 64 << 10
)

// connections bounds how many connections clients hold at all addresses of the
// server together: in all, where the next one waits in the kernel's queue, and
// per address, where it is closed at once. Loopback and trusted proxies speak
// for many clients and have no limit of their own.
type connections struct {
	slots      chan struct{}
	perAddress int
	trusted    []netip.Prefix

	mu   sync.Mutex
	held map[netip.Prefix]int // connections per counted network
}

func newConnections(config Config) *connections {
	return &connections{
		slots:      make(chan struct{}, config.MaxConnections),
		perAddress: config.MaxConnectionsPerAddress,
		trusted:    config.TrustedProxies,
		held:       make(map[netip.Prefix]int),
	}
}

// limit makes a listener one of those whose connections are counted.
func (c *connections) limit(listener net.Listener) net.Listener {
	return &limitedListener{Listener: listener, connections: c, closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	*connections
	closed    chan struct{}
	closeOnce sync.Once
}

// Accept waits for a free slot and returns the next connection whose address
// may have one more.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		if source, ok := l.admit(conn); ok {
			return &edgeConn{Conn: conn, release: func() { l.release(source) }}, nil
		}
		_ = conn.Close() // over its limit; whether it hears so does not matter
	}
}

// Close stops accepting, also while every slot is taken.
func (l *limitedListener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// admit counts conn for its network and returns that; the zero network is not
// counted.
func (c *connections) admit(conn net.Conn) (netip.Prefix, bool) {
	address := peerAddress(conn.RemoteAddr().String())
	if address.IsLoopback() || within(address, c.trusted) {
		return netip.Prefix{}, true
	}
	source := networkOf(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[source] >= c.perAddress {
		return source, false
	}
	c.held[source]++
	return source, true
}

func (c *connections) release(source netip.Prefix) {
	<-c.slots
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[source] > 1 {
		c.held[source]--
		return
	}
	delete(c.held, source)
}

// edgeConn gives every piece of an answer its own deadline, so that a slow
// reader holds a socket for a bounded time, however long the answer.
type edgeConn struct {
	net.Conn
	release     func()
	releaseOnce sync.Once
	armed       time.Time // when the write deadline was last set; one writer at a time
}

// Write sends p in pieces.
func (c *edgeConn) Write(p []byte) (int, error) {
	written := 0
	for {
		if err := c.arm(); err != nil {
			return written, err
		}
		piece := p[written:min(len(p), written+writeChunk)]
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

func (c *edgeConn) arm() error {
	now := time.Now()
	if now.Sub(c.armed) < writeRearm {
		return nil
	}
	c.armed = now
	return c.Conn.SetWriteDeadline(now.Add(writeTimeout + writeRearm))
}

// Close gives the connection's slot back.
func (c *edgeConn) Close() error {
	c.releaseOnce.Do(c.release)
	return c.Conn.Close()
}
