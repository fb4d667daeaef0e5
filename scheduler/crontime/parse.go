package crontime

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// MaxBytes bounds the text of a schedule.
const MaxBytes = 256

// Schedule is a parsed schedule in its time zone. It is immutable.
type Schedule struct {
	zone  *time.Location
	every time.Duration // of @every; 0 for all else

	seconds, minutes, hours, days, months, weekdays uint64 // bit n: the value n
	// anyDay and anyWeekday say that the field begins with a star: then only
	// the other one counts. When neither does, one of them is enough (crontab(5)).
	anyDay, anyWeekday bool
}

// field is the range of one cron field and the names that its values have.
type field struct {
	name        string
	least, most int
	names       string // three letters each, the first for least
}

var (
	secondField  = field{name: "seconds", most: 59}
	minuteField  = field{name: "minutes", most: 59}
	hourField    = field{name: "hours", most: 23}
	dayField     = field{name: "day of month", least: 1, most: 31}
	monthField   = field{name: "month", least: 1, most: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}
	weekdayField = field{name: "day of week", most: 7, names: "SUNMONTUEWEDTHUFRISAT"}
)

var descriptors = map[string]string{
	"@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
	"@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
}

// Parse reads a schedule: six fields (second minute hour day month weekday),
// five (second 0), one of @hourly, @daily, @midnight, @weekly, @monthly,
// @yearly, @annually, or "@every 90s" (whole seconds from 1 s to 366 days,
// counted from 1970 so that a restart does not shift it). zone is an IANA name;
// "" is UTC. The error says which field is wrong and how.
func Parse(text, zone string) (*Schedule, error) {
	location, err := loadZone(zone)
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the schedule is longer than %d bytes", MaxBytes)
	}
	s := &Schedule{zone: location}
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "@every "); ok {
		s.every, err = parseEvery(strings.TrimSpace(rest))
		return s, err
	}
	if strings.HasPrefix(text, "@") {
		fields, ok := descriptors[text]
		if !ok {
			return nil, fmt.Errorf("%q is not one of @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually", text)
		}
		text = fields
	}
	if err := s.parseFields(strings.Fields(text)); err != nil {
		return nil, err
	}
	if s.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("the schedule never fires: no such day exists")
	}
	return s, nil
}

func loadZone(zone string) (*time.Location, error) {
	if zone == "" {
		return time.UTC, nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, fmt.Errorf("%q is not a time zone; use an IANA name such as Europe/Vienna", zone)
	}
	return location, nil
}

func parseEvery(text string) (time.Duration, error) {
	every, err := time.ParseDuration(text)
	if err != nil || every < time.Second || every > 366*24*time.Hour || every%time.Second != 0 {
		return 0, fmt.Errorf("@every needs a duration in whole seconds from 1s to 8784h, such as @every 90s; got %q", text)
	}
	return every, nil
}

func (s *Schedule) parseFields(fields []string) error {
	if len(fields) == 5 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != 6 {
		return fmt.Errorf("a schedule has five or six fields; this one has %d", len(fields))
	}
	for i, target := range []struct {
		field field
		bits  *uint64
	}{
		{secondField, &s.seconds}, {minuteField, &s.minutes}, {hourField, &s.hours},
		{dayField, &s.days}, {monthField, &s.months}, {weekdayField, &s.weekdays},
	} {
		set, err := target.field.parse(fields[i])
		if err != nil {
			return err
		}
		*target.bits = set
	}
	if s.weekdays&(1<<7) != 0 { // 7 is Sunday too
		s.weekdays = s.weekdays&^(1<<7) | 1
	}
	s.anyDay, s.anyWeekday = star(fields[3]), star(fields[5])
	return nil
}

func star(text string) bool { return text[0] == '*' || text[0] == '?' }

// parse reads a list of values, ranges and steps.
func (f field) parse(text string) (uint64, error) {
	var set uint64
	for part := range strings.SplitSeq(text, ",") {
		bits, err := f.parsePart(part)
		if err != nil {
			return 0, err
		}
		set |= bits
	}
	return set, nil
}

func (f field) parsePart(part string) (uint64, error) {
	span, stepText, stepped := strings.Cut(part, "/")
	step := 1
	if stepped {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.most {
			return 0, f.wrong(part, "the step must be a number from 1 to %d", f.most)
		}
	}
	from, to := f.least, f.most
	if f.name == weekdayField.name {
		to = 6 // 7 is Sunday again, for those who write it
	}
	if span != "*" && span != "?" {
		low, high, ranged := strings.Cut(span, "-")
		var err error
		if from, err = f.value(low); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if to, err = f.value(high); err != nil {
				return 0, err
			}
			if to < from {
				return 0, f.wrong(part, "the range runs backwards")
			}
		case !stepped:
			to = from
		}
	}
	var set uint64
	for v := from; v <= to; v += step {
		set |= 1 << v
	}
	return set, nil
}

func (f field) value(text string) (int, error) {
	if at := strings.Index(f.names, strings.ToUpper(text)); len(text) == 3 && f.names != "" && at >= 0 && at%3 == 0 {
		return f.least + at/3, nil
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.least || v > f.most || text[0] == '+' {
		return 0, f.wrong(text, "it must be from %d to %d", f.least, f.most)
	}
	return v, nil
}

func (f field) wrong(text, format string, args ...any) error {
	return fmt.Errorf("%s: %q is not right: %s", f.name, text, fmt.Sprintf(format, args...))
}

// eachHour reports whether the schedule runs in every hour. Such a schedule
// follows real time through a change of the clocks; one with fixed hours
// follows the local time.
func (s *Schedule) eachHour() bool { return bits.OnesCount64(s.hours) == 24 }
