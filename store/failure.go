package store

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errNoRow says that a query that wants one row found none.
var errNoRow = errors.New("no such row")

// storageFull is what a write answers while the disk is full (spec 5, "Storage").
func storageFull(cause error) *Error {
	return &Error{Kind: KindUnavailable, Code: "storage_full",
		Message: "the disk is full; free some space and try again", Err: cause}
}

func closedError() *Error {
	return Errorf(KindUnavailable, "closed", "the database is closed; try again after the restart")
}

func internalError(doing string, cause error) *Error {
	return &Error{Kind: KindInternal, Code: "internal", Message: doing, Err: cause}
}

// resultCode returns SQLite's extended result code of err, or 0.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isUnique reports whether err is a violated unique or primary key.
func isUnique(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
		code == sqlite3.SQLITE_CONSTRAINT_ROWID
}

// isForeignKey reports whether err says that what a row refers to is gone.
func isForeignKey(err error) bool { return resultCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY }

func isFull(err error) bool { return resultCode(err)&0xff == sqlite3.SQLITE_FULL }

// isDamage reports whether err says that the file itself is wrong.
func isDamage(err error) bool {
	primary := resultCode(err) & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}

// isFatal reports whether a failed commit, sync or checkpoint leaves the
// process unable to say what is on the disk: after a failed sync the kernel may
// have dropped the pages, and a repeated one would report success.
func isFatal(err error) bool {
	primary := resultCode(err) & 0xff
	return primary == sqlite3.SQLITE_IOERR || isDamage(err)
}

// visible turns what an operation returned into what its caller may see: an
// *Error as it is, a full disk by its own code, all else as internal.
func visible(err error) error {
	var e *Error
	switch {
	case err == nil || errors.As(err, &e):
		return err
	case isFull(err):
		return storageFull(err)
	default:
		return internalError("the database failed", err)
	}
}

func noSuch(noun string) error {
	return Errorf(KindNotFound, "not_found", "there is no such %s", noun)
}

// mustChange makes "not found" of a change that met no row.
func mustChange(n int64, err error, noun string) error {
	if err == nil && n == 0 {
		return noSuch(noun)
	}
	return err
}

// checkText checks the length in bytes and that text is UTF-8 without control characters.
func checkText(field, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return Errorf(KindInvalid, "invalid_"+field, "%s must be %d to %d bytes long", field, least, most)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		return Errorf(KindInvalid, "invalid_"+field, "%s must be text without control characters", field)
	}
	return nil
}
