package stdlib

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// writeDate appends t in a format of C's strftime, in the C locale. A conversion
// that C does not know stays as it is.
func writeDate(out *buffer, format string, t time.Time) {
	for {
		plain, after, found := strings.Cut(format, "%")
		out.add(plain)
		if !found {
			return
		}
		out.meter.Step(out.L, 1)
		if after == "" {
			out.addByte('%')
			return
		}
		text, ok := convertDate(after[0], t)
		if !ok {
			text = after[:1]
			if after[0] != '%' {
				text = "%" + text
			}
		}
		out.add(text)
		format = after[1:]
	}
}

// dateLayouts are the conversions that Go's time.Format has too.
var dateLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'm': "01", 'M': "04",
	'p': "PM", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06",
	'X': "15:04:05", 'z': "-0700",
}

func convertDate(verb byte, t time.Time) (string, bool) {
	if layout, ok := dateLayouts[verb]; ok {
		return t.Format(layout), true
	}
	switch verb {
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'Y':
		return strconv.Itoa(t.Year()), true
	case 'y':
		return fmt.Sprintf("%02d", modulo(t.Year(), 100)), true
	case 'C':
		return fmt.Sprintf("%02d", (t.Year()-modulo(t.Year(), 100))/100), true
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay()), true
	case 'Z':
		return zoneName(t), true
	}
	return convertWeek(verb, t)
}

func convertWeek(verb byte, t time.Time) (string, bool) {
	sunday := int(t.Weekday())
	monday := (sunday + 6) % 7
	year, week := t.ISOWeek()
	switch verb {
	case 'w':
		return strconv.Itoa(sunday), true
	case 'u':
		return strconv.Itoa(monday + 1), true
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-sunday)/7), true
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-monday)/7), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	case 'G':
		return strconv.Itoa(year), true
	case 'g':
		return fmt.Sprintf("%02d", modulo(year, 100)), true
	}
	return "", false
}

// zoneName is C's name of UTC where Go says "UTC".
func zoneName(t time.Time) string {
	if t.Location() == time.UTC {
		return "GMT"
	}
	name, _ := t.Zone()
	return name
}

func modulo(a, b int) int { return (a%b + b) % b }
