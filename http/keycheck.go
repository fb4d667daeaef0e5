package http

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/google/uuid"

	"picloud/store"
)

const (
	apiKeyBytes     = 32
	keyPrefixLength = 8 // characters of base32, by which a key is found
	// noteUseEvery is how far apart the noted uses of a key are at least.
	noteUseEvery = 5 * time.Minute

	// A key whose secret was found right is remembered for this long, so that
	// only its first use costs a hash (spec 5, "Access").
	rememberKeyFor  = 15 * time.Minute
	rememberedKeys  = 1024
	keyFilterDomain = "picloud api key filter\x00"
)

// keyEncoding is base32 as keys show it: lower case, no padding.
var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newKeyToken makes a key's secret, the only time that it is seen.
func newKeyToken() (string, error) {
	var raw [apiKeyBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("make API key: %w", err)
	}
	return apiKeyPrefix + keyEncoding.EncodeToString(raw[:]), nil
}

// splitKey cuts a well-formed key into the part that finds it and the secret.
func splitKey(token string) (prefix, body string) {
	token = strings.TrimPrefix(token, apiKeyPrefix)
	return token[:keyPrefixLength], token[keyPrefixLength:]
}

// keyFilter is 32 bits of an HMAC of a body under the instance's secret. It
// turns away all but one in four billion wrong bodies before any Argon2. Who
// steals the database has the secret too, and learns 32 of 216 bits: no help
// in guessing the rest, so a secret in the database is enough for this.
func (s *Server) keyFilter(body string) uint32 {
	secret := s.store.Secret()
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(keyFilterDomain + body)) // a hash's Write never fails
	return binary.BigEndian.Uint32(mac.Sum(nil))
}

// authenticateKey returns the principal of an API key. Only that the secret is
// right may come from memory; all else about the key is read afresh.
func (s *Server) authenticateKey(ctx context.Context, token string) (principal, error) {
	prefix, body := splitKey(token)
	key, user, err := s.store.APIKeyByPrefix(ctx, prefix)
	if store.KindOf(err) == store.KindNotFound {
		return principal{}, unauthorized()
	}
	if err != nil {
		return principal{}, fmt.Errorf("find API key: %w", err)
	}
	if s.keyFilter(body) != key.BodyFilter {
		return principal{}, unauthorized()
	}
	ok, err := s.keys.check(ctx, token, key.ID, func() (bool, error) {
		// One who hangs up does not end the work of those who wait for it.
		match, _, err := s.hasher.verify(context.WithoutCancel(ctx), body, key.BodyHash)
		return match, err
	})
	if err != nil {
		return principal{}, err
	}
	if !ok {
		return principal{}, unauthorized()
	}
	s.noteUse(ctx, key)
	return principal{User: user, Key: &key}, nil
}

// noteUse keeps the time of a key's last use, at most every five minutes.
func (s *Server) noteUse(ctx context.Context, key store.APIKey) {
	before := store.TimeOf(s.config.Now().Add(-noteUseEvery))
	if key.LastUsedAt == nil || *key.LastUsedAt <= before {
		s.logUnnoted("API key "+key.ID.String(), s.store.TouchAPIKey(ctx, key.ID, before))
	}
}

// keyMemory remembers which secrets were found right, under a key that only
// this process has, and lets those who show the same secret at once wait for
// one check. What was found wrong is not remembered: others could fill the
// memory with it.
type keyMemory struct {
	now    func() time.Time
	secret [32]byte

	mu       sync.Mutex
	right    *lru.Cache[[32]byte, rightKey]
	checking map[[32]byte]*keyCheck
}

// rightKey says which key a secret belongs to, and until when that is believed.
type rightKey struct {
	id    uuid.UUID
	until time.Time
}

// keyCheck is a check that others wait for; ok and err are set before done closes.
type keyCheck struct {
	done chan struct{}
	ok   bool
	err  error
}

func newKeyMemory(now func() time.Time) *keyMemory {
	right, err := lru.New[[32]byte, rightKey](rememberedKeys)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	m := &keyMemory{now: now, right: right, checking: map[[32]byte]*keyCheck{}}
	if _, err := rand.Read(m.secret[:]); err != nil {
		panic(err) // never: crypto/rand ends the process by itself
	}
	return m
}

// check reports whether token is the secret of key id: from memory, from a
// check that is under way, or by hash.
func (m *keyMemory) check(ctx context.Context, token string, id uuid.UUID, hash func() (bool, error)) (bool, error) {
	tag := m.tag(token)
	m.mu.Lock()
	if known, ok := m.right.Get(tag); ok && known.id == id && m.now().Before(known.until) {
		m.mu.Unlock()
		return true, nil
	}
	if running, ok := m.checking[tag]; ok {
		m.mu.Unlock()
		return running.wait(ctx)
	}
	mine := &keyCheck{done: make(chan struct{}), err: fmt.Errorf("check API key: not finished")}
	m.checking[tag] = mine
	m.mu.Unlock()
	defer m.finish(tag, id, mine)
	mine.ok, mine.err = hash()
	return mine.ok, mine.err
}

// finish remembers a right secret and lets the others go, also after a panic.
func (m *keyMemory) finish(tag [32]byte, id uuid.UUID, mine *keyCheck) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mine.ok && mine.err == nil {
		m.right.Add(tag, rightKey{id: id, until: m.now().Add(rememberKeyFor)})
	}
	delete(m.checking, tag)
	close(mine.done)
}

func (k *keyCheck) wait(ctx context.Context) (bool, error) {
	select {
	case <-k.done:
		return k.ok, k.err
	case <-ctx.Done():
		return false, fmt.Errorf("wait for the check of an API key: %w", ctx.Err())
	}
}

func (m *keyMemory) tag(token string) (tag [32]byte) {
	mac := hmac.New(sha256.New, m.secret[:])
	mac.Write([]byte(token)) // a hash's Write never fails
	mac.Sum(tag[:0])
	return tag
}
