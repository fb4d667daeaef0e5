package store

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// ScriptKind says whether a script answers requests and events or is required by others.
type ScriptKind string

// The script kinds (spec 1).
const (
	ScriptEndpoint ScriptKind = "endpoint"
	ScriptModule   ScriptKind = "module"
)

// Access says who may call api/v1/execute for a script (spec 2).
type Access string

// The access values.
const (
	AccessOpen          Access = "open"
	AccessAuthenticated Access = "authenticated"
)

// Limits are a script's own limits; nil means the instance's default (spec 4).
type Limits struct {
	Instructions *int64 `json:"instructions"`
	MemoryBytes  *int64 `json:"memory_bytes"`
	CallDepth    *int64 `json:"call_depth"`
	StringBytes  *int64 `json:"string_bytes"`
	SDKCalls     *int64 `json:"sdk_calls"`
}

// Script is Lua source with a name unique in its app. In the Catalog and in
// lists Source is empty.
type Script struct {
	ID          uuid.UUID  `json:"id"`
	AppID       uuid.UUID  `json:"app_id"`
	Name        string     `json:"name"`
	Kind        ScriptKind `json:"kind"`
	Description string     `json:"description"`
	Source      string     `json:"source,omitempty"` // not in lists
	Version     int        `json:"version"`          // goes up with each change
	Enabled     bool       `json:"enabled"`
	Access      Access     `json:"access"`
	TimeoutMS   *int64     `json:"timeout_ms"` // null: the default
	Limits      Limits     `json:"limits"`
	Imports     []string   `json:"imports"` // the modules that it requires
	CreatedAt   Time       `json:"created_at"`
	UpdatedAt   Time       `json:"updated_at"`
}

// ScriptDraft is a new script, already checked by the caller's compiler.
type ScriptDraft struct {
	Name, Description, Source string
	Kind                      ScriptKind // endpoint when empty
	Access                    Access     // open when empty
	TimeoutMS                 *int64
	Limits                    Limits
	Imports                   []string // what its source requires, as the compiler saw it
	CreatedBy                 string
}

// ScriptFilter: App zero means all apps that Visible shows.
type ScriptFilter struct {
	App     uuid.UUID
	Visible Visible
}

const (
	selectScripts = "SELECT id, app_id, name, kind, description, version, enabled, access, timeout_ms," +
		" instructions, memory_bytes, call_depth, string_bytes, sdk_calls, imports, created_at, updated_at FROM scripts"
	insertScript = "INSERT INTO scripts (id, app_id, name, kind, description, version, enabled, access, timeout_ms," +
		" instructions, memory_bytes, call_depth, string_bytes, sdk_calls, imports, created_at, updated_at)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateScript = "UPDATE scripts SET name = ?, kind = ?, description = ?, version = ?, enabled = ?, access = ?, timeout_ms = ?," +
		" instructions = ?, memory_bytes = ?, call_depth = ?, string_bytes = ?, sdk_calls = ?, imports = ?, updated_at = ? WHERE id = ?"
)

func scanScript(r row) (Script, error) {
	imports, err := decodeNames(r.text(14))
	return Script{
		ID: r.id(0), AppID: r.id(1), Name: r.text(2), Kind: ScriptKind(r.text(3)), Description: r.text(4),
		Version: int(r.integer(5)), Enabled: r.integer(6) != 0, Access: Access(r.text(7)), TimeoutMS: r.optionalInteger(8),
		Limits: Limits{Instructions: r.optionalInteger(9), MemoryBytes: r.optionalInteger(10), CallDepth: r.optionalInteger(11),
			StringBytes: r.optionalInteger(12), SDKCalls: r.optionalInteger(13)},
		Imports: imports, CreatedAt: r.time(15), UpdatedAt: r.time(16),
	}, err
}

// target names the script in the audit.
func (s Script) target() Target {
	return Target{Kind: "script", ID: &s.ID, Name: s.Name, App: &s.AppID}
}

// scriptPosition orders scripts by name; no name holds a NUL.
func scriptPosition(s *Script) string { return s.Name + "\x00" + string(s.ID[:]) }

// CreateScript makes version 1 of a script. Conflict "name_taken"; KindInvalid
// "invalid_name", "reserved_name", "missing_module" or "module_cycle".
func (s *Store) CreateScript(ctx context.Context, app uuid.UUID, draft ScriptDraft) (Script, error) {
	return write(ctx, s, true, func(t *transaction) (Script, error) { return s.createScript(t, app, draft) })
}

func (s *Store) createScript(t *transaction, owner uuid.UUID, draft ScriptDraft) (Script, error) {
	if _, err := app(t, owner); err != nil {
		return Script{}, err
	}
	made := Script{
		ID: s.newID(), AppID: owner, Name: draft.Name, Kind: draft.Kind, Description: draft.Description, Source: draft.Source,
		Version: 1, Enabled: true, Access: draft.Access, TimeoutMS: draft.TimeoutMS, Limits: draft.Limits,
		Imports: normalNames(draft.Imports), CreatedAt: t.at, UpdatedAt: t.at,
	}
	if made.Kind == "" {
		made.Kind = ScriptEndpoint
	}
	if made.Access == "" {
		made.Access = AccessOpen
	}
	if err := s.checkScript(t, made); err != nil {
		return Script{}, err
	}
	if err := writeScript(t, made); err != nil {
		return Script{}, err
	}
	return made, insertVersion(t, made, draft.CreatedBy)
}

func writeScript(t *transaction, m Script) error {
	imports, err := encodeNames(m.Imports)
	if err != nil {
		return err
	}
	t.touch(m.target())
	t.changedCatalog = true
	_, err = t.exec(insertScript, m.ID, m.AppID, m.Name, m.Kind, m.Description, m.Version, m.Enabled, m.Access, m.TimeoutMS,
		m.Limits.Instructions, m.Limits.MemoryBytes, m.Limits.CallDepth, m.Limits.StringBytes, m.Limits.SDKCalls,
		imports, m.CreatedAt, m.UpdatedAt)
	return nameTaken(err, m.Name)
}

func nameTaken(err error, name string) error {
	if isUnique(err) {
		return Errorf(KindConflict, "name_taken", "the app has a script called %q already; choose another name", name)
	}
	return err
}

// normalNames sorts names and drops repeats, so that the list has one form.
func normalNames(names []string) []string {
	sorted := slices.Sorted(slices.Values(names))
	return slices.Compact(append([]string{}, sorted...))
}

// Script returns the script with the source of its current version.
func (s *Store) Script(ctx context.Context, id uuid.UUID) (Script, error) {
	return readValue(ctx, s, func(t *transaction) (Script, error) { return scriptWithSource(t, id) })
}

func scriptWithSource(t *transaction, id uuid.UUID) (Script, error) {
	found, err := script(t, id)
	if err != nil {
		return Script{}, err
	}
	found.Source, err = scriptSource(t, id, found.Version)
	return found, err
}

func script(t *transaction, id uuid.UUID) (Script, error) {
	found, err := collect(t, scanScript, selectScripts+" WHERE id = ?", id)
	if err != nil {
		return Script{}, err
	}
	if len(found) == 0 {
		return Script{}, noSuch("script")
	}
	return *found[0], nil
}

// Scripts lists scripts by name, without source. What their pointers and
// slices hold belongs to the catalog and may not be changed.
func (s *Store) Scripts(_ context.Context, filter ScriptFilter, page PageRequest) (Page[Script], error) {
	all := keep(s.Catalog().scriptList, func(each *Script) bool {
		return (filter.App == uuid.Nil || each.AppID == filter.App) && filter.Visible.shows(each.AppID)
	})
	return pageOf(s, "scripts "+filter.App.String(), page, all, scriptPosition)
}

// DeleteScript refuses (conflict "has_dependents", details.dependents) while
// routes or triggers point at it or scripts require it.
func (s *Store) DeleteScript(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		old, err := script(t, id)
		if err != nil {
			return err
		}
		if err := refuseDependents(t, old, "deleted"); err != nil {
			return err
		}
		t.touch(old.target())
		t.changedCatalog = true
		_, err = t.exec("DELETE FROM scripts WHERE id = ?", id)
		return err
	})
}
