package cli

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"picloud/http"
	"picloud/runtime/meter"
	"picloud/scheduler/crontime"
	"picloud/store"
)

// Settings are everything a user can set for serve (spec 5, "Settings").
type Settings struct {
	Addr             string
	AdminHost        string
	Data             string
	PublicBaseURL    string
	TrustedProxies   []netip.Prefix
	AdminUsername    string
	AdminPassword    string
	SessionTTLHours  int64
	ScriptCacheSize  int64
	ModuleCacheSize  int64
	MaxConcurrency   int64
	MaxBodyBytes     int64
	RetentionDays    int64
	RetentionRows    int64
	LogFormat        string
	Metrics          string
	TLS              tlsSettings
	BackupDir        string
	BackupSchedule   *crontime.Schedule
	BackupKeep       int64
	Outside          outsideSettings
	SecretKey        *store.SecretKey
	SecretKeyFile    string
	DevMode          bool
	Default, Ceiling limitSettings

	inForce []http.Setting // all of these, as the API shows them
}

// limitSettings is one set of limits in the units of their variables.
type limitSettings struct {
	Instructions, MemoryBytes, TimeoutMS, CallDepth, StringBytes, SDKCalls int64
}

// meter returns the limits as the runtime takes them.
func (l limitSettings) meter() meter.Limits {
	return meter.Limits{
		Instructions: l.Instructions,
		MemoryBytes:  l.MemoryBytes,
		Wall:         time.Duration(l.TimeoutMS) * time.Millisecond,
		StringBytes:  int(l.StringBytes),
		CallDepth:    int(l.CallDepth),
		SDKCalls:     int(l.SDKCalls),
	}
}

// setting is one line of the settings table: a variable, its flag and its rule.
type setting struct {
	variable string // PICLOUD_…
	flag     string // "" for what must not appear in a process list
	usage    string
	fallback string
	set      func(value string) error
}

// settingsTable lists every setting in the order --help shows them.
func settingsTable(s *Settings) []setting {
	table := []setting{
		addressSetting(s),
		{"PICLOUD_ADMIN_HOST", "admin-host", "host name that the admin page and the API have to themselves; without one they share every name with scripts, whose pages are then held in a sandbox", "", adminHost(&s.AdminHost)},
		dataSetting(s),
		{"PICLOUD_PUBLIC_BASE_URL", "public-base-url", "where others reach this instance, such as https://pi.example.com", "", baseURL(&s.PublicBaseURL)},
		{"PICLOUD_TRUSTED_PROXIES", "trusted-proxies", "proxies whose X-Forwarded-For counts, such as 127.0.0.1,10.0.0.0/8", "", prefixes(&s.TrustedProxies)},
		{"PICLOUD_ADMIN_USERNAME", "admin-username", "first owner's name; ignored once any user exists", "", text(&s.AdminUsername)},
		{"PICLOUD_ADMIN_PASSWORD", "", "first owner's password; ignored once any user exists", "", text(&s.AdminPassword)},
		{"PICLOUD_SESSION_TTL_HOURS", "session-ttl-hours", "hours after its last use at which a session ends", "24", number(&s.SessionTTLHours, 1, 24*365)},
		{"PICLOUD_SCRIPT_CACHE_SIZE", "script-cache-size", "compiled scripts kept in memory", "256", number(&s.ScriptCacheSize, 1, 100_000)},
		{"PICLOUD_MODULE_CACHE_SIZE", "module-cache-size", "compiled modules kept in memory", "512", number(&s.ModuleCacheSize, 1, 100_000)},
		{"PICLOUD_MAX_CONCURRENCY", "max-concurrency", "scripts that run at once; 0 means four for each core", "0", number(&s.MaxConcurrency, 0, 10_000)},
		{"PICLOUD_MAX_BODY_BYTES", "max-body-bytes", "largest request body for a script", "10485760", number(&s.MaxBodyBytes, 1024, 1<<30)},
		{"PICLOUD_LOG_RETENTION_DAYS", "log-retention-days", "days that execution records are kept", "14", number(&s.RetentionDays, 1, 3650)},
		{"PICLOUD_LOG_RETENTION_ROWS", "log-retention-rows", "execution records kept for each script", "1000", number(&s.RetentionRows, 1, 1_000_000)},
		{"PICLOUD_METRICS", "metrics", "key: /metrics answers an API key with instance:read; off: it answers nobody", "key", oneOf(&s.Metrics, "", "key", "off")},
		{"PICLOUD_LOG_FORMAT", "log-format", "text or json; json when the output is not a terminal", "", oneOf(&s.LogFormat, "", "text", "json")},
	}
	table = append(append(table, tlsTable(&s.TLS)...), backupTable(s)...)
	table = append(table, outsideTable(&s.Outside)...)
	table = append(table, keySettings(s)...)
	table = append(table, limitTable("LIMIT", "limit", "default", &s.Default,
		[6]string{"10000000", "16777216", "10000", "200", "4194304", "1000"})...)
	return append(table, limitTable("CEILING", "ceiling", "highest a script may set", &s.Ceiling,
		[6]string{"1000000000", "268435456", "300000", "1000", "268435456", "100000"})...)
}

// addressSetting is for serve, and for the doctor, which asks there.
func addressSetting(s *Settings) setting {
	return setting{"PICLOUD_ADDR", "addr", "address and port to listen on", ":8080", address(&s.Addr)}
}

// dataSetting is the one setting that commands beside serve need too.
func dataSetting(s *Settings) setting {
	return setting{"PICLOUD_DATA", "data", "folder of the database", "./data", text(&s.Data)}
}

// backupTable is the part of the settings table about scheduled backups.
func backupTable(s *Settings) []setting {
	return []setting{
		backupDirSetting(s),
		{"PICLOUD_BACKUP_CRON", "backup-cron", "when scheduled backups are taken, in UTC; one that was missed is taken later", "0 3 * * *", schedule(&s.BackupSchedule)},
		{"PICLOUD_BACKUP_KEEP", "backup-keep", "scheduled backups kept", "7", number(&s.BackupKeep, 1, 1000)},
	}
}

// backupDirSetting is for serve, and for the drill, which looks there.
func backupDirSetting(s *Settings) setting {
	return setting{"PICLOUD_BACKUP_DIR", "backup-dir", "folder for scheduled backups, which must exist; without one none are taken", "", text(&s.BackupDir)}
}

func schedule(target **crontime.Schedule) func(string) error {
	return func(value string) (err error) {
		*target, err = crontime.Parse(value, "")
		return err
	}
}

// limitTable is the six limits of spec 4, once as defaults and once as ceilings.
func limitTable(infix, prefix, what string, l *limitSettings, fallback [6]string) []setting {
	line := func(i int, name, flag, unit string, target *int64, least, most int64) setting {
		return setting{
			"PICLOUD_" + infix + "_" + name, prefix + "-" + flag,
			fmt.Sprintf("%s (%s)", unit, what), fallback[i], number(target, least, most),
		}
	}
	return []setting{
		line(0, "INSTRUCTIONS", "instructions", "instructions of one run", &l.Instructions, 1000, 1_000_000_000),
		line(1, "MEMORY_BYTES", "memory-bytes", "live memory of one run, in bytes", &l.MemoryBytes, 1<<20, 256<<20),
		line(2, "TIMEOUT_MS", "timeout-ms", "wall clock of one run, in milliseconds", &l.TimeoutMS, 10, 300_000),
		line(3, "CALL_DEPTH", "call-depth", "nested calls of one run", &l.CallDepth, 20, 1000),
		line(4, "STRING_BYTES", "string-bytes", "longest string, in bytes", &l.StringBytes, 1024, 256<<20),
		line(5, "SDK_CALLS", "sdk-calls", "calls of kv, docs, http and the like in one run", &l.SDKCalls, 1, 100_000),
	}
}

// load fills the settings. A bad value is an error that names where it came from.
func load(table []setting, flags *pflag.FlagSet, getenv func(string) string) error {
	for _, line := range table {
		value, source := line.given(flags, getenv)
		if err := line.set(value); err != nil {
			origin := line.variable
			if source == "flag" {
				origin = "--" + line.flag
			}
			if line.flag == "" { // it may be a secret
				return fmt.Errorf("%s %w", origin, err)
			}
			return fmt.Errorf("%s is %q, but %w", origin, value, err)
		}
	}
	return nil
}

// given returns the value of a flag that was given, else of the variable, else
// the fallback, and which of these it is.
func (line setting) given(flags *pflag.FlagSet, getenv func(string) string) (value, source string) {
	if line.flag != "" && flags.Changed(line.flag) {
		return flags.Lookup(line.flag).Value.String(), "flag"
	}
	if value := getenv(line.variable); value != "" {
		return value, "environment"
	}
	return line.fallback, "default"
}

// shown lists the settings as the API shows them: of those that have no flag,
// because they may be secret, only where they come from. Without a key of its own
// the instance has one in a file.
func (s *Settings) shown(table []setting, flags *pflag.FlagSet, getenv func(string) string) []http.Setting {
	list := make([]http.Setting, 0, len(table))
	for _, line := range table {
		value, source := line.given(flags, getenv)
		shown := http.Setting{Name: line.variable, Flag: line.flag, Description: line.usage, Default: line.fallback, Source: source, Secret: line.flag == ""}
		if !shown.Secret {
			shown.Value = &value
		}
		if line.variable == "PICLOUD_SECRET_KEY" && s.keySource().Key == nil {
			shown.Source = "file"
		}
		list = append(list, shown)
	}
	return list
}

// check finds settings that are wrong only together.
func (s *Settings) check() error {
	pairs := []struct {
		name              string
		fallback, ceiling int64
	}{
		{"INSTRUCTIONS", s.Default.Instructions, s.Ceiling.Instructions},
		{"MEMORY_BYTES", s.Default.MemoryBytes, s.Ceiling.MemoryBytes},
		{"TIMEOUT_MS", s.Default.TimeoutMS, s.Ceiling.TimeoutMS},
		{"CALL_DEPTH", s.Default.CallDepth, s.Ceiling.CallDepth},
		{"STRING_BYTES", s.Default.StringBytes, s.Ceiling.StringBytes},
		{"SDK_CALLS", s.Default.SDKCalls, s.Ceiling.SDKCalls},
	}
	for _, p := range pairs {
		if p.fallback > p.ceiling {
			return fmt.Errorf("PICLOUD_LIMIT_%s is %d, but its ceiling PICLOUD_CEILING_%s is %d", p.name, p.fallback, p.name, p.ceiling)
		}
	}
	if public, err := url.Parse(s.PublicBaseURL); err == nil && s.AdminHost != "" && http.SameHost(public.Host, s.AdminHost) {
		return fmt.Errorf("PICLOUD_ADMIN_HOST is the host of PICLOUD_PUBLIC_BASE_URL too, but no script answers there; devices need another name")
	}
	if err := errors.Join(s.checkKey(), s.TLS.check()); err != nil {
		return err
	}
	if (s.AdminUsername == "") != (s.AdminPassword == "") {
		return fmt.Errorf("PICLOUD_ADMIN_USERNAME and PICLOUD_ADMIN_PASSWORD must be set together")
	}
	return s.Outside.check()
}

func text(target *string) func(string) error {
	return func(value string) error { *target = value; return nil }
}

func number(target *int64, least, most int64) func(string) error {
	return func(value string) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a whole number from %d to %d", least, most)
		}
		*target = n
		return nil
	}
}

func oneOf(target *string, allowed ...string) func(string) error {
	return func(value string) error {
		for _, a := range allowed {
			if value == a {
				*target = value
				return nil
			}
		}
		return fmt.Errorf("must be one of %s", store.Listed(allowed[1:]))
	}
}

func adminHost(target *string) func(string) error {
	return func(value string) error {
		*target = value
		if value == "" {
			return nil
		}
		return http.CheckAdminHost(value)
	}
}

func address(target *string) func(string) error {
	return func(value string) error {
		_, port, err := net.SplitHostPort(value)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return fmt.Errorf("must be HOST:PORT or :PORT, such as :8080")
		}
		*target = value
		return nil
	}
}

func baseURL(target *string) func(string) error {
	return func(value string) error {
		u, err := url.Parse(value)
		if value != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "") {
			return fmt.Errorf("must be a URL such as https://pi.example.com")
		}
		*target = value
		return nil
	}
}
