package crontime

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func parse(t testing.TB, text, zone string) *Schedule {
	t.Helper()
	s, err := Parse(text, zone)
	if err != nil {
		t.Fatalf("%q in %q: %v", text, zone, err)
	}
	return s
}

// firings are the slots from a time on, as local times with their offset.
func firings(s *Schedule, from time.Time, n int) []string {
	var all []string
	for at := s.Next(from); len(all) < n && !at.IsZero(); at = s.Next(at) {
		all = append(all, s.Local(at).Format("01-02 15:04:05 -0700"))
	}
	return all
}

// A skipped local time fires right after the gap, a repeated one once; a
// schedule that runs in every hour follows real time.
func TestChangesOfTheClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, schedule, from, want string }{
		// Vienna: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
		{"Vienna spring, skipped", "Europe/Vienna", "30 2 * * *", "2026-03-28 00:00",
			"03-28 02:30:00 +0100|03-29 03:00:00 +0200|03-30 02:30:00 +0200"},
		{"Vienna spring, the gap's first time", "Europe/Vienna", "0 2 * * *", "2026-03-29 00:00", "03-29 03:00:00 +0200|03-30 02:00:00 +0200"},
		{"Vienna spring, at the gap's end", "Europe/Vienna", "0 3 * * *", "2026-03-29 00:00", "03-29 03:00:00 +0200|03-30 03:00:00 +0200"},
		{"Vienna spring, several skipped are one", "Europe/Vienna", "*/20 2,3 * * *", "2026-03-29 00:00",
			"03-29 03:00:00 +0200|03-29 03:20:00 +0200|03-29 03:40:00 +0200|03-30 02:00:00 +0200"},
		{"Vienna spring, every half hour", "Europe/Vienna", "*/30 * * * *", "2026-03-29 01:00",
			"03-29 01:30:00 +0100|03-29 03:00:00 +0200|03-29 03:30:00 +0200"},
		{"Vienna autumn, repeated", "Europe/Vienna", "30 2 * * *", "2026-10-24 00:00",
			"10-24 02:30:00 +0200|10-25 02:30:00 +0200|10-26 02:30:00 +0100"},
		{"Vienna autumn, at its end", "Europe/Vienna", "0 3 * * *", "2026-10-25 00:00", "10-25 03:00:00 +0100|10-26 03:00:00 +0100"},
		{"Vienna autumn, every half hour", "Europe/Vienna", "*/30 * * * *", "2026-10-25 01:30",
			"10-25 02:00:00 +0200|10-25 02:30:00 +0200|10-25 02:00:00 +0100|10-25 02:30:00 +0100|10-25 03:00:00 +0100"},
		// New York: 2026-03-08 02:00 → 03:00, 2026-11-01 02:00 → 01:00.
		{"New York spring, skipped", "America/New_York", "15 2 * * *", "2026-03-07 00:00",
			"03-07 02:15:00 -0500|03-08 03:00:00 -0400|03-09 02:15:00 -0400"},
		{"New York autumn, repeated", "America/New_York", "30 1 * * *", "2026-10-31 00:00",
			"10-31 01:30:00 -0400|11-01 01:30:00 -0400|11-02 01:30:00 -0500"},
		{"New York autumn, hourly", "America/New_York", "@hourly", "2026-11-01 00:00",
			"11-01 01:00:00 -0400|11-01 01:00:00 -0500|11-01 02:00:00 -0500"},
		// Lord Howe: 2026-10-04 02:00 → 02:30, 2026-04-05 02:00 → 01:30.
		{"Lord Howe spring, skipped", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03 00:00",
			"10-03 02:15:00 +1030|10-04 02:30:00 +1100|10-05 02:15:00 +1100"},
		{"Lord Howe spring, after the gap", "Australia/Lord_Howe", "45 2 * * *", "2026-10-04 00:00", "10-04 02:45:00 +1100|10-05 02:45:00 +1100"},
		{"Lord Howe autumn, repeated", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04 00:00",
			"04-04 01:45:00 +1100|04-05 01:45:00 +1100|04-06 01:45:00 +1030"},
		{"Lord Howe autumn, not repeated", "Australia/Lord_Howe", "15 1 * * *", "2026-04-05 00:00", "04-05 01:15:00 +1100|04-06 01:15:00 +1030"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, c.schedule, c.zone)
			from, err := time.ParseInLocation("2006-01-02 15:04", c.from, s.zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(firings(s, from, strings.Count(c.want, "|")+1), "|"); got != c.want {
				t.Errorf("%s fires\n%s, want\n%s", c.schedule, got, c.want)
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schedule, from, want string }{
		{"*/15 * * * *", "2026-01-01T00:00:00Z", "01-01 00:15:00 +0000|01-01 00:30:00 +0000"},
		{"10,20 5 9-10 * * *", "2026-01-01T00:00:00Z", "01-01 09:05:10 +0000|01-01 09:05:20 +0000|01-01 10:05:10 +0000"},
		{"0 0 * * 7", "2026-01-01T00:00:00Z", "01-04 00:00:00 +0000|01-11 00:00:00 +0000"},
		{"0 0 * * MON-fri", "2026-01-02T12:00:00Z", "01-05 00:00:00 +0000|01-06 00:00:00 +0000"},
		{"0 0 13 * 5", "2026-01-08T00:00:00Z", "01-09 00:00:00 +0000|01-13 00:00:00 +0000|01-16 00:00:00 +0000"}, // either day
		{"0 0 29 2 *", "2026-01-01T00:00:00Z", "02-29 00:00:00 +0000"},
		{"0 0 31 * *", "2026-01-31T00:00:00Z", "03-31 00:00:00 +0000|05-31 00:00:00 +0000"},
		{"0 12 ? jan,JUN ?", "2026-01-30T13:00:00Z", "01-31 12:00:00 +0000|06-01 12:00:00 +0000"},
		{"@monthly", "2026-01-01T00:00:00Z", "02-01 00:00:00 +0000|03-01 00:00:00 +0000"},
		{"@yearly", "2026-01-01T00:00:00Z", "01-01 00:00:00 +0000"},
		{"@every 90s", "2026-01-01T00:00:01Z", "01-01 00:01:30 +0000|01-01 00:03:00 +0000"},
		{"5/20 * * * *", "2026-01-01T00:00:00Z", "01-01 00:05:00 +0000|01-01 00:25:00 +0000|01-01 00:45:00 +0000|01-01 01:05:00 +0000"},
	} {
		s := parse(t, c.schedule, "UTC")
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(firings(s, from, strings.Count(c.want, "|")+1), "|"); got != c.want {
			t.Errorf("%s fires %s, want %s", c.schedule, got, c.want)
		}
	}
}

func TestBadSchedulesAreExplained(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]string{
		"":                        "five or six fields; this one has 0",
		"* * * *":                 "this one has 4",
		"* * * * * * *":           "this one has 7",
		"60 * * * *":              `minutes: "60" is not right: it must be from 0 to 59`,
		"* 24 * * *":              "hours:",
		"* * 0 * *":               "day of month:",
		"* * * 13 *":              "month:",
		"* * * * 8":               "day of week:",
		"* * * FOO *":             "month:",
		"5-1 * * * *":             "the range runs backwards",
		"*/0 * * * *":             "the step must be a number from 1 to 59",
		"*/x * * * *":             "the step",
		"1,,2 * * * *":            "minutes:",
		"+1 * * * *":              "minutes:",
		"0 0 30 2 *":              "never fires",
		"@reboot":                 "is not one of @every",
		"@every 500ms":            "whole seconds",
		"@every 1x":               "whole seconds",
		"@every 9000h":            "whole seconds",
		strings.Repeat("1,", 200): "longer than 256 bytes",
		"* * * * JANFEB":          "day of week:",
		"0 0 1 1 1 2026":          "",
	} {
		_, err := Parse(schedule, "UTC")
		if want == "" {
			if err == nil {
				t.Errorf("%q was taken", schedule)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", schedule, err, want)
		}
	}
	for _, zone := range []string{"Local", "Mars/Olympus", "../etc/passwd", "europe"} {
		if _, err := Parse("@daily", zone); err == nil || !strings.Contains(err.Error(), "is not a time zone") {
			t.Errorf("zone %q: %v", zone, err)
		}
	}
}

// slots are the schedule's by the plainest rule: look at each second of real
// time, and for fixed hours at each local time of the days around it.
func slots(s *Schedule, since, until time.Time) map[int64]bool {
	all := make(map[int64]bool)
	allowed := func(wall time.Time) bool {
		return s.months>>wall.Month()&1 == 1 && s.onDay(wall) && s.hours>>wall.Hour()&1 == 1 &&
			s.minutes>>wall.Minute()&1 == 1 && s.seconds>>wall.Second()&1 == 1
	}
	if s.eachHour() {
		for at := since.Unix() + 1; at <= until.Unix(); at++ {
			local := time.Unix(at, 0).In(s.zone)
			if allowed(local) {
				all[at] = true
			}
		}
		return all
	}
	begin := since.In(s.zone).AddDate(0, 0, -1)
	wall := time.Date(begin.Year(), begin.Month(), begin.Day(), 0, 0, 0, 0, time.UTC)
	for ; wall.Before(until.AddDate(0, 0, 2)); wall = wall.Add(time.Second) {
		if !allowed(wall) {
			continue
		}
		if at := resolve(s.zone, wall); at > since.Unix() && at <= until.Unix() {
			all[at] = true
		}
	}
	return all
}

// resolve returns the first instant at which the clock shows the local time or,
// when it is skipped, the first at which it shows a later one.
func resolve(zone *time.Location, wall time.Time) int64 {
	shown := func(at int64) time.Time {
		_, offset := time.Unix(at, 0).In(zone).Zone()
		return time.Unix(at+int64(offset), 0).UTC()
	}
	first := wall.Unix() - 15*3600
	for at := first; ; at++ {
		if !shown(at).Before(wall) {
			return at
		}
	}
}

// TestAgainstEachSecond compares Next, Count and Last with the plain rule
// around the changes of the clocks.
func TestAgainstEachSecond(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	for _, c := range []struct{ zone, day string }{
		{"Europe/Vienna", "2026-03-29"}, {"Europe/Vienna", "2026-10-25"}, {"America/New_York", "2026-11-01"},
		{"Australia/Lord_Howe", "2026-04-05"}, {"Australia/Lord_Howe", "2026-10-04"}, {"UTC", "2026-02-28"},
	} {
		for _, schedule := range []string{"30 2 * * *", "*/17 1-2 * * *", "0 */2 * * *", "*/20 * * * *", "15,45 0,1,2,3 * * *", "10 30 1,2 * * 0"} {
			s := parse(t, schedule, c.zone)
			day, err := time.ParseInLocation("2006-01-02", c.day, s.zone)
			if err != nil {
				t.Fatal(err)
			}
			since, until := day.Add(-time.Duration(random.IntN(7200))*time.Second), day.Add(6*time.Hour+time.Duration(random.IntN(7200))*time.Second)
			want := slots(s, since, until)
			got := make(map[int64]bool)
			var latest time.Time
			for at := s.Next(since); !at.After(until) && !at.IsZero(); at = s.Next(at) {
				got[at.Unix()], latest = true, at
			}
			for at := range want {
				if !got[at] {
					t.Errorf("%s in %s does not fire at %s", schedule, c.zone, time.Unix(at, 0).In(s.zone))
				}
			}
			if len(got) != len(want) || s.Count(since, until) != int64(len(want)) {
				t.Errorf("%s in %s around %s: %d slots, counted %d, want %d", schedule, c.zone, c.day, len(got), s.Count(since, until), len(want))
			}
			if last := s.Last(since, until); !last.Equal(latest) {
				t.Errorf("%s in %s: the last slot is %s, want %s", schedule, c.zone, last, latest)
			}
		}
	}
}

// The standard library gives a wrong end of the zone's offset on this day.
func TestLastDayOfALeapYear(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 6 * * *", "Europe/Vienna")
	from := time.Date(2064, 12, 30, 12, 0, 0, 0, time.UTC)
	if got, want := strings.Join(firings(s, from, 3), "|"), "12-31 06:00:00 +0100|01-01 06:00:00 +0100|01-02 06:00:00 +0100"; got != want {
		t.Errorf("fires %s, want %s", got, want)
	}
	if n := s.Count(from, from.AddDate(0, 0, 10)); n != 10 {
		t.Errorf("%d slots in ten days", n)
	}
}

func TestLongGapsAreCountedByTheDay(t *testing.T) {
	t.Parallel()
	since, until := time.Unix(0, 0), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	if got, want := parse(t, "* * * * * *", "UTC").Count(since, until), until.Unix(); got != want {
		t.Errorf("every second since 1970: %d, want %d", got, want)
	}
	if got := parse(t, "@every 1m", "UTC").Count(since, until); got != until.Unix()/60 {
		t.Errorf("every minute since 1970: %d", got)
	}
	if got := parse(t, "30 2 * * *", "Europe/Vienna").Count(since, until); got != 20635 {
		t.Errorf("daily since 1970: %d, want one for each of 20635 days", got)
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("*/5 1-3,7 * JAN MON", "Europe/Vienna", int64(1774746000))
	f.Add("@every 90s", "", int64(0))
	f.Add("0 6 * * *", "Europe/Vienna", int64(2997975518))
	f.Add("30 2 * * *", "Australia/Lord_Howe", int64(1791043200))
	f.Fuzz(func(t *testing.T, text, zone string, unix int64) {
		s, err := Parse(text, zone)
		if err != nil || unix < 0 || unix > 1<<33 {
			return
		}
		from := time.Unix(unix, 0)
		first := s.Next(from)
		if first.IsZero() {
			return
		}
		if !first.After(from) {
			t.Fatalf("%q in %q: the slot after %s is %s", text, zone, from, first)
		}
		second := s.Next(first)
		if !second.IsZero() && (!second.After(first) || s.Count(from, second) != 2 || !s.Last(from, second.Add(-time.Second)).Equal(first)) {
			t.Fatalf("%q in %q from %d: slots %s and %s, %d counted", text, zone, unix, first, second, s.Count(from, second))
		}
	})
}
