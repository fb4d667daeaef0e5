package store

import (
	"slices"
)

func (i *importer) writeTriggers() error {
	stored := make(map[string]*Trigger, len(i.there.Triggers))
	for _, each := range i.there.Triggers {
		stored[each.Name] = each
	}
	for index := range i.in.Triggers {
		in := &i.in.Triggers[index]
		target, err := i.endpoint("trigger", in.Script)
		if err == nil {
			in.AppID, in.ScriptID, in.RegisteredBy = i.there.App.ID, target.ID, i.in.By.ID
			err = i.writeTrigger(in, stored[in.Name])
		}
		if err := i.refused("trigger", index, in.Name, err); err != nil {
			return err
		}
		if err == nil {
			delete(stored, in.Name)
		}
	}
	return nil
}

// writeTrigger makes or changes a trigger. One of another kind takes the place
// of the old one.
func (i *importer) writeTrigger(in *ImportedTrigger, old *Trigger) error {
	if old == nil {
		i.planned(ImportCreate, "trigger", in.Name)
		_, err := i.store.createTrigger(i.transaction, in.TriggerDraft)
		return err
	}
	fields := triggerDifferences(old, in)
	if len(fields) == 0 {
		return nil
	}
	i.planned(ImportChange, "trigger", in.Name, fields...)
	if old.Kind != in.Kind {
		if _, err := i.exec("DELETE FROM triggers WHERE id = ?", old.ID); err != nil {
			return err
		}
		_, err := i.store.createTrigger(i.transaction, in.TriggerDraft)
		return err
	}
	change := TriggerChange{ScriptID: &in.ScriptID, Enabled: &in.Enabled, Ordered: &in.Ordered, Complete: func(t Trigger) (Trigger, error) {
		t.Retry = in.Retry
		if slices.Contains(fields, "rule") {
			t.Cron, t.KV, t.Docs, t.Topic, t.DeadLetter = in.Cron, in.KV, in.Docs, in.Topic, in.DeadLetter
		}
		return t, nil
	}}
	_, err := changeTrigger(i.transaction, *old, change)
	return err
}

func triggerDifferences(a *Trigger, in *ImportedTrigger) []string {
	b := Trigger{Kind: in.Kind, Cron: in.Cron, KV: in.KV, Docs: in.Docs, Topic: in.Topic, DeadLetter: in.DeadLetter}
	return differences(
		differing("script", a.ScriptID != in.ScriptID), differing("kind", a.Kind != b.Kind),
		differing("rule", a.Kind == b.Kind && !a.sameRule(&b)), differing("enabled", a.Enabled != in.Enabled),
		differing("ordered", a.Ordered != in.Ordered), differing("retry", a.Retry != in.Retry))
}

// sameRule compares the rules of two triggers of one kind as they are stored.
func (t *Trigger) sameRule(other *Trigger) bool {
	a, _, errA := t.storedRule()
	b, _, errB := other.storedRule()
	return errA == nil && errB == nil && a == b
}
