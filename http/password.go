package http

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"

	"picloud/store"
)

// passwordParams follow OWASP's second row for Argon2id, the largest that a
// small board bears: 19 MiB, 2 passes, 1 lane (spec 5, "Access").
var passwordParams = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// keyParams are for the bodies of API keys. A body is 216 random bits, which
// nobody guesses however cheap a guess is (OWASP ASVS 6.5.2 asks for no slow
// hash there), so the hash need not be as dear as a password's: the first use
// of a key shall not hold the gate for long, nor take 19 MiB.
var keyParams = &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	minPasswordBytes = 8
	maxPasswordBytes = 1024

	// Hashes take 19 MiB and tens to hundreds of milliseconds each: two at once,
	// and a line no longer than what those two can serve within the wait.
	hashesAtOnce  = 2
	hashesWaiting = 32
	hashWait      = 3 * time.Second

	// What a stored hash may ask for; beyond that the row is damaged or planted.
	maxHashMemoryKiB  = 64 << 10
	maxHashIterations = 10
	maxHashLanes      = 4
)

// checkPassword says what is wrong with a new password: it has 8 to 1,024 bytes.
func checkPassword(password string) error {
	if len(password) < minPasswordBytes || len(password) > maxPasswordBytes {
		return invalidField("password", "a password has %d to %d bytes", minPasswordBytes, maxPasswordBytes)
	}
	return nil
}

// HashPassword checks a new password and returns the text to store for it. It
// takes no turn at the gate: it is for the owner made at start, before anybody
// can call.
func HashPassword(password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	return createHash(password, passwordParams)
}

func createHash(secret string, params *argon2id.Params) (string, error) {
	hash, err := argon2id.CreateHash(secret, params)
	if err != nil {
		return "", fmt.Errorf("hash secret: %w", err)
	}
	return hash, nil
}

// hasher does all Argon2 work of the server, for passwords and for API keys, a
// bounded number at once.
type hasher struct {
	running chan struct{}
	waiting chan struct{}
	dummy   string       // hash of a password that nobody knows
	done    atomic.Int64 // hashes made so far
	refused atomic.Int64 // turns that did not come

	mu        sync.Mutex
	active    int // hashes being made
	gcPercent int // as it was before the first of them
}

// hashingGCPercent is how much garbage may gather while hashes are made, each
// of which takes 19 MiB. In a flood of sign-ins by 500 clients (TestLoginFlood)
// the process grew by 115 MiB under the usual 100 %, by 88 under this, and by
// 63 when each hash's memory is collected before the next one begins.
const hashingGCPercent = 20

func newHasher() *hasher {
	return &hasher{
		running: make(chan struct{}, hashesAtOnce),
		waiting: make(chan struct{}, hashesAtOnce+hashesWaiting),
		// The parameters and lengths of a real hash, so that checking against it
		// takes as long; no password is known to give these 32 bytes.
		dummy: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	}
}

// enter takes a turn; leave must follow. A full line, or a turn that does not
// come in time, is "too_many_requests".
func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.waiting <- struct{}{}:
	default:
		h.refused.Add(1)
		return tooManyRequests(hashWait)
	}
	timer := time.NewTimer(hashWait)
	defer timer.Stop()
	select {
	case h.running <- struct{}{}:
		h.collectSooner()
		return nil
	case <-timer.C:
		<-h.waiting
		h.refused.Add(1)
		return tooManyRequests(hashWait)
	case <-ctx.Done():
		<-h.waiting
		return fmt.Errorf("wait for a password check: %w", ctx.Err())
	}
}

// hasherStats is the gate of all Argon2 work: how many hashes are being made and
// how many wait for their turn, and since the start those made and refused.
type hasherStats struct{ running, waiting, done, refused int64 }

func (h *hasher) stats() hasherStats {
	running := int64(len(h.running))
	return hasherStats{running: running, waiting: max(0, int64(len(h.waiting))-running), done: h.done.Load(), refused: h.refused.Load()}
}

// collectSooner keeps the garbage of hashes small while any is made.
func (h *hasher) collectSooner() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.active++; h.active == 1 {
		h.gcPercent = debug.SetGCPercent(hashingGCPercent)
	}
}

func (h *hasher) collectAsUsual() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.active--; h.active == 0 {
		debug.SetGCPercent(h.gcPercent)
	}
}

func (h *hasher) leave() {
	runtime.GC() // before the next one allocates
	h.collectAsUsual()
	h.done.Add(1)
	<-h.running
	<-h.waiting
}

// hash returns the text to store for a secret.
func (h *hasher) hash(ctx context.Context, secret string, params *argon2id.Params) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return createHash(secret, params)
}

// verify reports whether secret is the one that stored was made of. The empty
// stored text stands for a user who does not exist: the same work, and no.
// Stale says that stored has other parameters than new passwords get.
func (h *hasher) verify(ctx context.Context, secret, stored string) (ok, stale bool, err error) {
	missing := stored == ""
	if missing {
		stored = h.dummy
	}
	params, err := hashParams(stored)
	if err != nil {
		return false, false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	match, err := argon2id.ComparePasswordAndHash(secret, stored)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w", err)
	}
	return match && !missing, *params != *passwordParams, nil
}

// hashParams reads what a stored hash asks for and refuses what would take the
// machine down, before anything is allocated for it.
func hashParams(stored string) (*argon2id.Params, error) {
	params, _, _, err := argon2id.DecodeHash(stored)
	if err != nil {
		return nil, fmt.Errorf("read password hash: %w", err)
	}
	within := params.Memory <= maxHashMemoryKiB &&
		params.Iterations >= 1 && params.Iterations <= maxHashIterations &&
		params.Parallelism >= 1 && params.Parallelism <= maxHashLanes &&
		params.KeyLength >= 16
	if !within {
		return nil, fmt.Errorf("password hash asks for m=%d,t=%d,p=%d, which is out of bounds", params.Memory, params.Iterations, params.Parallelism)
	}
	return params, nil
}

func tooManyRequests(after time.Duration) error {
	seconds := max(1, int((after+time.Second-1)/time.Second))
	failure := store.Errorf(store.KindLimit, "too_many_requests", "too many attempts; try again in %d s", seconds)
	failure.Details = map[string]any{"retry_after_s": seconds}
	return failure
}
