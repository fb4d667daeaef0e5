package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// evaluator is the slow and obvious way to answer a query: it looks at
// documents as Go values and knows nothing of SQL.
type evaluator struct {
	id   string
	data map[string]any
}

// at returns what a field holds; there is false when it is missing.
func (e evaluator) at(path string) (value any, there bool) {
	if path == "id" {
		return e.id, true
	}
	var names []string
	name := ""
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
			name += path[i : i+1]
		case '.':
			names, name = append(names, name), ""
		default:
			name += path[i : i+1]
		}
	}
	var now any = e.data
	for _, name := range append(names, name) {
		object, ok := now.(map[string]any)
		if !ok {
			return nil, false
		}
		if now, there = object[name]; !there {
			return nil, false
		}
	}
	return now, true
}

func (e evaluator) all(where map[string]any) bool {
	for name, raw := range where {
		switch name {
		case "all", "any":
			some, every := false, true
			for _, part := range raw.([]any) {
				holds := e.all(part.(map[string]any))
				some, every = some || holds, every && holds
			}
			if name == "any" && !some || name == "all" && !every {
				return false
			}
		case "not":
			if e.all(raw.(map[string]any)) {
				return false
			}
		default:
			operators, ok := raw.(map[string]any)
			if !ok {
				operators = map[string]any{"eq": raw}
			}
			for op, operand := range operators {
				if !e.holds(name, op, operand) {
					return false
				}
			}
		}
	}
	return true
}

func (e evaluator) holds(name, op string, operand any) bool {
	value, there := e.at(name)
	switch op {
	case "exists":
		return there == operand
	case "eq":
		return there && sameScalar(value, operand)
	case "ne":
		return !(there && sameScalar(value, operand))
	case "in", "not_in":
		found := false
		for _, one := range operand.([]any) {
			found = found || there && sameScalar(value, one)
		}
		return found == (op == "in")
	case "contains":
		if text, ok := value.(string); ok {
			part, ok := operand.(string)
			return ok && strings.Contains(text, part)
		}
		items, _ := value.([]any)
		return slices.ContainsFunc(items, func(item any) bool { return sameScalar(item, operand) })
	case "starts_with":
		text, ok := value.(string)
		return ok && strings.HasPrefix(text, operand.(string))
	}
	order, comparable := 0, false
	switch v := value.(type) {
	case float64:
		if w, ok := operand.(float64); ok {
			order, comparable = cmp.Compare(v, w), true
		}
	case string:
		if w, ok := operand.(string); ok {
			order, comparable = strings.Compare(v, w), true
		}
	}
	return comparable && map[string]bool{"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[op]
}

func sameScalar(a, b any) bool {
	switch a.(type) {
	case nil, bool, float64, string:
		return a == b
	}
	return false
}

// rank is the place of a value among those of other types when sorting.
func rank(value any, there bool) (int, float64, string) {
	switch v := value.(type) {
	case float64:
		return 1, v, ""
	case bool:
		if v {
			return 1, 1, ""
		}
		return 1, 0, ""
	case string:
		return 2, 0, clipKey(v).(string)
	case nil:
		return 0, 0, ""
	}
	text, _ := json.Marshal(value)
	return 2, 0, clipKey(string(text)).(string)
}

func compareBy(a, b evaluator, key string) int {
	name, descending := strings.CutPrefix(key, "-")
	valueA, thereA := a.at(name)
	valueB, thereB := b.at(name)
	rankA, numberA, textA := rank(valueA, thereA)
	rankB, numberB, textB := rank(valueB, thereB)
	order := cmp.Or(cmp.Compare(rankA, rankB), cmp.Compare(numberA, numberB), strings.Compare(textA, textB))
	if name == "id" { // UUIDs, which are stored as bytes, come behind texts
		isUUID := func(id string) int { return map[bool]int{true: 1}[len(id) == 36] }
		order = cmp.Or(cmp.Compare(isUUID(a.id), isUUID(b.id)), strings.Compare(a.id, b.id))
	}
	if descending {
		return -order
	}
	return order
}

// queryMaker makes random documents and queries over few names and values, so
// that they meet.
type queryMaker struct{ *rand.Rand }

var (
	testFields = []string{"a", "b", "m.n", "m", `x\.y`, `q"u'o`, "tab\t", "ü", "list", `\rev`, `back\\slash`, `\any`, "a.b", "missing"}
	testTexts  = []string{"", "a", "ab", "abc", "b", "B", "ä", "1", "10", "null", "zero\x00text", "it's", `"quoted"`, "%", strings.Repeat("long", 200), strings.Repeat("long", 200) + "er"}
	testNumber = []float64{0, 1, -1, 1.5, 10, 1e10, 9007199254740992, -0.001}
)

func (m queryMaker) value() any {
	switch m.IntN(8) {
	case 0:
		return nil
	case 1:
		return m.IntN(2) == 0
	case 2, 3, 4:
		return testNumber[m.IntN(len(testNumber))]
	default:
		return testTexts[m.IntN(len(testTexts))]
	}
}

func (m queryMaker) document() map[string]any {
	data := map[string]any{}
	for _, name := range []string{"a", "b", "x.y", `q"u'o`, "tab\t", "ü", "rev", `back\slash`, "any"} {
		if m.IntN(3) > 0 {
			data[name] = m.value()
		}
	}
	switch m.IntN(4) {
	case 0:
		data["m"] = map[string]any{"n": m.value()}
	case 1:
		data["m"] = m.value()
	case 2:
		data["a"] = map[string]any{"b": m.value()}
	}
	if m.IntN(2) == 0 {
		items := []any{}
		for range m.IntN(4) {
			items = append(items, m.value())
		}
		data["list"] = items
	}
	return data
}

func (m queryMaker) field() string { return testFields[m.IntN(len(testFields))] }

func (m queryMaker) operators() any {
	if m.IntN(3) == 0 {
		return m.value()
	}
	made := map[string]any{}
	for range 1 + m.IntN(2) {
		switch op := operators[m.IntN(len(operators))]; op {
		case "in", "not_in":
			values := []any{}
			for range m.IntN(5) {
				values = append(values, m.value())
			}
			made[op] = values
		case "exists":
			made[op] = m.IntN(2) == 0
		case "gt", "gte", "lt", "lte":
			made[op] = testNumber[m.IntN(len(testNumber))]
			if m.IntN(2) == 0 {
				made[op] = testTexts[m.IntN(len(testTexts))]
			}
		case "starts_with":
			made[op] = testTexts[m.IntN(len(testTexts))]
		default:
			made[op] = m.value()
		}
	}
	return made
}

func (m queryMaker) where(depth int) map[string]any {
	made := map[string]any{}
	for range 1 + m.IntN(2) {
		switch m.IntN(8) {
		case 0, 1:
			if depth > 0 {
				parts := []any{}
				for range m.IntN(3) {
					parts = append(parts, m.where(depth-1))
				}
				made[[]string{"any", "all"}[m.IntN(2)]] = parts
			}
		case 2:
			if depth > 0 {
				made["not"] = m.where(depth - 1)
			}
		default:
			made[m.field()] = m.operators()
		}
	}
	return made
}

func TestQueriesAgreeWithTheObvious(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	seed := rand.Uint64()
	m := queryMaker{rand.New(rand.NewPCG(seed, 2))}
	var documents []evaluator
	for i := range 120 {
		data := m.document()
		text := must[[]byte](t)(json.Marshal(data))
		key := DocumentKey{App: app, Collection: "q"}
		if m.IntN(2) == 0 {
			key.ID = fmt.Sprintf("id-%d", i)
		}
		document := must[*Document](t)(s.InsertDocument(t.Context(), key, DocumentWrite{Data: text}))
		documents = append(documents, evaluator{document.ID, data})
	}
	queries := 160 // each against every document
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		queries = 20_000
	}
	for n := range queries {
		if n == queries/2 { // the second half with indexes, which must change no answer
			noError(t, s.EnsureDocumentIndex(t.Context(), app, "q", []string{"a", "b", "m.n", `x\.y`, `q"u'o`, `\rev`, "tab\t", "created_at"}))
		}
		query := map[string]any{"where": m.where(2)}
		sort := []string{}
		for range m.IntN(3) {
			sort = append(sort, []string{"", "-"}[m.IntN(2)]+m.field())
		}
		if m.IntN(10) == 0 {
			sort = append(sort, "-id")
		}
		query["sort"] = sort
		checkQuery(t, s, app, documents, query, 3+m.IntN(60), seed)
		if t.Failed() {
			return
		}
	}
}

func checkQuery(t *testing.T, s *Store, app uuid.UUID, documents []evaluator, query map[string]any, limit int, seed uint64) {
	t.Helper()
	sort := query["sort"].([]string)
	if len(sort) == 0 || !strings.HasSuffix(sort[len(sort)-1], "id") {
		tie := "id"
		if len(sort) > 0 && sort[len(sort)-1][0] == '-' {
			tie = "-id"
		}
		sort = append(slices.Clone(sort), tie)
	}
	var want []string
	for _, document := range slices.SortedStableFunc(slices.Values(documents), func(a, b evaluator) int {
		for _, key := range sort {
			if order := compareBy(a, b, key); order != 0 {
				return order
			}
		}
		return 0
	}) {
		if document.all(query["where"].(map[string]any)) {
			want = append(want, document.id)
		}
	}
	query["limit"] = limit
	var got []string
	var plan string
	for {
		text := must[[]byte](t)(json.Marshal(query))
		parsed, err := ParseDocumentQuery(text, MaxDocumentPage)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		page, report, err := s.FindDocuments(t.Context(), app, "q", parsed)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		plan = report.Plan
		if len(page.Items) > limit {
			t.Fatalf("a page of %d has %d", limit, len(page.Items))
		}
		for _, document := range page.Items {
			got = append(got, document.ID)
		}
		if page.NextCursor == "" {
			break
		}
		query["cursor"] = page.NextCursor
	}
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: %s (%s):\ngot  %v\nwant %v", seed, must[[]byte](t)(json.Marshal(query)), plan, got, want)
	}
	delete(query, "cursor")
	delete(query, "limit")
	parsed := must[*DocumentQuery](t)(ParseDocumentQuery(must[[]byte](t)(json.Marshal(query)), MaxDocumentPage))
	if count, _, err := s.CountDocuments(t.Context(), app, "q", parsed); err != nil || count != int64(len(want)) {
		t.Errorf("seed %d: count is %d, want %d (%v)", seed, count, len(want), err)
	}
}
