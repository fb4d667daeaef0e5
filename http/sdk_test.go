package http

import (
	"encoding/json"
	"slices"
	"testing"

	"picloud/runtime"
)

// The answer holds every function of the engine's modules, as the editor reads it.
func TestShowSDK(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	w := request(t, s, "GET", adminPrefix+"sdk", "", owner)
	wantStatus(t, w, 200)
	var answer runtime.Description
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Version != runtime.SDKVersion || len(answer.Differences) == 0 || len(answer.Gone) == 0 {
		t.Errorf("version %q, %d differences, %d gone", answer.Version, len(answer.Differences), len(answer.Gone))
	}
	if !slices.ContainsFunc(answer.Context.Fields, func(f runtime.ParamDoc) bool { return f.Name == "request" && len(f.Fields) == 15 }) {
		t.Errorf("ctx has the fields %+v", answer.Context.Fields)
	}
	if !slices.ContainsFunc(answer.Standard, func(m runtime.ModuleDescription) bool { return m.Name == "string" && len(m.Functions) == 13 }) {
		t.Error("the functions of string are not there")
	}
	for _, want := range s.engine.Description().Modules {
		if !slices.ContainsFunc(answer.Modules, func(m runtime.ModuleDescription) bool {
			return m.Name == want.Name && len(m.Functions) == len(want.Functions) && m.Doc != ""
		}) {
			t.Errorf("module %s is not described", want.Name)
		}
	}
	wantStatus(t, request(t, s, "GET", adminPrefix+"sdk", "", nil), 401)
}
