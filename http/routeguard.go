package http

import (
	"fmt"
	"log/slog"
	nethttp "net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/runtime/signature"
	"picloud/store"
)

// The codes of the guards, in answers and records (spec 8, "Guards").
const (
	codeBadSignature = "bad_signature"
	codeStale        = "stale_webhook"
	codeDuplicate    = "duplicate_webhook"
	codeNotLocal     = "not_local"
	codeRateLimited  = "rate_limited"
)

// routeGuard is the guards of one route made ready, with what they remember of
// the requests so far. Nothing of them is read again for a request.
type routeGuard struct {
	route   uuid.UUID
	async   bool // the route's requests are accepted, not run
	guards  store.RouteGuards
	scheme  *signature.Scheme // nil without verify
	limiter *rateLimiter      // nil without rate_limit
	// deliveryID finds the id of a delivery; nil without dedupe.
	deliveryID func(*signature.Message) (string, bool)
	running    firstDeliveries
	records    recordBudget
}

func newRouteGuard(route *store.Route, now time.Time) (g *routeGuard, err error) {
	g = &routeGuard{route: route.ID, async: route.DispatchMode == dispatchAsync, guards: route.RouteGuards, records: newRecordBudget(now)}
	if g.guards.Verify != nil {
		if g.scheme, err = schemeOf(g.guards.Verify); err != nil {
			return nil, err
		}
	}
	if g.guards.Dedupe != nil {
		if g.deliveryID, err = deliveryIDFrom(g.guards.Dedupe.From); err != nil {
			return nil, err
		}
	}
	if g.guards.RateLimit != nil {
		g.limiter = newRateLimiter(g.guards.RateLimit)
	}
	return g, nil
}

// refusal is why a guard turns a request away. Detail is for the record; the
// sender learns the code alone.
type refusal struct {
	code, detail string
	wait         time.Duration // until the next one may come, with rate_limited
}

// knock is the guards that need only the head of a request: what they refuse
// costs no body. It returns nil when the request may go on.
func (s *Server) knock(g *routeGuard, r *nethttp.Request) *refusal {
	address := s.clientAddress(r)
	if g.guards.LocalOnly {
		if detail := s.notLocal(r, address); detail != "" {
			return &refusal{code: codeNotLocal, detail: detail}
		}
	}
	if g.limiter != nil {
		if wait := g.limiter.take(address, s.config.Now()); wait > 0 {
			return &refusal{code: codeRateLimited, detail: fmt.Sprintf("more than %d requests a minute", g.guards.RateLimit.PerMinute), wait: wait}
		}
	}
	return nil
}

// notLocal says why a request does not come from the local network; "" when it
// does. Through a proxy that is not trusted the address says nothing: a tunnel
// on this very machine would make the whole world local.
func (s *Server) notLocal(r *nethttp.Request, address netip.Addr) string {
	if !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast() {
		return "the address is not of the local network"
	}
	if s.trusted(peerAddress(r.RemoteAddr)) {
		return ""
	}
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Cf-Connecting-Ip"} {
		if r.Header[name] != nil {
			return "it came through a proxy that PICLOUD_TRUSTED_PROXIES does not name (" + name + ")"
		}
	}
	return ""
}

// runGuarded answers a request that was let in: it verifies the sender, folds
// repeats and runs the script.
func (s *Server) runGuarded(c echo.Context, g *routeGuard, invocation *runtime.Invocation) error {
	request := invocation.Request
	message := &signature.Message{Header: request.Header, Query: request.RawQuery, Body: request.Body}
	invocation.Guarded = &runtime.Guarded{}
	if g.scheme != nil {
		refused, err := s.verify(g, invocation, message)
		if err != nil {
			return err
		}
		if refused != nil {
			return s.refuse(c, g, invocation, refused)
		}
	}
	if g.deliveryID == nil {
		return s.passOn(c, g, invocation)
	}
	id, found := g.deliveryID(message)
	if !found {
		invocation.Guarded.Notes = append(invocation.Guarded.Notes, "there is no id at "+g.guards.Dedupe.From+", so repeats of this request cannot be folded")
		return s.passOn(c, g, invocation)
	}
	return s.runOnce(c, g, g.guards.Dedupe.From+"\x00"+id, invocation)
}

// passOn answers a request that every guard has let pass.
func (s *Server) passOn(c echo.Context, g *routeGuard, invocation *runtime.Invocation) error {
	result, err := s.outcome(c, g, invocation)
	if err != nil {
		return err
	}
	return s.sendOutcome(c, result)
}

// outcome runs a request, or accepts it for later where the route says so.
func (s *Server) outcome(c echo.Context, g *routeGuard, invocation *runtime.Invocation) (*runtime.Result, error) {
	if g.async {
		return s.acceptRequest(g.route, invocation)
	}
	return s.run(c, invocation), nil
}

// verify checks who sent the request. The secret comes sealed from memory; one
// that does not open is a failure of ours, and lets nobody in.
func (s *Server) verify(g *routeGuard, invocation *runtime.Invocation, message *signature.Message) (*refusal, error) {
	secret, err := s.openSecret(g, invocation)
	if err != nil && store.KindOf(err) == store.KindNotFound {
		return &refusal{code: codeBadSignature, detail: err.Error()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify a webhook: %w", err)
	}
	result := g.scheme.Verify(message, secret, s.config.Now())
	switch {
	case result.Verdict == signature.Good:
		return nil, nil
	case result.Verdict == signature.Bad:
		return &refusal{code: codeBadSignature, detail: result.Reason}, nil
	case s.engine.ClockSynchronised():
		return &refusal{code: codeStale, detail: result.Reason}, nil
	}
	invocation.Guarded.Notes = append(invocation.Guarded.Notes, "the clock is not synchronised, so this webhook was let in although "+result.Reason)
	return nil, nil
}

// openSecret opens the secret of verify. One that the request repeats is hidden
// from its record.
func (s *Server) openSecret(g *routeGuard, invocation *runtime.Invocation) (string, error) {
	name := g.guards.Verify.Secret
	value, err := s.store.OpenAppSecret(invocation.Script.AppID, name)
	if err == nil && g.scheme.SendsSecret() {
		invocation.Guarded.Secrets = append(invocation.Guarded.Secrets, runtime.Secret{Name: name, Value: value})
	}
	return value, err
}

// turnAway refuses a request before its body is read.
func (s *Server) turnAway(c echo.Context, g *routeGuard, script *store.Script, why *refusal) error {
	path, _ := escapedPath(c.Request()) // it has one: a route matched it
	invocation, err := s.invocationHead(c, script, path)
	if err != nil {
		return err
	}
	invocation.Kind = runtime.KindHTTP
	return s.refuse(c, g, invocation, why)
}

// refuse records a request that a guard turned away, and answers it.
func (s *Server) refuse(c echo.Context, g *routeGuard, invocation *runtime.Invocation, why *refusal) error {
	entry := catalogue[why.code]
	failure := &store.Error{Code: why.code, Message: entry.When, Details: map[string]any{}}
	if id := s.recordRefusal(c, g, invocation, runtime.Rejection{Code: why.code, Message: why.detail, Status: entry.Status}); id != uuid.Nil {
		failure.Details["execution_id"] = id.String()
	}
	if why.wait > 0 {
		failure.Details["retry_after_s"] = int((why.wait + time.Second - 1) / time.Second)
	}
	if why.code == codeBadSignature && g.scheme.NeedsBasic() {
		c.Response().Header().Set("WWW-Authenticate", `Basic realm="PiCloud", charset="UTF-8"`)
	}
	return writeError(c, entry.Status, failure)
}

// recordRefusal leaves an execution record unless the route has left too many;
// the next one says how many are missing.
func (s *Server) recordRefusal(c echo.Context, g *routeGuard, invocation *runtime.Invocation, why runtime.Rejection) uuid.UUID {
	skipped, allowed := g.records.spend(s.config.Now())
	if !allowed {
		return uuid.Nil
	}
	if skipped > 0 {
		why.Message += fmt.Sprintf(" (%d requests before this one were turned away without a record)", skipped)
	}
	if invocation.Guarded == nil && g.scheme != nil && g.scheme.SendsSecret() { // it was refused before the sender was verified
		invocation.Guarded = &runtime.Guarded{}
		if _, err := s.openSecret(g, invocation); err != nil {
			s.logger.Warn("a guard's secret cannot be opened", slog.String("route_id", g.route.String()), slog.String("error", err.Error()))
		}
	}
	return s.engine.Reject(invocation, why)
}
