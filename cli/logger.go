package cli

import (
	"io"
	"log/slog"
	"os"
)

// newLogger returns the process's log: text for people at a terminal, JSON
// otherwise, unless format ("text" or "json") says which.
func newLogger(format string, w io.Writer) *slog.Logger {
	if format == "text" || (format == "" && isTerminal(w)) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
