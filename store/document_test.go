package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func insertDoc(t testing.TB, s *Store, app uuid.UUID, id, data string) *Document {
	t.Helper()
	return must[*Document](t)(s.InsertDocument(t.Context(), DocumentKey{app, "d", id}, DocumentWrite{Data: json.RawMessage(data)}))
}

func parseQuery(t testing.TB, text string) *DocumentQuery {
	t.Helper()
	return must[*DocumentQuery](t)(ParseDocumentQuery([]byte(text), MaxDocumentPage))
}

func TestDocumentRevs(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	key := DocumentKey{app, "d", "one"}
	if made := insertDoc(t, s, app, "one", `{"a":1}`); made.Rev != 1 || made.ID != "one" {
		t.Errorf("inserted %+v", made)
	}
	_, err := s.InsertDocument(t.Context(), key, DocumentWrite{Data: json.RawMessage("{}")})
	wantCode(t, err, KindConflict, "document_exists")
	before := s.WriterStats()
	if same := must[*Document](t)(s.ReplaceDocument(t.Context(), key, DocumentWrite{Data: json.RawMessage(`{"a":1}`)})); same.Rev != 1 {
		t.Errorf("unchanged data has rev %d", same.Rev)
	}
	if after := s.WriterStats(); after.Groups != before.Groups {
		t.Error("unchanged data was written")
	}
	stale := int64(9)
	_, err = s.ReplaceDocument(t.Context(), key, DocumentWrite{Data: json.RawMessage(`{}`), IfRev: &stale})
	if e := wantCode(t, err, KindConflict, "stale_version"); e.Details["rev"] != int64(1) {
		t.Errorf("details are %v", e.Details)
	}
	if there := must[bool](t)(s.DeleteDocument(t.Context(), key, DocumentDeletion{})); !there {
		t.Error("nothing was deleted")
	}
	if again := insertDoc(t, s, app, "one", `{}`); again.Rev != 2 {
		t.Errorf("rev after a deletion is %d, want 2", again.Rev)
	}
	_, err = s.ReplaceDocument(t.Context(), DocumentKey{app, "d", "none"}, DocumentWrite{Data: json.RawMessage(`{}`)})
	wantCode(t, err, KindNotFound, "not_found")
	for _, id := range []string{"01a217a8-bf08-7000-83b3-bfd3048ac09a", "01A217A8-BF08-7000-83B3-BFD3048AC09A", "{01a217a8-bf08-7000-83b3-bfd3048ac09a}", "0123456789abcdef"} {
		insertDoc(t, s, app, id, `{}`)
		if got := must[*Document](t)(s.Document(t.Context(), DocumentKey{app, "d", id})); got == nil || got.ID != id {
			t.Errorf("id %q came back as %+v", id, got)
		}
	}
}

// The examples of RFC 7396, appendix A, as far as both sides are objects.
func TestPatchIsRFC7396(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	for i, test := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"n":12345678901234567890}`, `{"x\"y":1e2}`, `{"n":12345678901234567890,"x\"y":1e2}`},
	} {
		id := strconv.Itoa(i)
		insertDoc(t, s, app, id, test[0])
		got := must[*Document](t)(s.PatchDocument(t.Context(), DocumentKey{app, "d", id}, DocumentWrite{Data: json.RawMessage(test[1])}))
		if string(got.Data) != test[2] {
			t.Errorf("%s patched by %s is %s, want %s", test[0], test[1], got.Data, test[2])
		}
		if merged := must[json.RawMessage](t)(s.MergeDocument(t.Context(), json.RawMessage(test[0]), json.RawMessage(test[1]))); string(merged) != test[2] {
			t.Errorf("%s merged with %s is %s", test[0], test[1], merged)
		}
	}
	half := `{"%s":"` + strings.Repeat("x", MaxDocumentBytes/2) + `"}`
	insertDoc(t, s, app, "large", fmt.Sprintf(half, "a"))
	_, err := s.PatchDocument(t.Context(), DocumentKey{app, "d", "large"}, DocumentWrite{Data: json.RawMessage(fmt.Sprintf(half, "b"))})
	wantCode(t, err, KindTooLarge, "document_too_large")
}

func TestQueriesUseTheirIndex(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	for i := range 200 {
		insertDoc(t, s, app, "", fmt.Sprintf(`{"n":%d,"room":"room-%d","it's":{"a\"b":%d}}`, i, i%20, i))
	}
	queries := []struct {
		text, plan string
		scanned    int64
	}{
		{`{"where":{"n":7}}`, "documents_1_1 (<expr>=?)", 1},
		{`{"where":{"n":{"in":[1,2,3]}}}`, "documents_1_1 (<expr>=?)", 3},
		{`{"where":{"n":{"gt":10,"lte":20}}}`, "documents_1_1 (<expr>>? AND <expr><?)", 11},
		{`{"where":{"n":{"gt":194}}}`, "documents_1_1 (<expr>>? AND <expr><?)", 6},
		{`{"where":{"room":"room-3","n":{"gt":0}}}`, "documents_1_2 (<expr>=?)", 10},
		{`{"where":{"room":{"starts_with":"room-1"}},"limit":1000}`, "documents_1_2 (<expr>>? AND <expr><?)", 110},
		{`{"where":{"it's.a\"b":3}}`, "documents_1_3 (<expr>=?)", 1},
		{`{"sort":["-n"],"limit":5}`, "documents_1_1", 6},
		{`{"sort":["n"],"limit":5}`, "documents_1_1", 6},
		{`{"where":{"created_at":{"gt":"2020-01-01T00:00:00Z"}},"limit":5,"sort":["created_at"]}`, "documents_1_4 (created_at>?", 6},
	}
	for _, declared := range []bool{false, true} {
		if declared {
			noError(t, s.EnsureDocumentIndex(t.Context(), app, "d", []string{"n", "room", `it's.a"b`, "created_at"}))
			before := s.WriterStats().Operations
			noError(t, s.EnsureDocumentIndex(t.Context(), app, "d", []string{"room", "n", "id"}))
			if s.WriterStats().Operations != before {
				t.Error("a declared index bothered the writer again")
			}
		}
		for _, query := range queries {
			page, report, err := s.FindDocuments(t.Context(), app, "d", parseQuery(t, query.text))
			noError(t, err)
			scanned, plan := query.scanned, query.plan
			if !declared {
				scanned, plan = 200, "sqlite_autoindex_documents_1 (collection=?)"
			}
			if !strings.Contains(report.Plan, plan) || report.Scanned != scanned || report.Returned != int64(len(page.Items)) || len(page.Items) == 0 {
				t.Errorf("%s: plan %q, scanned %d, returned %d; want %q and %d", query.text, report.Plan, report.Scanned, report.Returned, plan, scanned)
			}
			if declared && strings.Contains(report.Plan, "TEMP B-TREE FOR ORDER BY") && strings.Contains(query.text, "sort") {
				t.Errorf("%s sorts although the index has the order: %s", query.text, report.Plan)
			}
		}
	}
	_, report, err := s.FindDocuments(t.Context(), app, "d", parseQuery(t, `{"where":{"any":[{"n":1},{"room":{"ne":"x"}}]},"sort":["-n"]}`))
	noError(t, err)
	if report.Query != "any, n eq, room ne, sort -n" {
		t.Errorf("the query is described as %q", report.Query)
	}
	noError(t, s.DeleteApp(t.Context(), app, true))
	left := must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) {
		return tx.count("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'documents!_%' ESCAPE '!'")
	}))
	if left != 0 {
		t.Errorf("%d indexes outlived their app", left)
	}
}

func TestIndexLimits(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	for n := range maxCollectionIndexes {
		noError(t, s.EnsureDocumentIndex(t.Context(), app, "d", []string{fmt.Sprint("f", n)}))
	}
	wantCode(t, s.EnsureDocumentIndex(t.Context(), app, "d", []string{"one more"}), KindLimit, "too_many_indexes")
	wantCode(t, s.EnsureDocumentIndex(t.Context(), app, "d", []string{""}), KindInvalid, "invalid_query")
	noError(t, s.DeleteApp(t.Context(), app, true)) // with its indexes
	made := func(app uuid.UUID) int {
		for n := 0; ; n++ {
			collection, field := fmt.Sprint("c", n/maxCollectionIndexes), fmt.Sprint("f", n%maxCollectionIndexes)
			if err := s.EnsureDocumentIndex(t.Context(), app, collection, []string{field}); err != nil {
				wantCode(t, err, KindLimit, "too_many_indexes")
				return n
			}
		}
	}
	for _, want := range []int{maxAppIndexes, maxIndexes - maxAppIndexes, 0} {
		if got := made(dataApp(t, s)); got != want {
			t.Errorf("an app got %d indexes, want %d", got, want)
		}
	}
}

func TestQueryErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                                               "a query is an object",
		`{} {}`:                                            "something follows",
		`{"wear":{}}`:                                      `no part "wear"`,
		`{"where":5}`:                                      "where must be an object",
		`{"where":{"a":{"gtt":1}}}`:                        `where.a: unknown operator "gtt" (known: eq, ne`,
		`{"where":{"a":{}}}`:                               "where.a is empty",
		`{"where":{"a":[1]}}`:                              "where.a: eq cannot compare with a list",
		`{"where":{"a":{"in":5}}}`:                         "where.a: in needs a list",
		`{"where":{"a":{"exists":1}}}`:                     "where.a: exists needs true or false",
		`{"where":{"a":{"lt":null}}}`:                      "where.a: lt needs a number or a string",
		`{"where":{"a":{"starts_with":1}}}`:                "where.a: starts_with needs a string",
		`{"where":{"any":[{},{"b":{"x":1}}]}}`:             "where.any[2].b: unknown operator",
		`{"where":{"not":{"b":{"x":1}}}}`:                  "where.not.b: unknown operator",
		`{"where":{"any":{"a":1}}}`:                        "where.any must be a list",
		`{"where":{"":1}}`:                                 "a field name is",
		`{"where":{"a\\":1}}`:                              "ends with a backslash",
		`{"where":{"a\u0000b":1}}`:                         "has a zero character in it",
		`{"where":{"created_at":{"gt":5}}}`:                "created_at is compared with a time",
		`{"where":{"updated_at":"noon"}}`:                  `"noon" is not a time`,
		`{"where":{"id":{"gt":"a"}}}`:                      "gt cannot be used on a document's own id",
		`{"where":{"rev":{"contains":1}}}`:                 "contains cannot be used on a document's own rev",
		`{"sort":5}`:                                       "sort must be a list",
		`{"sort":["a","b","c","d","e"]}`:                   "sort must be a list of at most 4",
		`{"sort":[1]}`:                                     "sort must be a list of field names",
		`{"fields":[1]}`:                                   "fields must be a list of field names",
		`{"limit":0}`:                                      "limit must be a whole number from 1 to 1000",
		`{"limit":1.5}`:                                    "limit must be",
		`{"cursor":1}`:                                     "cursor must be a string",
		`{"where":{"a":{"in":[[1]]}}}`:                     "in cannot compare with a list",
		`{"where":` + nested(30) + `}`:                     "nested deeper than 20 levels",
		`{"where":{` + manyFields(201) + `}}`:              "at most 200 comparisons",
		`{"where":{"a":{"in":[` + ones + `]}}}`:            "at most 1000 values",
		`{"where":{"` + strings.Repeat("a.", 20) + `":1}}`: "more than 16 levels deep",
	} {
		_, err := ParseDocumentQuery([]byte(text), MaxDocumentPage)
		if e := wantCode(t, err, KindInvalid, "invalid_query"); !strings.Contains(e.Message, want) {
			t.Errorf("%.80s: %q does not say %q", text, e.Message, want)
		}
	}
}

var ones = strings.TrimSuffix(strings.Repeat("1,", 1001), ",")

func nested(levels int) string {
	return strings.Repeat(`{"not":`, levels) + "{}" + strings.Repeat("}", levels)
}

func manyFields(n int) string {
	var fields []string
	for i := range n {
		fields = append(fields, fmt.Sprintf(`"f%d":1`, i))
	}
	return strings.Join(fields, ",")
}

// The largest query that is accepted must also be one that SQLite takes.
func TestLargestQueriesRun(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	insertDoc(t, s, app, "a", `{"f0":1}`)
	any := strings.ReplaceAll(manyFields(200), ",", "},{")
	for _, text := range []string{
		`{"where":{` + manyFields(200) + `},"sort":["f1","-f2","f3","-f4"]}`, `{"where":{"any":[{` + any + `}]}}`,
		`{"where":` + nested(20) + `}`, `{"where":{"a":{"in":[` + ones[2:] + `]}}}`, `{"where":{"a":{"not_in":[` + ones[2:] + `]}}}`,
		`{"where":{"` + strings.Repeat("'", 256) + strings.Repeat(`\"`, 256) + `":1}}`,
	} {
		if _, _, err := s.FindDocuments(t.Context(), app, "d", parseQuery(t, text)); err != nil {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// A query ends with its caller's patience, also in the middle of a scan.
func TestQueryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	// Long texts, each searched for a part that is nearly there, in many ways.
	long := strings.Repeat("a", 64<<10)
	for range 60 {
		insertDoc(t, s, app, "", `{"x":"`+long+`"}`)
	}
	var terms []string
	for n := range 150 {
		terms = append(terms, fmt.Sprintf(`{"x":{"contains":"%sb%d"}}`, strings.Repeat("a", 1000), n))
	}
	query := parseQuery(t, `{"where":{"any":[`+strings.Join(terms, ",")+`]}}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := s.FindDocuments(ctx, app, "d", query); err != context.DeadlineExceeded {
		t.Errorf("the query ended with %v", err)
	}
	if _, _, err := s.FindDocuments(t.Context(), app, "d", parseQuery(t, `{"limit":1}`)); err != nil {
		t.Errorf("the connection is unusable afterwards: %v", err)
	}
}

func TestDocumentPagesAreBounded(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	for range 8 {
		insertDoc(t, s, app, "", `{"x":"`+strings.Repeat("y", 300<<10)+`"}`)
	}
	query, seen := parseQuery(t, `{"limit":1000,"sort":["-x"]}`), 0
	for {
		page, _, err := s.FindDocuments(t.Context(), app, "d", query)
		noError(t, err)
		if len(page.Items) == 0 || len(page.Items) > 4 {
			t.Fatalf("a page has %d documents of 300 KiB", len(page.Items))
		}
		if len(page.NextCursor) > 2048 {
			t.Errorf("the cursor has %d bytes", len(page.NextCursor))
		}
		seen += len(page.Items)
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			break
		}
	}
	if seen != 8 {
		t.Errorf("the pages have %d documents, want 8", seen)
	}
}

func FuzzParseDocumentQuery(f *testing.F) {
	for _, text := range []string{
		`{"where":{"a":1,"b.c":{"gt":"x","in":[1,null,true]},"any":[{"d":{"contains":"x"}}],"not":{}},"sort":["-a","b"],"limit":5,"fields":["a.b"]}`,
		`{"where":{"it's":1,"q\"":{"exists":true},"\\any":{"starts_with":"x"}}}`, `{"where":{"id":"x","rev":{"gte":1},"created_at":{"lt":"2026-01-01T00:00:00Z"}}}`,
		`{"where":{"a\u0000b":1e300}}`, `{`, `null`,
	} {
		f.Add([]byte(text))
	}
	s := newTestStore(f)
	app := must[App](f)(s.CreateApp(f.Context(), AppDraft{Slug: "fuzz"})).ID
	must[*Document](f)(s.InsertDocument(f.Context(), DocumentKey{App: app, Collection: "d"}, DocumentWrite{Data: json.RawMessage(`{"a":1,"b":{"c":"x"}}`)}))
	f.Fuzz(func(t *testing.T, text []byte) {
		query, err := ParseDocumentQuery(text, MaxDocumentPage)
		if err != nil {
			if KindOf(err) != KindInvalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		// What the parser takes, SQLite takes: a name or value never becomes SQL.
		if _, _, err := s.FindDocuments(context.Background(), app, "d", query); err != nil && KindOf(err) != KindInvalid {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
