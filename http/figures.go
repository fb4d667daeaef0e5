package http

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"picloud/runtime"
)

// runFigures are what scripts have used.
type runFigures struct {
	Instructions int64 `json:"instructions"`
	SDKCalls     int64 `json:"sdk_calls"`
	// MemoryBytes is a run's own live memory at its largest; null when nothing ran.
	MemoryBytes *shares `json:"memory_bytes"`
}

// logFigures count execution records. Dropped ones came faster than they could
// be written.
type logFigures struct {
	Written int64 `json:"written"`
	Dropped int64 `json:"dropped"`
}

// writerFigures are about the one writer: changes, the commits that they were
// grouped in, those of them that were put on the card before they were answered,
// syncs, and how often the write-ahead log was moved into the database.
type writerFigures struct {
	Operations    int64 `json:"operations"`
	Groups        int64 `json:"groups"`
	DurableGroups int64 `json:"durable_groups"`
	Syncs         int64 `json:"syncs"`
	Checkpoints   int64 `json:"checkpoints"`
	WALUsedBytes  int64 `json:"wal_used_bytes"`
}

// cacheFigures count looks into a cache.
type cacheFigures struct {
	Hits   int64 `json:"hits"`
	Misses int64 `json:"misses"`
}

// hashFigures are about the gate that passwords and new keys go through.
type hashFigures struct {
	Running int64 `json:"running"`
	Waiting int64 `json:"waiting"`
	Done    int64 `json:"done"`
	Refused int64 `json:"refused"`
}

// scriptBytes is what was written for one script.
type scriptBytes struct {
	ID    uuid.UUID `json:"script_id"`
	App   string    `json:"app"` // slug
	Name  string    `json:"name"`
	Bytes int64     `json:"bytes"`
}

// shownScripts is how many scripts the stats name, those that write the most.
const shownScripts = 10

// addFigures adds what the rooms count for themselves, as /metrics has it.
func (s *Server) addFigures(stats *instanceStats, engine runtime.Stats) {
	log, writer, hashes := s.store.ExecutionLogStats(), s.store.WriterStats(), s.hasher.stats()
	stats.Requests = s.requestsByKind()
	stats.Runs = runFigures{Instructions: engine.Instructions, SDKCalls: engine.SDKCalls, MemoryBytes: sharesOf(engine.Memory, 1)}
	stats.Log = logFigures{Written: log.Written, Dropped: log.Dropped}
	stats.Writer = writerFigures{Operations: writer.Operations, Groups: writer.Groups, DurableGroups: writer.DurableGroups, Syncs: writer.Syncs,
		Checkpoints: writer.Checkpoints, WALUsedBytes: writer.WALBytes}
	stats.Caches = s.cachesByName(engine)
	stats.PasswordHashes = hashFigures{Running: hashes.running, Waiting: hashes.waiting, Done: hashes.done, Refused: hashes.refused}
	scripts := s.writtenByScript()
	stats.WrittenByScript = scripts[:min(len(scripts), shownScripts)]
}

// requestsByKind counts answers by who gave them and the class of their status.
func (s *Server) requestsByKind() map[string]map[string]int64 {
	counts := make(map[string]map[string]int64, len(requestKindNames))
	for kind, name := range requestKindNames {
		counts[name] = make(map[string]int64, statusClasses)
		for class := range statusClasses {
			counts[name][statusClass(class)] = s.counts[kind][class].Load()
		}
	}
	return counts
}

// statusClass is "1xx" for 0, and so on.
func statusClass(class int) string { return strconv.Itoa(class+1) + "xx" }

func (s *Server) cachesByName(engine runtime.Stats) map[string]cacheFigures {
	hits, misses := s.store.DataCacheStats()
	return map[string]cacheFigures{"scripts": cacheFigures(engine.Scripts), "modules": cacheFigures(engine.Modules), "data": {Hits: hits, Misses: misses}}
}

// writtenByScript has the scripts that exist and have had something written for
// them, those first for which it is the most.
func (s *Server) writtenByScript() []scriptBytes {
	written, catalog := s.store.WrittenBytes(), s.store.Catalog()
	list := make([]scriptBytes, 0, len(written.ByScript))
	for id, bytes := range written.ByScript {
		script := catalog.Scripts[id]
		if script == nil {
			continue // deleted just now
		}
		line := scriptBytes{ID: id, Name: script.Name, Bytes: bytes}
		if app := catalog.Apps[script.AppID]; app != nil {
			line.App = app.Slug
		}
		list = append(list, line)
	}
	slices.SortFunc(list, func(a, b scriptBytes) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}
