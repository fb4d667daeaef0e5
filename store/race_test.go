package store

import (
	"fmt"
	"testing"
)

// One of those who do the same at once gets it, the others a conflict.
func TestOneWinsARace(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	ann := must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	apps := []App{testApp(t, s, "one"), testApp(t, s, "two")}
	scripts := []Script{testScript(t, s, apps[0].ID, "a", ScriptEndpoint), testScript(t, s, apps[1].ID, "a", ScriptEndpoint)}
	for name, try := range map[string]struct {
		code string
		do   func(round, i int) error
	}{
		"user": {"username_taken", func(round, _ int) error {
			_, err := s.CreateUser(t.Context(), UserDraft{Username: fmt.Sprint("u", round), Role: RoleMember, Highest: RoleOwner})
			return err
		}},
		"app": {"slug_taken", func(round, _ int) error {
			_, err := s.CreateApp(t.Context(), AppDraft{Slug: fmt.Sprint("a", round)})
			return err
		}},
		"script": {"name_taken", func(round, _ int) error {
			_, err := s.CreateScript(t.Context(), apps[0].ID, ScriptDraft{Name: fmt.Sprint("s", round)})
			return err
		}},
		"key": {"name_taken", func(round, i int) error {
			_, err := s.CreateAPIKey(t.Context(), ann.ID, APIKeyDraft{Name: "key", Prefix: fmt.Sprint(round, "-", i), Scopes: Scopes})
			return err
		}},
		"route of two apps": {"route_conflict", func(round, i int) error {
			_, err := s.CreateRoute(t.Context(), scripts[i%2].ID, RouteDraft{Method: "GET", Path: fmt.Sprint("/", round)}, samePath)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for round := range rounds(20, 1000) {
				won := 0
				for _, err := range together(4, func(i int) error { return try.do(round, i) }) {
					if err == nil {
						won++
					} else {
						wantCode(t, err, KindConflict, try.code)
					}
				}
				if won != 1 {
					t.Fatalf("round %d: %d got it", round, won)
				}
				for _, key := range must[Page[APIKey]](t)(s.APIKeys(t.Context(), ann.ID, PageRequest{})).Items {
					noError(t, s.DeleteAPIKey(t.Context(), ann.ID, key.ID))
				}
			}
		})
	}
}
