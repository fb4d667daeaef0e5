package store

import (
	"context"
	"crypto/rand"
	"fmt"
)

// loadSecret reads the instance's secret, or makes it.
func (s *Store) loadSecret() error {
	c := s.writer.connection
	r, err := c.one(context.Background(), "SELECT secret FROM instance")
	if err != nil {
		return err
	}
	if copy(s.secret[:], r.blob(0)) == len(s.secret) {
		return nil
	}
	if _, err := rand.Read(s.secret[:]); err != nil {
		return fmt.Errorf("making the instance's secret: %w", err)
	}
	_, err = c.exec("UPDATE instance SET secret = ?", s.secret)
	return err
}

// Secret returns 32 random bytes that are the same as long as the database
// lives. They lie in it in the clear, so they may key only what saves work, not
// what protects data from someone who has the file.
func (s *Store) Secret() [32]byte { return s.secret }
