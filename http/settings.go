package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// Setting is one setting as it is in force.
type Setting struct {
	Name        string  `json:"name"` // of the variable
	Flag        string  `json:"flag"` // "" for what only the environment may give
	Description string  `json:"description"`
	Value       *string `json:"value"` // null for what is secret
	Default     string  `json:"default"`
	Source      string  `json:"source"` // where the value came from: flag, environment, file or default
	Secret      bool    `json:"secret"` // whether its value is never shown
}

// settingList is the answer of GET instance/settings.
type settingList struct {
	Items []Setting `json:"items"`
}

// showSettings answers what is in force and where each setting came from; what
// is secret shows only whether it is set.
func (s *Server) showSettings(c echo.Context, _ principal) error {
	return answer(c, nethttp.StatusOK, settingList{append([]Setting{}, s.config.Settings...)})
}
