package folder

import (
	"bytes"
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// Settings is the name of the file with everything but the sources.
const Settings = "app.toml"

// The folders of sources.
const (
	scriptsFolder = "scripts/"
	modulesFolder = "modules/"
	sourceSuffix  = ".lua"
)

const heading = "# One app of PiCloud. `picloud push` makes the app what this folder says; `picloud pull` writes the folder.\n\n"

// App is an app as its files show it. What has its default is left out.
type App struct {
	Slug        string                    `toml:"slug"`
	Name        string                    `toml:"name"`
	Description string                    `toml:"description"`
	Secrets     []string                  `toml:"secrets,omitempty"`
	Scripts     map[string]ScriptSettings `toml:"scripts,omitempty"`
	Modules     map[string]ScriptSettings `toml:"modules,omitempty"`
	Routes      []RouteSettings           `toml:"routes,omitempty"`
	Triggers    []TriggerSettings         `toml:"triggers,omitempty"`
	// Sources are those of the scripts and modules, by name.
	ScriptSources, ModuleSources map[string]string `toml:"-"`
}

// ScriptSettings are a script's fields beside its name and source.
type ScriptSettings struct {
	Description string          `toml:"description,omitempty"`
	Access      string          `toml:"access,omitempty"`
	Enabled     *bool           `toml:"enabled,omitempty"`
	TimeoutMS   *int64          `toml:"timeout_ms,omitempty"`
	Limits      *LimitsSettings `toml:"limits,omitempty"`
}

// LimitsSettings are a script's own limits.
type LimitsSettings struct {
	Instructions *int64 `toml:"instructions,omitempty"`
	MemoryBytes  *int64 `toml:"memory_bytes,omitempty"`
	CallDepth    *int64 `toml:"call_depth,omitempty"`
	StringBytes  *int64 `toml:"string_bytes,omitempty"`
	SDKCalls     *int64 `toml:"sdk_calls,omitempty"`
}

// RouteSettings is a route; its kinds follow from host and path.
type RouteSettings struct {
	Script       string             `toml:"script"`
	Method       string             `toml:"method"`
	Host         string             `toml:"host,omitempty"`
	Path         string             `toml:"path"`
	DispatchMode string             `toml:"dispatch_mode,omitempty"`
	LocalOnly    bool               `toml:"local_only,omitempty"`
	Verify       *VerifySettings    `toml:"verify,omitempty"`
	Dedupe       *DedupeSettings    `toml:"dedupe,omitempty"`
	RateLimit    *RateLimitSettings `toml:"rate_limit,omitempty"`
}

// VerifySettings says how a sender proves itself.
type VerifySettings struct {
	Provider        string `toml:"provider"`
	Secret          string `toml:"secret"`
	ToleranceS      int64  `toml:"tolerance_s,omitempty"`
	Header          string `toml:"header,omitempty"`
	In              string `toml:"in,omitempty"`
	Algorithm       string `toml:"algorithm,omitempty"`
	Prefix          string `toml:"prefix,omitempty"`
	Encoding        string `toml:"encoding,omitempty"`
	Template        string `toml:"template,omitempty"`
	TimestampHeader string `toml:"timestamp_header,omitempty"`
	IDHeader        string `toml:"id_header,omitempty"`
}

// DedupeSettings says how repeats are folded.
type DedupeSettings struct {
	From string `toml:"from"`
	TTLS int64  `toml:"ttl_s"`
}

// RateLimitSettings bounds a route's requests.
type RateLimitSettings struct {
	PerMinute int64  `toml:"per_minute"`
	Burst     int64  `toml:"burst"`
	Key       string `toml:"key"`
}

// TriggerSettings is a trigger; the one rule that is set says its kind.
type TriggerSettings struct {
	Name       string              `toml:"name"`
	Script     string              `toml:"script"`
	Enabled    *bool               `toml:"enabled,omitempty"`
	Ordered    bool                `toml:"ordered,omitempty"`
	Cron       *CronSettings       `toml:"cron,omitempty"`
	KV         *DataSettings       `toml:"kv,omitempty"`
	Docs       *DataSettings       `toml:"docs,omitempty"`
	Topic      *TopicSettings      `toml:"topic,omitempty"`
	DeadLetter *DeadLetterSettings `toml:"dead_letter,omitempty"`
	Retry      *RetrySettings      `toml:"retry,omitempty"`
}

// CronSettings fires by the clock.
type CronSettings struct {
	Schedule string `toml:"schedule"`
	Timezone string `toml:"timezone"`
}

// DataSettings fires on changes of a collection.
type DataSettings struct {
	Collection string   `toml:"collection"`
	KeyPrefix  string   `toml:"key_prefix,omitempty"`
	Ops        []string `toml:"ops,omitempty"`
}

// TopicSettings fires on published topics.
type TopicSettings struct {
	Filter string `toml:"filter"`
}

// DeadLetterSettings fires on dead letters.
type DeadLetterSettings struct {
	Kinds []string `toml:"kinds,omitempty"`
}

// RetrySettings is a retry policy.
type RetrySettings struct {
	MaxAttempts int    `toml:"max_attempts"`
	Backoff     string `toml:"backoff"`
	BaseMS      int64  `toml:"base_ms"`
	MaxMS       int64  `toml:"max_ms"`
}

// Write makes the files of an app, by their slash-separated names.
func Write(app *App) (map[string]string, error) {
	files := make(map[string]string, 1+len(app.ScriptSources)+len(app.ModuleSources))
	var text bytes.Buffer
	text.WriteString(heading)
	if err := toml.NewEncoder(&text).Encode(app); err != nil {
		return nil, fmt.Errorf("write %s: %w", Settings, err)
	}
	files[Settings] = text.String()
	for name, source := range app.ScriptSources {
		files[scriptsFolder+name+sourceSuffix] = source
	}
	for name, source := range app.ModuleSources {
		files[modulesFolder+name+sourceSuffix] = source
	}
	return files, nil
}
