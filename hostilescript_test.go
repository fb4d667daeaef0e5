package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hostile is one script of testdata/sandbox with what its header says.
type hostile struct {
	name    string
	source  string
	wants   []want         // -- want: 507 instruction_limit or 504 timeout
	limits  map[string]any // -- limits: timeout_ms=500 instructions=1000000
	wall    time.Duration
	message string // -- log: part of the recorded error message
	body    string // -- body: "[" * 100000
	place   bool   // the record names a line; false with -- line: none
	id      string
}

// want is one way a script may end: an error's code, or the body of a 200.
type want struct {
	status int
	text   string
}

func (w want) String() string { return strings.TrimSpace(fmt.Sprint(w.status, " ", w.text)) }

func (w want) met(a answer) bool {
	switch {
	case a.status != w.status:
		return false
	case w.status == http.StatusOK:
		return w.text == "" || a.body == w.text
	default:
		return codeOf(a) == w.text
	}
}

func (h *hostile) expects(a answer) bool {
	return slices.ContainsFunc(h.wants, func(w want) bool { return w.met(a) })
}

// failure is the part of an error answer that the tests read.
type failure struct {
	Error struct {
		Code    string
		Details struct {
			ExecutionID string `json:"execution_id"`
		}
	}
}

func failureOf(a answer) failure {
	var f failure
	if a.status >= 400 {
		json.Unmarshal([]byte(a.body), &f) // a body of another shape has no code
	}
	return f
}

func codeOf(a answer) string { return failureOf(a).Error.Code }

func readHostile(t *testing.T) []*hostile {
	t.Helper()
	files, err := filepath.Glob("testdata/sandbox/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	scripts := make([]*hostile, len(files))
	for i, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if scripts[i], err = parseHostile(strings.TrimSuffix(filepath.Base(file), ".lua"), string(source)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	if len(scripts) < 100 {
		t.Fatalf("only %d hostile scripts", len(scripts))
	}
	return scripts
}

func parseHostile(name, source string) (*hostile, error) {
	h := &hostile{name: name, source: source, limits: map[string]any{}, wall: defaultWall, place: true}
	var err error
	for line := range strings.Lines(source) {
		comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if !isComment {
			break
		}
		key, value, _ := strings.Cut(comment, ": ")
		switch key {
		case "want":
			h.wants, err = parseWants(value)
		case "limits":
			err = h.parseLimits(value)
		case "log":
			h.message = value
		case "line":
			h.place = value != "none"
		case "body":
			h.body, err = parseBody(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", comment, err)
		}
	}
	if len(h.wants) == 0 {
		return nil, fmt.Errorf("no want line")
	}
	return h, nil
}

func parseWants(value string) ([]want, error) {
	var wants []want
	for choice := range strings.SplitSeq(value, " or ") {
		number, text, _ := strings.Cut(choice, " ")
		status, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		wants = append(wants, want{status, text})
	}
	return wants, nil
}

func (h *hostile) parseLimits(value string) error {
	limits := map[string]int64{}
	for field := range strings.FieldsSeq(value) {
		name, number, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		if name == "timeout_ms" {
			h.limits[name] = n
			h.wall = time.Duration(n) * time.Millisecond
			continue
		}
		limits[name] = n
	}
	if len(limits) > 0 {
		h.limits["limits"] = limits
	}
	return nil
}

// parseBody reads a sum of strings, each of which may be repeated: "[" * 3 + "1".
func parseBody(value string) (string, error) {
	var b strings.Builder
	for part := range strings.SplitSeq(value, " + ") {
		quoted, times, repeated := strings.Cut(part, " * ")
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return "", fmt.Errorf("%s: %w", quoted, err)
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(times); err != nil {
				return "", err
			}
		}
		b.WriteString(strings.Repeat(text, n))
	}
	return b.String(), nil
}
