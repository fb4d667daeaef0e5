package http

import (
	"encoding/json"
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

// accept answers a request of an asynchronous route.
func (s *Server) accept(c echo.Context, route uuid.UUID, invocation *runtime.Invocation) error {
	result, err := s.acceptRequest(route, invocation)
	if err != nil {
		return err
	}
	return s.sendOutcome(c, result)
}

// acceptRequest keeps a request for its script, which runs afterwards, with
// retries. The answer, 202, is made once the request is on the card (spec 2,
// "Routing"). A secret that its sender had to show is not kept with it.
func (s *Server) acceptRequest(route uuid.UUID, invocation *runtime.Invocation) (*runtime.Result, error) {
	request := invocation.Guarded.Masked(invocation.Request)
	stored := store.AsyncRequest{
		RequestID: invocation.RequestID, RouteID: route, Method: request.Method, Path: request.Path, RawTarget: request.RawTarget, Host: request.Host,
		Scheme: request.Scheme, RemoteIP: request.RemoteIP, Headers: request.Header, Query: request.RawQuery,
		Params: make([][2]string, 0, len(request.Params)), Rest: request.Rest, Body: request.Body, Hops: request.Hops,
	}
	stored.Notes = invocation.Notes()
	for _, param := range request.Params {
		stored.Params = append(stored.Params, [2]string{param.Name, param.Value})
	}
	// Not the request's context: a device that hangs up after its last byte has
	// sent all the same.
	id, err := s.store.AcceptRequest(s.runs, invocation.Script, stored)
	if err != nil {
		return nil, fmt.Errorf("accept request: %w", err)
	}
	body, err := json.Marshal(acceptedAnswer{DeliveryID: id})
	if err != nil {
		return nil, fmt.Errorf("accept request: %w", err)
	}
	return &runtime.Result{Status: nethttp.StatusAccepted, Body: append(body, '\n'),
		Header: []store.HeaderField{{Name: "content-type", Value: "application/json"}, {Name: "cache-control", Value: "no-store"}}}, nil
}
