package cli

import (
	"io"
	"log/slog"
	"os"
)

// newLogger returns the process's log in the form that logFormat says.
func newLogger(format string, w io.Writer) *slog.Logger {
	if logFormat(format, w) == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// logFormat is text for people at a terminal, json otherwise, unless format
// says which.
func logFormat(format string, w io.Writer) string {
	switch {
	case format != "":
		return format
	case isTerminal(w):
		return "text"
	default:
		return "json"
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
