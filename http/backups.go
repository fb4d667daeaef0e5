package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// backupList is the answer of GET instance/backups: the files of scheduled
// backups, newest first, and how the schedule goes on.
type backupList struct {
	Items []store.Backup `json:"items"`
	// NextAt is when the next scheduled backup is due; null when none are taken.
	NextAt *store.Time `json:"next_at"`
	// Error is why the last one failed; "" when it did not.
	Error string `json:"error"`
}

func (s *Server) listBackups(c echo.Context, _ principal) error {
	var list backupList
	var err error
	if list.Items, err = s.config.BackupFolder.List(); err != nil {
		return err
	}
	next, failure := s.config.Backups()
	if !next.IsZero() {
		at := store.TimeOf(next)
		list.NextAt = &at
	}
	list.Error = failure
	return answer(c, nethttp.StatusOK, list)
}

// takeBackup sends a checked copy of the database. It is taken first and sent
// then, so a slow client holds a file without a name and no snapshot.
func (s *Server) takeBackup(c echo.Context, _ principal) error {
	file, err := s.store.Download(c.Request().Context())
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("look at the backup: %w", err)
	}
	header := c.Response().Header()
	header.Set("Content-Type", "application/vnd.sqlite3")
	header.Set("Content-Disposition", `attachment; filename="`+store.BackupName(s.config.Now())+`"`)
	header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	header.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(nethttp.StatusOK)
	// What cannot be sent whole is shorter than the length says, and the client knows.
	if _, err := io.Copy(c.Response(), file); err != nil {
		s.logger.Warn("a backup was not sent whole", "request_id", requestID(c), "error", err)
	}
	return nil
}
