package http

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"picloud/store"
)

// How many streams may be open: each holds a connection, a goroutine and up to
// 512 KiB of records. A browser opens six connections to a host at most.
const (
	maxStreamsPerUser = 6
	maxStreams        = 32
)

// streamBeat is how often a stream says that it is there and looks whether its
// reader still may read.
const streamBeat = 10 * time.Second

// streams counts the open streams and ends them when the server stops.
type streams struct {
	beat time.Duration
	stop chan struct{} // closed when they shall end

	mu      sync.Mutex
	stopped bool
	open    map[uuid.UUID]int // by user
	total   int
}

func newStreams() *streams {
	return &streams{beat: streamBeat, stop: make(chan struct{}), open: map[uuid.UUID]int{}}
}

// enter counts a stream of a user in; leave counts it out.
func (s *streams) enter(user uuid.UUID) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return nil, streamsClosed()
	case s.open[user] >= maxStreamsPerUser:
		return nil, store.Errorf(store.KindLimit, "too_many_streams", "you have %d streams open; close one", maxStreamsPerUser)
	case s.total >= maxStreams:
		return nil, store.Errorf(store.KindUnavailable, "busy", "%d streams are open, as many as this instance allows", maxStreams)
	}
	s.open[user]++
	s.total++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.open[user]--; s.open[user] == 0 {
			delete(s.open, user)
		}
	}, nil
}

// close ends all streams and keeps new ones out.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.stopped = true
		close(s.stop)
	}
}

// ended reports whether the streams shall end.
func (s *streams) ended() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

func streamsClosed() error {
	return store.Errorf(store.KindUnavailable, "closed", "%s", catalogue["closed"].When)
}
