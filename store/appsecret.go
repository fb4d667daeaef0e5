package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// AppSecret is a value that the scripts and guards of one app may use. It is
// sealed in the database and in memory; all that anyone sees of it is its name
// and its dates (spec 5, "Secrets").
type AppSecret struct {
	Name      string `json:"name"`
	CreatedAt Time   `json:"created_at"`
	UpdatedAt Time   `json:"updated_at"`

	app    uuid.UUID
	sealed []byte
}

const (
	// maxSecretBytes holds a private key of 4,096 bits with its text around it.
	maxSecretBytes = 8 << 10
	// maxSecrets of one app: all lie sealed in memory.
	maxSecrets = 200

	selectSecrets = "SELECT app_id, name, sealed, created_at, updated_at FROM secrets"
	upsertSecret  = "INSERT INTO secrets (app_id, name, sealed, created_at, updated_at) VALUES (?, ?, ?, ?, ?)" +
		" ON CONFLICT (app_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at"
)

// secretName is one secret of one app.
type secretName struct {
	app  uuid.UUID
	name string
}

func scanSecret(r row) (AppSecret, error) {
	return AppSecret{app: r.id(0), Name: r.text(1), sealed: r.blob(2), CreatedAt: r.time(3), UpdatedAt: r.time(4)}, nil
}

// secretTarget names a secret in the audit; it has no id but its name.
func secretTarget(app uuid.UUID, name string) Target {
	return Target{Kind: "secret", Name: name, App: &app}
}

func checkSecret(name, value string) error {
	if !isName(name) {
		return Errorf(KindInvalid, "invalid_name", "a secret's name is 1 to %d letters, digits, dots, hyphens and underscores", maxNameBytes)
	}
	if len(value) < 1 || len(value) > maxSecretBytes {
		return Errorf(KindInvalid, "invalid_value", "a secret's value must be 1 to %d bytes long", maxSecretBytes)
	}
	return nil
}

// SetAppSecret seals a value under a name, in place of the one before.
// KindInvalid "invalid_name", "invalid_value" or "too_many_secrets".
func (s *Store) SetAppSecret(ctx context.Context, appID uuid.UUID, name, value string) (AppSecret, error) {
	if err := checkSecret(name, value); err != nil {
		return AppSecret{}, err
	}
	return write(ctx, s, true, func(t *transaction) (AppSecret, error) {
		if _, err := app(t, appID); err != nil {
			return AppSecret{}, err
		}
		made := AppSecret{app: appID, Name: name, CreatedAt: t.at, UpdatedAt: t.at}
		old, err := secret(t, appID, name)
		switch {
		case err == nil:
			made.CreatedAt = old.CreatedAt
		case !errors.Is(err, errNoRow):
			return AppSecret{}, err
		default:
			if err := refuseMoreSecrets(t, appID); err != nil {
				return AppSecret{}, err
			}
		}
		made.sealed = s.secrets.seal([]byte(value), secretPlace(appID, name))
		t.touch(secretTarget(appID, name))
		t.changedCatalog = true
		_, err = t.exec(upsertSecret, appID, name, made.sealed, made.CreatedAt, made.UpdatedAt)
		return made, err
	})
}

func refuseMoreSecrets(t *transaction, app uuid.UUID) error {
	n, err := t.count("SELECT count(*) FROM secrets WHERE app_id = ?", app)
	if err == nil && n >= maxSecrets {
		return Errorf(KindInvalid, "too_many_secrets", "an app has %d secrets at most; delete some first", maxSecrets)
	}
	return err
}

// secret returns errNoRow when the app has none of that name.
func secret(t *transaction, app uuid.UUID, name string) (AppSecret, error) {
	r, err := t.first(selectSecrets+" WHERE app_id = ? AND name = ?", app, name)
	if err != nil {
		return AppSecret{}, err
	}
	return scanSecret(r)
}

// AppSecrets lists an app's secrets by name.
func (s *Store) AppSecrets(_ context.Context, app uuid.UUID, page PageRequest) (Page[AppSecret], error) {
	own := keep(s.Catalog().secretList, func(each *AppSecret) bool { return each.app == app })
	return pageOf(s, "secrets "+app.String(), page, own, func(each *AppSecret) string { return each.Name })
}

// DeleteAppSecret refuses (conflict "has_dependents", details.dependents)
// while a route's guard uses the secret.
func (s *Store) DeleteAppSecret(ctx context.Context, appID uuid.UUID, name string) error {
	return s.change(ctx, func(t *transaction) error {
		routes, err := collect(t, scanRoute, selectRoutes+" WHERE app_id = ?", appID)
		if err != nil {
			return err
		}
		var dependents []Dependent
		for _, each := range routes {
			if each.Verify != nil && each.Verify.Secret == name {
				dependents = append(dependents, Dependent{Type: "route", ID: each.ID, Name: each.Method + " " + each.Host + each.Path})
			}
		}
		if len(dependents) > 0 {
			return &Error{Kind: KindConflict, Code: "has_dependents", Details: map[string]any{"dependents": dependents},
				Message: "the guards of routes use the secret " + name + "; change those first"}
		}
		t.touch(secretTarget(appID, name))
		t.changedCatalog = true
		n, err := t.exec("DELETE FROM secrets WHERE app_id = ? AND name = ?", appID, name)
		return mustChange(n, err, "secret")
	})
}

// OpenAppSecret returns the value of an app's secret, from memory: KindNotFound
// "missing_secret" when there is none of that name, KindInternal when what is
// stored was changed by someone else.
func (s *Store) OpenAppSecret(app uuid.UUID, name string) (string, error) {
	found := s.Catalog().secrets[secretName{app, name}]
	if found == nil {
		return "", missingSecret(KindNotFound, name)
	}
	value, err := s.secrets.open(found.sealed, secretPlace(app, name))
	if err != nil {
		return "", internalError("opening the secret "+name, err)
	}
	return string(value), nil
}

func missingSecret(kind Kind, name string) *Error {
	failure := Errorf(kind, "missing_secret", "the app has no secret called %q", name)
	failure.Details = map[string]any{"secret": name}
	return failure
}

// HasSecret reports whether an app has a secret of that name.
func (c *Catalog) HasSecret(app uuid.UUID, name string) bool {
	return c.secrets[secretName{app, name}] != nil
}

// addSecrets puts the secrets, in their sealed form, into the catalog.
func (c *Catalog) addSecrets(secrets []*AppSecret) {
	c.secretList = secrets
	c.secrets = make(map[secretName]*AppSecret, len(secrets))
	for _, each := range secrets {
		c.secrets[secretName{each.app, each.Name}] = each
	}
	slices.SortFunc(c.secretList, func(a, b *AppSecret) int { return strings.Compare(a.Name, b.Name) })
}

func loadSecrets(t *transaction, c *Catalog) error {
	secrets, err := collect(t, scanSecret, selectSecrets)
	if err != nil {
		return fmt.Errorf("reading the secrets: %w", err)
	}
	c.addSecrets(secrets)
	return nil
}
