package store

import (
	"github.com/google/uuid"
)

// writeScripts makes and changes scripts, without looking yet at what needs
// what. A script that is as it shall be gets no new version.
func (i *importer) writeScripts() error {
	i.scripts = make(map[string]*Script, len(i.there.Scripts))
	for _, each := range i.there.Scripts {
		i.scripts[each.Name] = each
	}
	if i.in.Prune {
		clear(i.scripts)
	}
	stored := make(map[string]*Script, len(i.there.Scripts))
	for _, each := range i.there.Scripts {
		stored[each.Name] = each
	}
	for index := range i.in.Scripts {
		written, err := i.writeScript(&i.in.Scripts[index], stored[i.in.Scripts[index].Name])
		if err != nil {
			return err
		}
		i.scripts[written.Name] = &written
	}
	return nil
}

func (i *importer) writeScript(in *ImportedScript, old *Script) (Script, error) {
	wanted := Script{ID: i.store.newID(), AppID: i.there.App.ID, Name: in.Name, Kind: in.Kind, Description: in.Description, Source: in.Source,
		Version: 1, Enabled: in.Enabled, Access: in.Access, TimeoutMS: in.TimeoutMS, Limits: in.Limits,
		Imports: normalNames(in.Imports), CreatedAt: i.at, UpdatedAt: i.at}
	if old == nil {
		i.planned(ImportCreate, "script", wanted.Name)
		if err := writeScript(i.transaction, wanted); err != nil {
			return wanted, err
		}
		return wanted, insertVersion(i.transaction, wanted, i.in.By.Username)
	}
	fields := scriptDifferences(old, &wanted)
	if len(fields) == 0 {
		return *old, nil
	}
	i.planned(ImportChange, "script", wanted.Name, fields...)
	wanted.ID, wanted.CreatedAt, wanted.Version = old.ID, old.CreatedAt, old.Version+1
	if err := rewriteScript(i.transaction, wanted); err != nil {
		return wanted, err
	}
	return wanted, insertVersion(i.transaction, wanted, i.in.By.Username)
}

func scriptDifferences(a, b *Script) []string {
	limit := func(a, b *int64) bool { return !same(a, b) }
	return differences(
		differing("kind", a.Kind != b.Kind), differing("description", a.Description != b.Description), differing("source", a.Source != b.Source),
		differing("enabled", a.Enabled != b.Enabled), differing("access", a.Access != b.Access), differing("timeout_ms", limit(a.TimeoutMS, b.TimeoutMS)),
		differing("limits", limit(a.Limits.Instructions, b.Limits.Instructions) || limit(a.Limits.MemoryBytes, b.Limits.MemoryBytes) ||
			limit(a.Limits.CallDepth, b.Limits.CallDepth) || limit(a.Limits.StringBytes, b.Limits.StringBytes) || limit(a.Limits.SDKCalls, b.Limits.SDKCalls)))
}

// checkScripts checks every script of the app as it now is: also one that the
// import has not may require a module that has become an endpoint.
func (i *importer) checkScripts() error {
	indexes := make(map[string]int, len(i.in.Scripts))
	for index, in := range i.in.Scripts {
		indexes[in.Name] = index
	}
	for _, name := range sortedNames(i.scripts) {
		each := i.scripts[name]
		index, imported := indexes[name]
		if !imported {
			index = -1
		}
		err := i.store.checkScript(i.transaction, *each)
		if err == nil && each.Kind == ScriptModule {
			err = i.refuseCallers(each.ID)
		}
		if err := i.refused("script", index, name, err); err != nil {
			return err
		}
	}
	return nil
}

// refuseCallers refuses a module that routes or triggers outside of the import
// lead to; for those in it the problem is theirs.
func (i *importer) refuseCallers(id uuid.UUID) error {
	outside, err := i.count("SELECT (SELECT count(*) FROM routes WHERE script_id = ?) + (SELECT count(*) FROM triggers WHERE script_id = ?)", id, id)
	if err != nil || outside == 0 {
		return err
	}
	return Errorf(KindConflict, "has_dependents", "routes or triggers of the app lead to this script, so it cannot be a module")
}
