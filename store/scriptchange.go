package store

import (
	"context"

	"github.com/google/uuid"
)

// ScriptChange holds what a PATCH changes; nil means unchanged. A set Source
// carries its Imports. IfVersion, when set, refuses with conflict
// "stale_version" unless it is the current version. The TimeoutMS and Limits
// fields distinguish "unchanged" (Set* false) from "back to the default" (nil).
type ScriptChange struct {
	Name, Description, Source *string
	Kind                      *ScriptKind
	Access                    *Access
	Enabled                   *bool
	SetTimeoutMS              bool
	TimeoutMS                 *int64
	SetLimits                 bool
	Limits                    Limits
	Imports                   []string
	IfVersion                 *int
	ChangedBy                 string
}

// apply returns the script as the change wants it.
func (c ScriptChange) apply(s Script) Script {
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.Kind, c.Kind)
	set(&s.Access, c.Access)
	set(&s.Enabled, c.Enabled)
	if c.SetTimeoutMS {
		s.TimeoutMS = c.TimeoutMS
	}
	if c.SetLimits {
		s.Limits = c.Limits
	}
	if c.Source != nil {
		s.Source, s.Imports = *c.Source, normalNames(c.Imports)
		s.Version++
	}
	return s
}

// UpdateScript changes what is set in change; a set Source becomes a new
// version. Besides CreateScript's errors: conflict "stale_version", and
// "has_dependents" when a new name or kind takes away what others use.
func (s *Store) UpdateScript(ctx context.Context, id uuid.UUID, change ScriptChange) (Script, error) {
	return write(ctx, s, true, func(t *transaction) (Script, error) { return s.updateScript(t, id, change) })
}

func (s *Store) updateScript(t *transaction, id uuid.UUID, change ScriptChange) (Script, error) {
	old, err := scriptWithSource(t, id)
	if err != nil {
		return Script{}, err
	}
	if change.IfVersion != nil && *change.IfVersion != old.Version {
		return Script{}, &Error{Kind: KindConflict, Code: "stale_version", Details: map[string]any{"version": old.Version},
			Message: "someone has saved this script meanwhile; load it again and repeat the change"}
	}
	changed := change.apply(old)
	changed.UpdatedAt = t.at
	if changed.Name != old.Name || changed.Kind != old.Kind {
		if err := refuseLoss(t, old, changed); err != nil {
			return Script{}, err
		}
	}
	if err := s.checkScript(t, changed); err != nil {
		return Script{}, err
	}
	if err := rewriteScript(t, changed); err != nil {
		return Script{}, err
	}
	if change.Source == nil {
		return changed, nil
	}
	return changed, insertVersion(t, changed, change.ChangedBy)
}

func rewriteScript(t *transaction, m Script) error {
	imports, err := encodeNames(m.Imports)
	if err != nil {
		return err
	}
	t.touch(m.target())
	t.detail("version", m.Version)
	t.changedCatalog = true
	_, err = t.exec(updateScript, m.Name, m.Kind, m.Description, m.Version, m.Enabled, m.Access, m.TimeoutMS,
		m.Limits.Instructions, m.Limits.MemoryBytes, m.Limits.CallDepth, m.Limits.StringBytes, m.Limits.SDKCalls,
		imports, m.UpdatedAt, m.ID)
	return nameTaken(err, m.Name)
}
