package store

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Dependent is something that would break if a script or secret went away.
type Dependent struct {
	Type string    `json:"type"` // "route", "trigger" or "script"
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"` // a route's method and path, a trigger's or script's name
}

// checkScript checks the rules that hold for one script, and those between it
// and the others of its app.
func (s *Store) checkScript(t *transaction, m Script) error {
	if err := checkScriptName(m.Name); err != nil {
		return err
	}
	if err := checkText("description", m.Description, 0, maxDescriptionBytes); err != nil {
		return err
	}
	switch {
	case m.Kind != ScriptEndpoint && m.Kind != ScriptModule:
		return Errorf(KindInvalid, "invalid_kind", "kind must be %q or %q", ScriptEndpoint, ScriptModule)
	case m.Access != AccessOpen && m.Access != AccessAuthenticated:
		return Errorf(KindInvalid, "invalid_access", "access must be %q or %q", AccessOpen, AccessAuthenticated)
	case m.Kind == ScriptModule && slices.Contains(s.config.ReservedModuleNames, m.Name):
		return Errorf(KindInvalid, "reserved_name", "%q is the name of a library of PiCloud; choose another", m.Name)
	}
	return s.checkImports(t, m)
}

// isName: 1 to 128 bytes of [A-Za-z0-9_.-].
func isName(name string) bool {
	valid := len(name) >= 1 && len(name) <= maxNameBytes
	for _, c := range []byte(name) {
		valid = valid && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-", c) >= 0)
	}
	return valid
}

func checkScriptName(name string) error {
	if !isName(name) {
		return Errorf(KindInvalid, "invalid_name", "a script's name is 1 to %d letters, digits, dots, hyphens and underscores", maxNameBytes)
	}
	return nil
}

// checkImports checks that what the script requires exists and leads to no circle.
func (s *Store) checkImports(t *transaction, m Script) error {
	if len(m.Imports) == 0 {
		return nil
	}
	modules, err := modulesOf(t, m)
	if err != nil {
		return err
	}
	for _, name := range m.Imports {
		if slices.Contains(s.config.ReservedModuleNames, name) {
			return Errorf(KindInvalid, "reserved_name", "%q is a library that every script has already; use it without require", name)
		}
		if _, ok := modules[name]; !ok {
			return &Error{Kind: KindInvalid, Code: "missing_module", Details: map[string]any{"module": name},
				Message: "the app has no module called " + name + "; save it first"}
		}
	}
	if m.Kind == ScriptModule {
		return refuseCircle(modules, m.Name)
	}
	return nil
}

// modulesOf returns the imports of each module of m's app, with m as it will be.
func modulesOf(t *transaction, m Script) (map[string][]string, error) {
	modules := make(map[string][]string)
	err := t.each(func(r row) (err error) {
		modules[r.text(0)], err = decodeNames(r.text(1))
		return err
	}, "SELECT name, imports FROM scripts WHERE app_id = ? AND kind = 'module' AND id <> ?", m.AppID, m.ID)
	if m.Kind == ScriptModule {
		modules[m.Name] = m.Imports
	}
	return modules, err
}

func refuseCircle(modules map[string][]string, from string) error {
	visited := make(map[string]bool)
	pending := slices.Clone(modules[from])
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if name == from {
			return &Error{Kind: KindInvalid, Code: "module_cycle", Details: map[string]any{"module": from},
				Message: "the module " + from + " would require itself through the modules that it requires"}
		}
		if !visited[name] {
			visited[name] = true
			pending = append(pending, modules[name]...)
		}
	}
	return nil
}

// refuseLoss refuses a new name or kind while something needs the old one.
func refuseLoss(t *transaction, old, changed Script) error {
	if old.Kind == ScriptEndpoint && changed.Kind == ScriptEndpoint {
		return nil // routes know a script by its id
	}
	return refuseDependents(t, old, "changed in name or kind")
}

func refuseDependents(t *transaction, s Script, verb string) error {
	dependents, err := dependentsOf(t, s)
	if err != nil || len(dependents) == 0 {
		return err
	}
	return &Error{Kind: KindConflict, Code: "has_dependents", Details: map[string]any{"dependents": dependents},
		Message: "the script cannot be " + verb + " while others depend on it"}
}

func dependentsOf(t *transaction, s Script) ([]Dependent, error) {
	var dependents []Dependent
	add := func(kind string) func(row) error {
		return func(r row) error {
			dependents = append(dependents, Dependent{Type: kind, ID: r.id(0), Name: r.text(1)})
			return nil
		}
	}
	if s.Kind == ScriptEndpoint {
		err := t.each(add("route"), "SELECT id, method || ' ' || path FROM routes WHERE script_id = ? ORDER BY id", s.ID)
		if err == nil {
			err = t.each(add("trigger"), "SELECT id, name FROM triggers WHERE script_id = ? ORDER BY id", s.ID)
		}
		return dependents, err
	}
	err := t.each(add("script"), "SELECT id, name FROM scripts WHERE app_id = ? AND id <> ?"+
		" AND EXISTS (SELECT 1 FROM json_each(imports) WHERE value = ?) ORDER BY name", s.AppID, s.ID, s.Name)
	return dependents, err
}
