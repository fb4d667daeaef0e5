package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// SettingSource says where the value of a setting came from.
type SettingSource string

// The sources. File is the data folder's own: the key that seals secrets.
const (
	FromFlag        SettingSource = "flag"
	FromEnvironment SettingSource = "environment"
	FromFile        SettingSource = "file"
	FromDefault     SettingSource = "default"
)

// Setting is one setting in force, as instance/settings shows it. Value is what
// was set, nil for a secret; InForce is what it comes to where that differs.
type Setting struct {
	Name        string        `json:"name"` // of its variable
	Flag        string        `json:"flag"` // "" for one that must not stand in a process list
	Description string        `json:"description"`
	Value       *string       `json:"value"`
	InForce     string        `json:"in_force,omitempty"`
	Default     string        `json:"default"`
	Source      SettingSource `json:"source"`
	Secret      bool          `json:"secret"`
}

// settingsAnswer is the answer of GET instance/settings.
type settingsAnswer struct {
	Items []Setting `json:"items"`
}

// showSettings answers GET instance/settings (spec 2): in force, and where each
// came from.
func (s *Server) showSettings(c echo.Context, _ principal) error {
	return answer(c, nethttp.StatusOK, settingsAnswer{Items: append([]Setting{}, s.config.Settings...)})
}
