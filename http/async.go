package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"

	"picloud/runtime"
	"picloud/store"
)

// acceptedAnswer is the answer of an asynchronous route.
type acceptedAnswer struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// acceptRequest takes a request of an asynchronous route: 202 once it is on the
// card; its script runs afterwards, with retries (spec 2, "Routing"). A secret
// that its sender had to show is not kept with it.
func (s *Server) acceptRequest(route *store.Route, invocation *runtime.Invocation) (*runtime.Result, error) {
	request := invocation.Guarded.Masked(invocation.Request)
	stored := store.AsyncRequest{
		RequestID: invocation.RequestID, RouteID: route.ID, Method: request.Method, Path: request.Path, RawTarget: request.RawTarget, Host: request.Host,
		Scheme: request.Scheme, RemoteIP: request.RemoteIP, Headers: request.Header, Query: request.RawQuery,
		Params: make([][2]string, 0, len(request.Params)), Rest: request.Rest, Body: request.Body,
	}
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
	return &runtime.Result{Status: nethttp.StatusAccepted, Header: jsonHeader, Body: append(body, '\n')}, err
}

// jsonHeader is what answer sends with each JSON.
var jsonHeader = []store.HeaderField{
	{Name: "Cache-Control", Value: "no-store"}, {Name: "Content-Type", Value: "application/json"}, {Name: "X-Content-Type-Options", Value: "nosniff"},
}
