package cli

import (
	"strconv"

	"github.com/spf13/pflag"

	"picloud/http"
)

// origin is the value of a setting and where it came from.
type origin struct {
	value  string
	source http.SettingSource
	name   string // of the flag or variable that an error is about
}

// originOf looks where a setting was given: a flag wins over the environment,
// which wins over the default.
func originOf(line setting, flags *pflag.FlagSet, getenv func(string) string) origin {
	if line.flag != "" && flags.Changed(line.flag) {
		return origin{flags.Lookup(line.flag).Value.String(), http.FromFlag, "--" + line.flag}
	}
	if value := getenv(line.variable); value != "" {
		return origin{value, http.FromEnvironment, line.variable}
	}
	return origin{line.fallback, http.FromDefault, line.variable}
}

// shownSettings is the table as instance/settings shows it. What has no flag is
// secret or personal: only that it is set shows, never its value.
func shownSettings(table []setting, flags *pflag.FlagSet, getenv func(string) string) []http.Setting {
	shown := make([]http.Setting, 0, len(table))
	for _, line := range table {
		from := originOf(line, flags, getenv)
		each := http.Setting{Name: line.variable, Description: line.usage, Default: line.fallback, Source: from.source, Secret: line.flag == ""}
		if !each.Secret {
			each.Flag, each.Value = "--"+line.flag, &from.value
		}
		shown = append(shown, each)
	}
	return shown
}

// inForce completes what the table cannot know: what a value stands for, and a
// key that is in a file.
func (i *instance) inForce(shown []http.Setting) []http.Setting {
	for at := range shown {
		switch each := &shown[at]; each.Name {
		case "PICLOUD_MAX_CONCURRENCY":
			each.InForce = strconv.FormatInt(i.engine.Stats().Gate.Slots, 10)
		case "PICLOUD_LOG_FORMAT":
			each.InForce = logFormat(i.settings.LogFormat, i.process.Stderr)
		case "PICLOUD_SECRET_KEY":
			if each.Source == http.FromDefault && !i.settings.DevMode {
				each.Source = http.FromFile
			}
		}
	}
	return shown
}
