package store

import (
	"context"
	"reflect"

	"github.com/google/uuid"
)

// ScriptChange holds what a PATCH names, and nothing else: it is put over the
// stored script inside the transaction, so that changes at the same time all
// survive. Nil means unchanged; a pointer to nil puts a limit's default back.
// A set Source carries its Imports. IfVersion, when set, refuses with conflict
// "stale_version" unless it is the current version. A change of TimeoutMS or
// Limits brings CheckLimits.
type ScriptChange struct {
	Name, Description, Source *string
	Kind                      *ScriptKind
	Access                    *Access
	Enabled                   *bool
	TimeoutMS                 **int64
	Limits                    LimitsChange
	CheckLimits               LimitsCheck
	Imports                   []string
	IfVersion                 *int
	ChangedBy                 string
}

// LimitsChange holds the limits that a PATCH names, as ScriptChange does.
type LimitsChange struct {
	Instructions, MemoryBytes, CallDepth, StringBytes, SDKCalls **int64
}

// LimitsCheck is the runtime's rule for a script's limits, handed in because
// store imports no room above it.
type LimitsCheck func(timeoutMS *int64, limits Limits) error

// apply returns the script as the change wants it.
func (c ScriptChange) apply(s Script) Script {
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.Kind, c.Kind)
	set(&s.Access, c.Access)
	set(&s.Enabled, c.Enabled)
	set(&s.TimeoutMS, c.TimeoutMS)
	set(&s.Limits.Instructions, c.Limits.Instructions)
	set(&s.Limits.MemoryBytes, c.Limits.MemoryBytes)
	set(&s.Limits.CallDepth, c.Limits.CallDepth)
	set(&s.Limits.StringBytes, c.Limits.StringBytes)
	set(&s.Limits.SDKCalls, c.Limits.SDKCalls)
	if c.Source != nil {
		s.Source, s.Imports = *c.Source, normalNames(c.Imports)
	}
	return s
}

// changesLimits reports whether the change names a limit.
func (c ScriptChange) changesLimits() bool {
	return c.TimeoutMS != nil || c.Limits != LimitsChange{}
}

// UpdateScript changes what is set in change. Every save is a new version
// (spec 1), whichever field it changes, so that IfVersion notices them all; a
// change that changes nothing saves nothing. Besides CreateScript's errors and
// those of CheckLimits: conflict "stale_version", and "has_dependents" when a
// new name or kind takes away what others use.
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
	if change.changesLimits() && change.CheckLimits != nil {
		if err := change.CheckLimits(changed.TimeoutMS, changed.Limits); err != nil {
			return Script{}, err
		}
	}
	if reflect.DeepEqual(changed, old) {
		return old, nil
	}
	return s.saveScript(t, old, changed, change.ChangedBy)
}

// saveScript puts changed, as a new version, in the place of old.
func (s *Store) saveScript(t *transaction, old, changed Script, by string) (Script, error) {
	changed.Version, changed.UpdatedAt = old.Version+1, t.at
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
	return changed, insertVersion(t, changed, by)
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
