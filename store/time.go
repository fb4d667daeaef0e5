package store

import (
	"strconv"
	"time"
)

// Time is a moment in Unix milliseconds. JSON shows it as RFC 3339 UTC with
// milliseconds (spec 2, "Shapes").
type Time int64

const timeLayout = "2006-01-02T15:04:05.000Z"

// TimeOf returns t in milliseconds.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Time returns the moment as a time.Time in UTC.
func (t Time) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String returns the moment as RFC 3339 UTC with milliseconds.
func (t Time) String() string { return t.Time().Format(timeLayout) }

// MarshalJSON writes the moment as RFC 3339 UTC with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, t.String()), nil }

// UnmarshalJSON reads RFC 3339 with any offset and up to nanoseconds.
func (t *Time) UnmarshalJSON(b []byte) error {
	var at time.Time
	if err := at.UnmarshalJSON(b); err != nil {
		return err
	}
	*t = TimeOf(at)
	return nil
}
