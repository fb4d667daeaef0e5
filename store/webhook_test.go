package store

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func guardedStore(t *testing.T) (s *Store, clock *testClock, app uuid.UUID, route Route) {
	t.Helper()
	clock = newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s = openTest(t, config)
	app = testApp(t, s, "home").ID
	script := testScript(t, s, app, "hook", ScriptEndpoint)
	route = must[Route](t)(s.CreateRoute(t.Context(), script.ID, RouteDraft{Method: "POST", Path: "/h"}, never))
	return s, clock, app, route
}

func TestFirstWebhook(t *testing.T) {
	t.Parallel()
	s, clock, app, _ := guardedStore(t)
	other := testApp(t, s, "other").ID
	first := func(app uuid.UUID, id string) bool {
		t.Helper()
		return must[bool](t)(s.FirstWebhook(t.Context(), app, id, time.Hour))
	}
	for i, got := range []bool{first(app, "1"), !first(app, "1"), first(other, "1"), first(app, "2"), first(app, strings.Repeat("x", 5000))} {
		if !got {
			t.Errorf("wrong answer %d", i)
		}
	}
	written := s.WriterStats().Operations
	if first(app, "1"); s.WriterStats().Operations != written {
		t.Error("a repeat was written")
	}
	clock.step(time.Hour - time.Millisecond)
	if first(app, "1") {
		t.Error("the id was forgotten too early")
	}
	clock.step(time.Millisecond)
	if !first(app, "1") {
		t.Error("the id was remembered too long")
	}
}

func TestFirstWebhookOfManyIsOne(t *testing.T) {
	t.Parallel()
	s, _, app, _ := guardedStore(t)
	for round := range 50 {
		var group sync.WaitGroup
		var mutex sync.Mutex
		firsts := 0
		for range 8 {
			group.Go(func() {
				first, err := s.FirstWebhook(t.Context(), app, strconv.Itoa(round), time.Hour)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts++
				}
			})
		}
		if group.Wait(); firsts != 1 {
			t.Fatalf("%d were the first", firsts)
		}
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	s, clock, _, route := guardedStore(t)
	answer := WebhookAnswer{Status: 201, Header: []HeaderField{{"X-A", "1"}}, Body: []byte("\x00\xff made")}
	noError(t, s.RememberWebhook(t.Context(), route.ID, "1", answer, time.Hour))
	if got := must[*WebhookAnswer](t)(s.WebhookAnswer(t.Context(), route.ID, "1")); got == nil || !cmp.Equal(*got, answer) {
		t.Errorf("the answer is %+v", got)
	}
	large := WebhookAnswer{Status: 200, Body: make([]byte, maxAnswerBytes+1)}
	noError(t, s.RememberWebhook(t.Context(), route.ID, "2", large, time.Hour))
	if got := must[*WebhookAnswer](t)(s.WebhookAnswer(t.Context(), route.ID, "2")); got.Status != 200 || len(got.Body) != 0 {
		t.Errorf("a large answer is %d bytes", len(got.Body))
	}
	if got := must[*WebhookAnswer](t)(s.WebhookAnswer(t.Context(), route.ID, "3")); got != nil {
		t.Errorf("an unknown id has %+v", got)
	}
	clock.step(time.Hour)
	if got := must[*WebhookAnswer](t)(s.WebhookAnswer(t.Context(), route.ID, "1")); got != nil {
		t.Errorf("an old answer is given: %+v", got)
	}
	noError(t, s.RememberWebhook(t.Context(), route.ID, "1", answer, time.Hour))
	noError(t, s.DeleteRoute(t.Context(), route.ID))
	noError(t, s.RememberWebhook(t.Context(), route.ID, "4", answer, time.Hour))
	if n := rows(t, s, "SELECT count(*) FROM webhook_answers"); n != 0 {
		t.Errorf("a deleted route has %d answers", n)
	}
}

func rows(t *testing.T, s *Store, query string) int64 {
	t.Helper()
	return must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) { return tx.count(query) }))
}

func TestASwappedAnswerIsNotGiven(t *testing.T) {
	t.Parallel()
	s, _, _, route := guardedStore(t)
	for _, id := range []string{"1", "2"} {
		noError(t, s.RememberWebhook(t.Context(), route.ID, id, WebhookAnswer{Status: 200, Body: []byte(id)}, time.Hour))
	}
	must[int64](t)(write(t.Context(), s, true, func(tx *transaction) (int64, error) {
		return tx.exec("UPDATE webhook_answers SET sealed = (SELECT sealed FROM webhook_answers WHERE id_hash = ?)", hashOf("1"))
	}))
	_, err := s.WebhookAnswer(t.Context(), route.ID, "2")
	wantCode(t, err, KindInternal, "internal")
}

func TestTrimWebhooks(t *testing.T) {
	t.Parallel()
	s, clock, app, route := guardedStore(t)
	fill := func(ids, answers int) {
		must[int64](t)(write(t.Context(), s, true, func(tx *transaction) (int64, error) {
			for i := range ids {
				if _, err := tx.exec(upsertWebhookID, app, hashOf(strconv.Itoa(i)), tx.at+Time(i)+1, tx.at); err != nil {
					return 0, err
				}
			}
			for i := range answers {
				if _, err := tx.exec(upsertAnswer, route.ID, hashOf(strconv.Itoa(i)), tx.at+Time(i)+1, []byte{1}); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}))
	}
	fill(2500, rememberedAnswers.most+1500)
	noError(t, s.TrimWebhooks(t.Context()))
	if ids, answers := rows(t, s, "SELECT count(*) FROM webhook_ids"), rows(t, s, "SELECT count(*) FROM webhook_answers"); ids != 2500 || answers != int64(rememberedAnswers.most) {
		t.Errorf("%d ids and %d answers are left", ids, answers)
	}
	if oldest := rows(t, s, "SELECT min(expires_at) FROM webhook_answers"); oldest != int64(TimeOf(clock.now()))+1501 {
		t.Errorf("the oldest that is left expires at %d", oldest)
	}
	clock.step(2 * time.Second)
	noError(t, s.TrimWebhooks(t.Context()))
	if ids := rows(t, s, "SELECT count(*) FROM webhook_ids"); ids != 500 {
		t.Errorf("%d ids are left", ids)
	}
	written := s.WriterStats().Operations
	if noError(t, s.TrimWebhooks(t.Context())); s.WriterStats().Operations != written {
		t.Error("a trim of nothing was written")
	}
}

// A flood of deliveries is bounded between the janitor's rounds too.
func TestAnswersOfOneRouteAreBounded(t *testing.T) {
	t.Parallel()
	s, _, _, route := guardedStore(t)
	must[int64](t)(write(t.Context(), s, true, func(tx *transaction) (int64, error) {
		for i := range rememberedAnswers.most {
			if _, err := tx.exec(upsertAnswer, route.ID, hashOf(strconv.Itoa(i)), tx.at+Time(i)+1, []byte{1}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}))
	for i := range trimAnswersEvery {
		noError(t, s.RememberWebhook(t.Context(), route.ID, "new"+strconv.Itoa(i), WebhookAnswer{Status: 200}, time.Hour))
	}
	if n := rows(t, s, "SELECT count(*) FROM webhook_answers"); n >= int64(rememberedAnswers.most)+trimAnswersEvery {
		t.Errorf("%d answers", n)
	}
}

func TestGuardsOfARoute(t *testing.T) {
	t.Parallel()
	s, _, app, route := guardedStore(t)
	if route.Guarded() {
		t.Error("a route without guards is guarded")
	}
	guards := RouteGuards{Verify: &Verification{Provider: "github", Secret: "TOKEN"}, LocalOnly: true,
		Dedupe: &Deduplication{From: "header:X-Id", TTLS: 60}, RateLimit: &RateLimit{PerMinute: 5, Burst: 5, Key: "ip"}}
	_, err := s.UpdateRoute(t.Context(), route.ID, RouteChange{Verify: &guards.Verify, Dedupe: &guards.Dedupe, LocalOnly: &guards.LocalOnly, RateLimit: &guards.RateLimit}, never)
	if failure := wantCode(t, err, KindInvalid, "missing_secret"); failure.Details["field"] != "verify.secret" {
		t.Errorf("the details are %v", failure.Details)
	}
	must[AppSecret](t)(s.SetAppSecret(t.Context(), app, "TOKEN", secretValue))
	must[Route](t)(s.UpdateRoute(t.Context(), route.ID, RouteChange{Verify: &guards.Verify, Dedupe: &guards.Dedupe, LocalOnly: &guards.LocalOnly, RateLimit: &guards.RateLimit}, never))
	stored := must[Route](t)(s.Route(t.Context(), route.ID))
	if !stored.Equal(&guards) || !cmp.Equal(stored.RouteGuards, guards) || !stored.Guarded() {
		t.Errorf("the guards are %+v", stored.RouteGuards)
	}
	other := guards
	other.RateLimit = &RateLimit{PerMinute: 6, Burst: 5, Key: "ip"}
	if stored.Equal(&other) || stored.Equal(&RouteGuards{}) {
		t.Error("different guards are equal")
	}
	refused := wantCode(t, s.DeleteAppSecret(t.Context(), app, "TOKEN"), KindConflict, "has_dependents")
	if dependents, _ := refused.Details["dependents"].([]Dependent); len(dependents) != 1 || dependents[0].ID != route.ID {
		t.Errorf("the dependents are %v", refused.Details)
	}
	must[Route](t)(s.UpdateRoute(t.Context(), route.ID, RouteChange{Verify: ptr[*Verification](nil)}, never))
	noError(t, s.DeleteAppSecret(t.Context(), app, "TOKEN"))
}
