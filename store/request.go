package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
)

// AsyncRequest is a request that an asynchronous route has accepted: all that
// its script will see, free of the platform's credentials.
type AsyncRequest struct {
	RequestID string              `json:"request_id"`
	RouteID   uuid.UUID           `json:"route_id"`
	Method    string              `json:"method"`
	Path      string              `json:"path"` // as received, escaped
	RawTarget string              `json:"raw_target"`
	Host      string              `json:"host"`
	Scheme    string              `json:"scheme"`
	RemoteIP  string              `json:"remote_ip"`
	Headers   map[string][]string `json:"headers"`
	Query     string              `json:"query"`
	Params    [][2]string         `json:"params"` // name and value, in the order of the path
	Rest      string              `json:"rest"`
	Hops      int                 `json:"hops,omitempty"`  // runs that led to the request
	Notes     []string            `json:"notes,omitempty"` // what the record of its run should say
	Body      []byte              `json:"-"`               // has a column of its own
}

// AcceptRequest queues a request for a script and returns the delivery's id
// once that is on the card. Limit "outbox_full".
func (s *Store) AcceptRequest(ctx context.Context, target *Script, request AsyncRequest) (uuid.UUID, error) {
	data, err := json.Marshal(request)
	if err != nil {
		return uuid.Nil, err
	}
	return write(because(ctx, CauseEvents), s, true, func(t *transaction) (uuid.UUID, error) {
		event := newEvent{id: s.newID(), app: target.AppID, kind: KindRequest, depth: request.Hops + 1, data: data, body: request.Body}
		return s.put(t, event, PendingDelivery{App: target.AppID, Script: target.ID})
	})
}

// DecodeRequest reads the request of an event of KindRequest.
func DecodeRequest(event *Event) (AsyncRequest, error) {
	var request AsyncRequest
	err := json.Unmarshal(event.Data, &request)
	request.Body = event.Body
	return request, err
}
