package http

import (
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

// acceptedAnswer is the answer of an asynchronous route.
type acceptedAnswer struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// acceptRequest answers a request of an asynchronous route: 202 once it is on
// the card; its script runs afterwards, with retries (spec 2, "Routing").
func (s *Server) acceptRequest(c echo.Context, route *store.Route, invocation *runtime.Invocation) error {
	request := invocation.Request
	stored := store.AsyncRequest{
		RequestID: invocation.RequestID, RouteID: route.ID, Method: request.Method, Path: request.Path, RawTarget: request.RawTarget, Host: request.Host,
		Scheme: request.Scheme, RemoteIP: request.RemoteIP, Headers: request.Header, Query: request.RawQuery,
		Params: make([][2]string, 0, len(request.Params)), Rest: request.Rest, Body: request.Body, Hops: request.Hops,
	}
	for _, param := range request.Params {
		stored.Params = append(stored.Params, [2]string{param.Name, param.Value})
	}
	// Not the request's context: a device that hangs up after its last byte has
	// sent all the same.
	id, err := s.store.AcceptRequest(s.runs, invocation.Script, stored)
	if err != nil {
		return fmt.Errorf("accept request: %w", err)
	}
	return answer(c, nethttp.StatusAccepted, acceptedAnswer{DeliveryID: id})
}
