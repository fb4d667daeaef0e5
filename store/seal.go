package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/google/uuid"
)

// SecretKey is a key of AES-256.
type SecretKey [32]byte

// id is a part of the key's hash: it names a key without helping to find it.
func (k SecretKey) id() string {
	sum := sha256.Sum256(append([]byte("picloud key id\x00"), k[:]...))
	return hex.EncodeToString(sum[:4])
}

// sealFormat is the first byte of what is sealed: AES-256-GCM with a random
// nonce of 12 bytes in front and the tag of 16 bytes behind (spec 5, "Secrets").
const sealFormat = 1

// errSealed says that a sealed value was not made with this key, for this
// place, or was changed since. Which of them, nobody can tell.
var errSealed = errors.New("the sealed value does not open: another key, another place, or changed bytes")

// sealer seals and opens with one key; any goroutine may use it.
type sealer struct{ aead cipher.AEAD }

func newSealer(key SecretKey) (sealer, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return sealer{}, err
	}
	// A random nonce repeats with a chance of 2^-32 after 2^32 values; one
	// instance seals far fewer under one key.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// place is where a sealed value belongs. It is authenticated with the value,
// so that a row cannot be put in another's place.
type place string

func secretPlace(app uuid.UUID, name string) place {
	return place("secret\x00" + string(app[:]) + name)
}
func instancePlace(instance uuid.UUID) place { return place("instance\x00" + string(instance[:])) }
func answerPlace(route uuid.UUID, idHash []byte) place {
	return place("answer\x00" + string(route[:]) + string(idHash))
}

// associated is the place with the format, as the cipher authenticates it.
func (p place) associated() []byte { return append([]byte{sealFormat}, p...) }

func (s sealer) seal(value []byte, where place) []byte {
	return s.aead.Seal([]byte{sealFormat}, nil, value, where.associated())
}

func (s sealer) open(sealed []byte, where place) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealFormat {
		return nil, errSealed
	}
	value, err := s.aead.Open(nil, nil, sealed[1:], where.associated())
	if err != nil {
		return nil, errSealed // the cipher's own words say nothing more
	}
	return value, nil
}
