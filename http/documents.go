package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	nethttp "net/http"
	"time"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// maxDocumentBody caps a body with a document in it: the document at its
// largest, with white space and what is around it.
const maxDocumentBody = 2 << 20

// maxQueryTime is how long a query may take, as long as a script by default:
// meanwhile it holds what queries of others wait for.
const maxQueryTime = 10 * time.Second

// documentDraft is the body of POST apps/{app}/docs/{collection}.
type documentDraft struct {
	Data json.RawMessage `json:"data" jsonschema:"required" example:"{\"temp\":21.5}"` // a JSON object of up to 1 MiB
	ID   *string         `json:"id"`                                                   // 1 to 512 bytes; null: it gets a UUID
}

// documentChange is the body of PUT apps/{app}/docs/{collection}/{id}.
type documentChange struct {
	Data json.RawMessage `json:"data" jsonschema:"required" example:"{\"temp\":22}"` // a JSON object of up to 1 MiB
	Rev  *int64          `json:"rev" example:"1"`                                    // only if the document has this rev; 0: only if there is none
}

// documentQuery is the body of POST apps/{app}/docs/{collection}/query. The
// store reads its parts.
type documentQuery struct {
	Where  json.RawMessage `json:"where,omitempty" example:"{\"temp\":{\"gt\":20}}"` // what the documents are like, as in docs.find of the SDK
	Sort   json.RawMessage `json:"sort,omitempty"`                                   // up to four fields, "-" before one for the other way round
	Limit  json.RawMessage `json:"limit,omitempty" example:"10"`                     // 1 to 200 documents
	Cursor json.RawMessage `json:"cursor,omitempty"`                                 // next_cursor of the page before
	Fields json.RawMessage `json:"fields,omitempty"`                                 // the fields to show; all when left out
}

func (s *Server) listDocumentCollections(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	collections, err := s.store.DocumentCollections(c.Request().Context(), by.app.ID, page)
	if err != nil {
		return fmt.Errorf("list document collections: %w", err)
	}
	return answer(c, nethttp.StatusOK, collections)
}

// listDocuments lists a collection in the order of its ids.
func (s *Server) listDocuments(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	return s.answerQuery(c, by, &store.DocumentQuery{Limit: page.Limit, Cursor: page.Cursor})
}

func (s *Server) queryDocuments(c echo.Context, by principal) error {
	var body documentQuery
	if err := bind(c, &body); err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("query documents: %w", err)
	}
	query, err := store.ParseDocumentQuery(text, maxPageItems)
	if err != nil {
		return fmt.Errorf("query documents: %w", err)
	}
	return s.answerQuery(c, by, query)
}

func (s *Server) answerQuery(c echo.Context, by principal, query *store.DocumentQuery) error {
	key, err := pathDocuments(c, by)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.queryTime)
	defer cancel()
	documents, _, err := s.store.FindDocuments(ctx, key.App, key.Collection, query)
	if errors.Is(err, context.DeadlineExceeded) {
		return store.Errorf(store.KindLimit, "query_too_slow", "the query took over %s; declare an index on what it compares (docs:ensure_index), or ask for less", s.queryTime)
	}
	if err != nil {
		return fmt.Errorf("query documents: %w", err)
	}
	return answer(c, nethttp.StatusOK, documents)
}

func (s *Server) createDocument(c echo.Context, by principal) error {
	key, err := pathDocuments(c, by)
	if err != nil {
		return err
	}
	var body documentDraft
	if err := bindUpTo(c, maxDocumentBody, &body); err != nil {
		return err
	}
	data, err := dataField("data", body.Data)
	if err != nil {
		return err
	}
	if body.ID != nil {
		if err := store.CheckKey(*body.ID); err != nil {
			return err
		}
		key.ID = *body.ID
	}
	document, err := s.store.InsertDocument(c.Request().Context(), key, store.DocumentWrite{Data: data})
	if err != nil {
		return fmt.Errorf("create document: %w", err)
	}
	return answer(c, nethttp.StatusCreated, document)
}

func (s *Server) showDocument(c echo.Context, by principal) error {
	key, err := pathDocument(c, by)
	if err != nil {
		return err
	}
	document, err := s.store.Document(c.Request().Context(), key)
	if err != nil {
		return fmt.Errorf("show document: %w", err)
	}
	if document == nil {
		return notFound("document")
	}
	return answer(c, nethttp.StatusOK, document)
}

func (s *Server) putDocument(c echo.Context, by principal) error {
	key, err := pathDocument(c, by)
	if err != nil {
		return err
	}
	var body documentChange
	if err := bindUpTo(c, maxDocumentBody, &body); err != nil {
		return err
	}
	data, err := dataField("data", body.Data)
	if err != nil {
		return err
	}
	document, err := s.store.ReplaceDocument(c.Request().Context(), key, store.DocumentWrite{Data: data, IfRev: body.Rev})
	if err != nil {
		return fmt.Errorf("put document: %w", err)
	}
	return answer(c, nethttp.StatusOK, document)
}

// deleteDocument takes ?rev=.
func (s *Server) deleteDocument(c echo.Context, by principal) error {
	key, err := pathDocument(c, by)
	if err != nil {
		return err
	}
	rev, err := queryVersion(c, "rev")
	if err != nil {
		return err
	}
	there, err := s.store.DeleteDocument(c.Request().Context(), key, store.DocumentDeletion{IfRev: rev})
	if err != nil {
		return fmt.Errorf("delete document: %w", err)
	}
	if !there {
		return notFound("document")
	}
	return answerNothing(c)
}

// pathDocuments returns the collection that the path names, as a key without an id.
func pathDocuments(c echo.Context, by principal) (store.DocumentKey, error) {
	collection, err := pathText(c, "collection")
	return store.DocumentKey{App: by.app.ID, Collection: collection}, err
}

func pathDocument(c echo.Context, by principal) (store.DocumentKey, error) {
	key, err := pathDocuments(c, by)
	if err != nil {
		return key, err
	}
	key.ID, err = pathText(c, "id")
	return key, err
}
