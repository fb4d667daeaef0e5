package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// kvDraft is the body of PUT apps/{app}/kv/{collection}/{key}. if_version 0
// stands for "only when there is none".
type kvDraft struct {
	Value     json.RawMessage `json:"value" jsonschema:"required" example:"{\"temp\":21.5}"` // any JSON value of up to 256 KiB
	TTLS      *float64        `json:"ttl_s" example:"3600"`                                  // seconds until it goes, above 0 and at most 100 years; null: it stays
	IfVersion *int64          `json:"if_version"`                                            // only if the entry has this version; 0: only if there is none
}

func (s *Server) listKVCollections(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	collections, err := s.store.KVCollections(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list kv collections: %w", err)
	}
	return answer(c, nethttp.StatusOK, collections)
}

// listKV takes ?prefix= beside limit and cursor.
func (s *Server) listKV(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	collection, err := pathText(c, "collection")
	if err != nil {
		return err
	}
	entries, err := s.store.ListKV(c.Request().Context(), store.KVQuery{
		App: by.app.ID, Collection: collection, Prefix: c.QueryParam("prefix"), Cursor: page.Cursor, Limit: page.Limit,
	})
	if err != nil {
		return fmt.Errorf("list kv: %w", err)
	}
	return answer(c, nethttp.StatusOK, entries)
}

func (s *Server) showKV(c echo.Context, by principal) error {
	key, err := pathKV(c, by)
	if err != nil {
		return err
	}
	entry, err := s.store.KV(c.Request().Context(), key)
	if err != nil {
		return fmt.Errorf("show kv: %w", err)
	}
	if entry == nil {
		return notFound("entry")
	}
	return answer(c, nethttp.StatusOK, entry)
}

func (s *Server) putKV(c echo.Context, by principal) error {
	key, err := pathKV(c, by)
	if err != nil {
		return err
	}
	var body kvDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	draft, err := body.write()
	if err != nil {
		return err
	}
	entry, err := s.store.SetKV(c.Request().Context(), key, draft)
	if err != nil {
		return fmt.Errorf("put kv: %w", err)
	}
	return answer(c, nethttp.StatusOK, entry)
}

func (d *kvDraft) write() (store.KVWrite, error) {
	value, err := dataField("value", d.Value)
	if err != nil {
		return store.KVWrite{}, err
	}
	write := store.KVWrite{Value: value, IfVersion: d.IfVersion}
	if d.TTLS != nil {
		if *d.TTLS <= 0 || *d.TTLS > store.MaxTTL.Seconds() {
			return write, invalidField("ttl_s", "ttl_s is a number of seconds above 0 and at most %.0f", store.MaxTTL.Seconds())
		}
		write.TTL = max(time.Millisecond, time.Duration(*d.TTLS*float64(time.Second)))
	}
	return write, nil
}

// deleteKV takes ?if_version=.
func (s *Server) deleteKV(c echo.Context, by principal) error {
	key, err := pathKV(c, by)
	if err != nil {
		return err
	}
	version, err := queryVersion(c, "if_version")
	if err != nil {
		return err
	}
	there, err := s.store.DeleteKV(c.Request().Context(), key, store.KVDeletion{IfVersion: version})
	if err != nil {
		return fmt.Errorf("delete kv: %w", err)
	}
	if !there {
		return notFound("entry")
	}
	return answerNothing(c)
}

// pathKV returns the key that the path names.
func pathKV(c echo.Context, by principal) (store.KVKey, error) {
	collection, err := pathText(c, "collection")
	if err != nil {
		return store.KVKey{}, err
	}
	key, err := pathText(c, "key")
	return store.KVKey{App: by.app.ID, Collection: collection, Key: key}, err
}

// dataField returns a field with any JSON value in the form in which it is
// stored. The field must be there; null is a value.
func dataField(name string, data json.RawMessage) (json.RawMessage, error) {
	if data == nil {
		return nil, invalidField(name, "%s is missing", name)
	}
	canonical, err := store.CanonicalJSON(data)
	if err != nil {
		failure := *asFailure(err)
		failure.Details = map[string]any{"field": name}
		return nil, &failure
	}
	return canonical, nil
}

// pathText returns a path parameter that is any text. Echo leaves escapes in
// it when the path has any that matter, such as %2F.
func pathText(c echo.Context, name string) (string, error) {
	if c.Request().URL.RawPath == "" {
		return c.Param(name), nil
	}
	text, err := url.PathUnescape(c.Param(name))
	if err != nil {
		return "", badParameter(name, "%s has a malformed percent escape", name)
	}
	return text, nil
}

// queryVersion reads a version or rev; nil when the parameter is absent.
func queryVersion(c echo.Context, name string) (*int64, error) {
	if !c.QueryParams().Has(name) {
		return nil, nil
	}
	version, err := strconv.ParseInt(c.QueryParam(name), 10, 64)
	if err != nil || version < 0 {
		return nil, badParameter(name, "%s is a whole number from 0", name)
	}
	return &version, nil
}
