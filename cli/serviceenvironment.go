package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// serviceEnvironment is what the unit of an installation gives the server, as a
// command of root's needs it: the key from its file, not from systemd's copy.
// Who may not read the file of settings gets the unit's own.
func serviceEnvironment(root string) map[string]string {
	known := map[string]string{
		"PICLOUD_DATA":            filepath.Join(root, serviceData),
		"PICLOUD_BACKUP_DIR":      filepath.Join(root, serviceData, "backups"),
		"PICLOUD_SECRET_KEY_FILE": filepath.Join(root, serviceSettings, "picloud.key"),
	}
	if addr := fromUnit(root, "Environment=PICLOUD_ADDR="); addr != "" {
		known["PICLOUD_ADDR"] = addr
	}
	maps.Copy(known, settingsFile(root))
	if known["PICLOUD_SECRET_KEY"] != "" || known["PICLOUD_DEV_MODE"] == "true" {
		delete(known, "PICLOUD_SECRET_KEY_FILE")
	}
	return known
}

// settingsFile is what the owner has set for the service. It has the form of
// systemd.exec(5), EnvironmentFile=, without its continued lines.
func settingsFile(root string) map[string]string {
	given := make(map[string]string)
	content, err := os.ReadFile(filepath.Join(root, serviceSettings, "picloud.env"))
	if err != nil {
		return given
	}
	for line := range strings.Lines(string(content)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, ";") {
			given[strings.TrimSpace(name)] = unquoted(strings.TrimSpace(value))
		}
	}
	return given
}

// fromUnit is the rest of the line of the installed unit that begins with start;
// "" without one.
func fromUnit(root, start string) string {
	content, err := os.ReadFile(filepath.Join(root, installedUnit))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), start); ok {
			return rest
		}
	}
	return ""
}

func unquoted(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}
