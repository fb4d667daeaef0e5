package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// Catalog is one immutable picture of apps, script headers (no source), routes,
// triggers, grants and sealed secrets; a new one replaces it after each write that changes any of them,
// before that write is acknowledged.
type Catalog struct {
	Apps    map[uuid.UUID]*App
	Scripts map[uuid.UUID]*Script
	Routes  []*Route // in the order of their ids, so by age
	// Triggers lack what changes when they fire: NextAt, LastFiredAt and
	// LoopsStopped are those of the last change of the catalog.
	Triggers map[uuid.UUID]*Trigger
	Grants   map[uuid.UUID][]*Grant // by script, oldest first

	appsBySlug    map[string]*App
	scriptsByName map[scriptName]*Script
	appList       []*App    // by slug
	scriptList    []*Script // by name, then id
	listening     map[triggerKey][]*Trigger
	secrets       map[secretName]*AppSecret
	secretList    []*AppSecret // by name
}

type scriptName struct {
	app  uuid.UUID
	name string
}

// triggerKey is what events are matched by; collection is for kv and docs.
type triggerKey struct {
	app        uuid.UUID
	kind       TriggerKind
	collection string
}

// newCatalog makes a catalog with its indexes. The values are its own from here on.
func newCatalog(apps []*App, scripts []*Script, routes []*Route) *Catalog {
	c := &Catalog{
		Apps: make(map[uuid.UUID]*App, len(apps)), Scripts: make(map[uuid.UUID]*Script, len(scripts)), Routes: routes,
		appsBySlug: make(map[string]*App, len(apps)), scriptsByName: make(map[scriptName]*Script, len(scripts)),
		appList: apps, scriptList: scripts,
	}
	for _, a := range apps {
		c.Apps[a.ID], c.appsBySlug[a.Slug] = a, a
	}
	for _, s := range scripts {
		c.Scripts[s.ID], c.scriptsByName[scriptName{s.AppID, s.Name}] = s, s
	}
	slices.SortFunc(c.appList, func(a, b *App) int { return strings.Compare(a.Slug, b.Slug) })
	slices.SortFunc(c.scriptList, func(a, b *Script) int { return strings.Compare(scriptPosition(a), scriptPosition(b)) })
	slices.SortFunc(c.Routes, func(a, b *Route) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return c
}

// addTriggers indexes those that events may start.
func (c *Catalog) addTriggers(triggers []*Trigger) {
	c.Triggers = make(map[uuid.UUID]*Trigger, len(triggers))
	c.listening = make(map[triggerKey][]*Trigger)
	for _, t := range triggers {
		c.Triggers[t.ID] = t
		if !t.Fires() {
			continue
		}
		key := triggerKey{app: t.AppID, kind: t.Kind}
		switch t.Kind {
		case TriggerKV:
			key.collection = t.KV.Collection
		case TriggerDocs:
			key.collection = t.Docs.Collection
		}
		c.listening[key] = append(c.listening[key], t)
	}
}

// triggersOf returns the app's triggers of a kind that fire; for kv and docs
// those of one collection. One map lookup.
func (c *Catalog) triggersOf(app uuid.UUID, kind TriggerKind, collection string) []*Trigger {
	return c.listening[triggerKey{app, kind, collection}]
}

// AppBySlug returns the app of that slug, or nil.
func (c *Catalog) AppBySlug(slug string) *App { return c.appsBySlug[slug] }

// ScriptByName returns the app's script of that name, or nil; one map lookup.
func (c *Catalog) ScriptByName(app uuid.UUID, name string) *Script {
	return c.scriptsByName[scriptName{app, name}]
}

// catalogHolder holds the current catalog and those who want each new one.
type catalogHolder struct {
	current  atomic.Pointer[Catalog]
	mutex    sync.Mutex // orders publishing and watching
	watchers []func(*Catalog)
}

func (h *catalogHolder) publish(c *Catalog) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.current.Store(c)
	for _, watch := range h.watchers {
		watch(c)
	}
}

// Catalog returns the current catalog; one atomic load.
func (s *Store) Catalog() *Catalog { return s.catalog.current.Load() }

// WatchCatalog calls fn with the current catalog now, and with each new one
// from the writer's goroutine before the change is acknowledged. fn must be
// quick, and may neither write to the store nor watch.
func (s *Store) WatchCatalog(fn func(*Catalog)) {
	h := &s.catalog
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.watchers = append(h.watchers, fn)
	fn(h.current.Load())
}

func loadCatalog(t *transaction) (*Catalog, error) {
	apps, err := collect(t, scanApp, selectApps)
	if err != nil {
		return nil, fmt.Errorf("reading the apps: %w", err)
	}
	scripts, err := collect(t, scanScript, selectScripts)
	if err != nil {
		return nil, fmt.Errorf("reading the scripts: %w", err)
	}
	routes, err := collect(t, scanRoute, selectRoutes)
	if err != nil {
		return nil, fmt.Errorf("reading the routes: %w", err)
	}
	triggers, err := collect(t, scanTrigger, selectTriggers+" ORDER BY t.id")
	if err != nil {
		return nil, fmt.Errorf("reading the triggers: %w", err)
	}
	grants, err := collect(t, scanGrant, selectGrants+" ORDER BY g.id")
	if err != nil {
		return nil, fmt.Errorf("reading the grants: %w", err)
	}
	catalog := newCatalog(apps, scripts, routes)
	catalog.addTriggers(triggers)
	catalog.Grants = grantsByScript(grants)
	return catalog, loadSecrets(t, catalog)
}

// collect returns all rows of query, each as scan makes it.
func collect[T any](t *transaction, scan func(row) (T, error), query string, arguments ...any) ([]*T, error) {
	var all []*T
	err := t.each(func(r row) error {
		value, err := scan(r)
		all = append(all, &value)
		return err
	}, query, arguments...)
	return all, err
}

// decodeNames reads a JSON array of names.
func decodeNames(text string) ([]string, error) {
	names := []string{}
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("reading a stored list of names: %w", err)
	}
	return names, nil
}

func encodeNames(names []string) (string, error) {
	if len(names) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(names)
	return string(text), err
}
