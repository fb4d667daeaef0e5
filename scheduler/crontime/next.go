package crontime

import (
	"math/bits"
	"time"
)

// horizonYears is how far ahead a slot is looked for: 29 February can be eight
// years away, around a century that is no leap year.
const horizonYears = 9

// segment is a stretch of time in which the zone's offset from UTC does not
// change. Times in it are moved by the offset and then handled as UTC.
type segment struct {
	begin, end time.Time // end is zero when there is no end
	offset     time.Duration
	before     time.Duration // the offset until begin
}

func (s *Schedule) segmentAt(at time.Time) segment {
	local := at.In(s.zone)
	_, seconds := local.Zone()
	begin, end := local.ZoneBounds()
	if !end.IsZero() && !end.After(at) {
		// On the last day of a leap year ZoneBounds of Go 1.26 gives that day's
		// beginning as the end. No zone changes its clocks then.
		end = at.Truncate(time.Hour).Add(time.Hour)
	}
	seg := segment{begin: begin, end: end, offset: time.Duration(seconds) * time.Second}
	seg.before = seg.offset
	if !begin.IsZero() {
		_, seconds = begin.Add(-time.Second).In(s.zone).Zone()
		seg.before = time.Duration(seconds) * time.Second
	}
	return seg
}

// repeatedUntil is the local time before which the segment repeats what the
// one before it had; zero when it repeats nothing.
func (g segment) repeatedUntil() time.Time {
	if g.before <= g.offset {
		return time.Time{}
	}
	return local(g.begin, g.before)
}

func local(at time.Time, offset time.Duration) time.Time { return at.UTC().Add(offset) }

// Next returns the first slot after a time, in UTC; the zero time when there
// is none within nine years.
func (s *Schedule) Next(after time.Time) time.Time {
	at := after.UTC().Truncate(time.Second).Add(time.Second) // the first second that counts
	if s.every > 0 {
		return s.nextEvery(at)
	}
	horizon := after.UTC().AddDate(horizonYears, 0, 0)
	for at.Before(horizon) {
		seg := s.segmentAt(at)
		from := local(at, seg.offset)
		if repeated := seg.repeatedUntil(); !s.eachHour() && from.Before(repeated) {
			from = repeated
		}
		limit := horizon
		if !seg.end.IsZero() && seg.end.Before(horizon) {
			limit = seg.end
		}
		if slot, ok := s.match(from, local(limit, seg.offset)); ok {
			return slot.Add(-seg.offset)
		}
		if seg.end.IsZero() {
			break
		}
		if s.fallsIntoGap(seg) {
			return seg.end.UTC()
		}
		at = seg.end.UTC()
	}
	return time.Time{}
}

// nextEvery: multiples of the interval since 1970.
func (s *Schedule) nextEvery(at time.Time) time.Time {
	every := int64(s.every / time.Second)
	n := at.Unix() / every
	if at.Unix()%every > 0 {
		n++
	}
	return time.Unix(n*every, 0).UTC()
}

// fallsIntoGap reports whether a local time that the clocks skip at the end of
// the segment is one of the schedule's. It fires at the end of the gap.
func (s *Schedule) fallsIntoGap(seg segment) bool {
	_, seconds := seg.end.In(s.zone).Zone()
	next := time.Duration(seconds) * time.Second
	if next <= seg.offset || s.eachHour() {
		return false
	}
	_, ok := s.match(local(seg.end, seg.offset), local(seg.end, next))
	return ok
}

// match returns the first local time at or after from and before limit that
// the fields allow. Both are local times written as UTC.
func (s *Schedule) match(from, limit time.Time) (time.Time, bool) {
	t := from
	for t.Before(limit) {
		year, month, day := t.Date()
		hour, minute, second := t.Clock()
		switch {
		case s.months>>month&1 == 0:
			t = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.onDay(t):
			t = time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
		case s.hours>>hour&1 == 0:
			t = time.Date(year, month, day, hour+1, 0, 0, 0, time.UTC)
		case s.minutes>>minute&1 == 0:
			t = time.Date(year, month, day, hour, minute+1, 0, 0, time.UTC)
		case s.seconds>>second&1 == 0:
			t = t.Add(time.Second)
		default:
			return t, true
		}
	}
	return time.Time{}, false
}

func (s *Schedule) onDay(t time.Time) bool {
	day, weekday := s.days>>t.Day()&1 != 0, s.weekdays>>t.Weekday()&1 != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// Local returns a time in the schedule's zone.
func (s *Schedule) Local(at time.Time) time.Time { return at.In(s.zone) }

// Last returns the latest slot in (since, until], or the zero time.
func (s *Schedule) Last(since, until time.Time) time.Time {
	begin, end := since.Unix(), until.Unix()
	if slot := s.Next(since); slot.IsZero() || slot.After(until) {
		return time.Time{}
	}
	// The first slot after begin is not after until, the one after end is.
	for end-begin > 1 {
		middle := begin + (end-begin)/2
		if slot := s.Next(time.Unix(middle, 0)); slot.IsZero() || slot.After(until) {
			end = middle
		} else {
			begin = middle
		}
	}
	return s.Next(time.Unix(begin, 0))
}

// Count returns how many slots lie in (since, until]. It takes time by the
// days between them, not by the slots.
func (s *Schedule) Count(since, until time.Time) int64 {
	at, end := since.UTC().Truncate(time.Second).Add(time.Second), until.UTC().Truncate(time.Second).Add(time.Second)
	if s.every > 0 {
		every := int64(s.every / time.Second)
		return max(0, (end.Unix()-1)/every-(at.Unix()-1)/every)
	}
	var slots int64
	for at.Before(end) {
		seg := s.segmentAt(at)
		limit := end
		if !seg.end.IsZero() && seg.end.Before(end) {
			limit = seg.end.UTC()
		}
		from := local(at, seg.offset)
		if repeated := seg.repeatedUntil(); !s.eachHour() && from.Before(repeated) {
			from = repeated
		}
		slots += s.countLocal(from, local(limit, seg.offset))
		if limit.Before(end) && s.fallsIntoGap(seg) && !s.firesAt(limit) {
			slots++
		}
		at = limit
	}
	return slots
}

// firesAt reports whether the local time of an instant is one of the schedule's.
func (s *Schedule) firesAt(at time.Time) bool {
	wall := local(at, s.segmentAt(at).offset)
	_, ok := s.match(wall, wall.Add(time.Second))
	return ok
}

// countLocal counts the local times in [from, limit).
func (s *Schedule) countLocal(from, limit time.Time) int64 {
	if !from.Before(limit) {
		return 0
	}
	var slots int64
	whole := s.inDay(24 * 60 * 60)
	for day := from.Truncate(24 * time.Hour); day.Before(limit); day = day.AddDate(0, 0, 1) {
		if s.months>>day.Month()&1 == 0 || !s.onDay(day) {
			continue
		}
		slots += whole
		if day.Before(from) {
			slots -= s.inDay(int64(from.Sub(day) / time.Second))
		}
		if next := day.AddDate(0, 0, 1); next.After(limit) {
			slots -= whole - s.inDay(int64(limit.Sub(day)/time.Second))
		}
	}
	return slots
}

// inDay counts the times of a matching day before a second of it.
func (s *Schedule) inDay(second int64) int64 {
	below := func(set uint64, n int64) int64 { return int64(bits.OnesCount64(set & (1<<n - 1))) }
	perMinute := below(s.seconds, 60)
	perHour := below(s.minutes, 60) * perMinute
	hour, minute, rest := second/3600, second/60%60, second%60
	slots := below(s.hours, hour) * perHour
	if s.hours>>hour&1 == 0 {
		return slots
	}
	slots += below(s.minutes, minute) * perMinute
	if s.minutes>>minute&1 == 0 {
		return slots
	}
	return slots + below(s.seconds, rest)
}
