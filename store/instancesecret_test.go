package store

import "testing"

func TestTheSecretOutlivesARestart(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	secret := s.Secret()
	closeTest(t, s)
	if again := openTest(t, s.config).Secret(); again != secret || secret == [32]byte{} {
		t.Errorf("the secret was %x, is %x", secret, again)
	}
	if other := newTestStore(t).Secret(); other == secret {
		t.Error("two instances share a secret")
	}
}
