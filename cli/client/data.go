package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"picloud/store"
)

// KVCollections lists an app's collections of entries.
func (c *Client) KVCollections(ctx context.Context, app string) ([]store.Collection, error) {
	return list[store.Collection](ctx, c, path("apps/", app, "/kv"), nil, 0)
}

// KVEntries lists a collection's entries whose keys begin with prefix.
func (c *Client) KVEntries(ctx context.Context, app, collection, prefix string) ([]store.KVEntry, error) {
	query := url.Values{}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	return list[store.KVEntry](ctx, c, path("apps/", app, "/kv/", collection), query, 0)
}

// KVEntry returns an entry.
func (c *Client) KVEntry(ctx context.Context, app, collection, key string) (store.KVEntry, error) {
	return get[store.KVEntry](ctx, c, path("apps/", app, "/kv/", collection, "/", key))
}

// KVDraft is a value to store. IfVersion refuses when the entry has another
// version; 0 stands for no entry.
type KVDraft struct {
	Value     json.RawMessage `json:"value"`
	TTLS      *float64        `json:"ttl_s,omitempty"`
	IfVersion *int64          `json:"if_version,omitempty"`
}

// SetKV stores a value.
func (c *Client) SetKV(ctx context.Context, app, collection, key string, draft KVDraft) (store.KVEntry, error) {
	return send[store.KVEntry](ctx, c, http.MethodPut, path("apps/", app, "/kv/", collection, "/", key), draft)
}

// DeleteKV deletes an entry.
func (c *Client) DeleteKV(ctx context.Context, app, collection, key string) error {
	return c.remove(ctx, path("apps/", app, "/kv/", collection, "/", key))
}

// DocumentCollections lists an app's collections of documents.
func (c *Client) DocumentCollections(ctx context.Context, app string) ([]store.Collection, error) {
	return list[store.Collection](ctx, c, path("apps/", app, "/docs"), nil, 0)
}

// Documents lists a collection's documents.
func (c *Client) Documents(ctx context.Context, app, collection string) ([]store.Document, error) {
	return list[store.Document](ctx, c, path("apps/", app, "/docs/", collection), nil, 0)
}

// Document returns a document.
func (c *Client) Document(ctx context.Context, app, collection, id string) (store.Document, error) {
	return get[store.Document](ctx, c, path("apps/", app, "/docs/", collection, "/", id))
}

// DocumentDraft is a new document; without an ID it gets one.
type DocumentDraft struct {
	Data json.RawMessage `json:"data"`
	ID   *string         `json:"id,omitempty"`
}

// CreateDocument makes a document.
func (c *Client) CreateDocument(ctx context.Context, app, collection string, draft DocumentDraft) (store.Document, error) {
	return send[store.Document](ctx, c, http.MethodPost, path("apps/", app, "/docs/", collection), draft)
}

// DocumentChange is a document's new contents. Rev refuses when it has another.
type DocumentChange struct {
	Data json.RawMessage `json:"data"`
	Rev  *int64          `json:"rev,omitempty"`
}

// PutDocument replaces a document.
func (c *Client) PutDocument(ctx context.Context, app, collection, id string, change DocumentChange) (store.Document, error) {
	return send[store.Document](ctx, c, http.MethodPut, path("apps/", app, "/docs/", collection, "/", id), change)
}

// DeleteDocument deletes a document.
func (c *Client) DeleteDocument(ctx context.Context, app, collection, id string) error {
	return c.remove(ctx, path("apps/", app, "/docs/", collection, "/", id))
}

// DocumentQuery asks for documents; the parts are JSON as the API takes them.
type DocumentQuery struct {
	Where  json.RawMessage `json:"where,omitempty"`
	Sort   json.RawMessage `json:"sort,omitempty"`
	Limit  int             `json:"limit,omitempty"`
	Fields json.RawMessage `json:"fields,omitempty"`
}

// QueryDocuments returns the first page of what a query finds.
func (c *Client) QueryDocuments(ctx context.Context, app, collection string, query DocumentQuery) (store.Page[store.Document], error) {
	return send[store.Page[store.Document]](ctx, c, http.MethodPost, path("apps/", app, "/docs/", collection, "/query"), query)
}
