package cli

import (
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
	content, err := os.ReadFile(filepath.Join(root, serviceSettings, "picloud.env"))
	if err != nil {
		return known
	}
	// The form of systemd.exec(5), EnvironmentFile=, without its continued lines.
	for line := range strings.Lines(string(content)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, ";") {
			known[strings.TrimSpace(name)] = unquoted(strings.TrimSpace(value))
		}
	}
	if known["PICLOUD_SECRET_KEY"] != "" || known["PICLOUD_DEV_MODE"] == "true" {
		delete(known, "PICLOUD_SECRET_KEY_FILE")
	}
	return known
}

func unquoted(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}
