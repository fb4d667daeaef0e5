package sdk

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// isoLayout is RFC 3339 with milliseconds, as the API writes times.
const isoLayout = "2006-01-02T15:04:05.000Z07:00"

// timeLayouts are the forms that time.parse reads; a fraction of a second may
// follow the seconds in each of them.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006-01-02", time.RFC1123, time.RFC1123Z, "20060102T150405Z07:00",
}

// earliest and latest are the first and last second of the years 1 to 9999,
// which RFC 3339 can write.
const (
	earliest = -62135596800
	latest   = 253402300799
)

// maxZoneName is longer than any name of a time zone.
const maxZoneName = 64

// maxSleep is the longest time that a run can have.
const maxSleep = 300_000

func timeModule() runtime.Module {
	zones := newZones()
	return runtime.Module{
		Name: "time",
		Doc: "Moments are seconds since 1970 (Unix time) with fractions, as numbers. Time zones have IANA names (\"Europe/Vienna\") and come with PiCloud; " +
			"\"Local\" is the zone of the machine.",
		Funcs: append(momentFuncs(zones), calendarFuncs(zones)...),
	}
}

var (
	momentParam = runtime.ParamDoc{Name: "t", Type: "number", Optional: true, Doc: "A moment in the years 1 to 9999; now when nil or left out."}
	zoneParam   = runtime.ParamDoc{Name: "tz", Type: "string", Optional: true, Doc: "A time zone; UTC when left out."}
)

func momentFuncs(zones *zones) []runtime.Func {
	return []runtime.Func{
		{
			Name:    "now",
			Doc:     "Returns the present moment, to the millisecond.",
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "Seconds since 1970."}},
			Errors:  []string{"never"},
			Example: `return time.now()`,
			Call: func(L *lua.LState) int {
				L.Push(lua.LNumber(float64(runtime.From(L).Now()) / 1000))
				return 1
			},
		},
		{
			Name:    "iso",
			Doc:     "Returns a moment as text: 2026-03-01T12:00:00.000Z (RFC 3339 with milliseconds).",
			Params:  []runtime.ParamDoc{momentParam, zoneParam},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The text, with the zone's offset."}},
			Errors:  []string{"t is not a number, or outside the years 1 to 9999", "there is no such time zone"},
			Example: `return { utc = time.iso(0), here = time.iso(time.now(), "Europe/Vienna") }`,
			Call:    zones.iso,
		},
		{
			Name: "parse",
			Doc: "Returns the moment that a text gives: RFC 3339 and its looser forms (a blank for the T, no seconds, no zone, a date alone), " +
				"or a date as in HTTP headers.",
			Params: []runtime.ParamDoc{
				{Name: "text", Type: "string", Doc: "The text."},
				{Name: "tz", Type: "string", Optional: true, Doc: "The time zone of a text that has none; UTC when left out."},
			},
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "Seconds since 1970."}},
			Errors:  []string{"text is not a string, or not a time in one of these forms", "there is no such time zone"},
			Example: `return time.parse("2026-03-01 12:00:00", "Europe/Vienna")`,
			Call:    zones.parse,
		},
		{
			Name:    "sleep",
			Doc:     "Waits. The time counts against the run's time limit, not against its instructions; the run keeps its place among those that run at once.",
			Params:  []runtime.ParamDoc{{Name: "ms", Type: "integer", Doc: "Milliseconds, 0 to 300000."}},
			Errors:  []string{"ms is not a whole number from 0 to 300000", "the run's time limit is reached meanwhile: this cannot be caught"},
			Example: `time.sleep(5)`,
			Call:    sleep,
		},
	}
}

func calendarFuncs(zones *zones) []runtime.Func {
	step := func(name, doc string) runtime.ParamDoc { return optionDoc(name, "integer", doc) }
	field := func(name, kind, doc string) runtime.ParamDoc {
		return runtime.ParamDoc{Name: name, Type: kind, Doc: doc}
	}
	return []runtime.Func{
		{
			Name: "add",
			Doc: "Returns a moment moved by calendar steps and then by clock steps, each forward or, below 0, back. Days, weeks, months and years keep the time of day " +
				"in the zone, also when its clocks change; a day that a month does not have becomes its last.",
			Params: []runtime.ParamDoc{momentParam, {Name: "step", Type: "table", Doc: "How far.", Fields: []runtime.ParamDoc{
				step("years", "Calendar years."), step("months", "Calendar months."), step("weeks", "Calendar weeks."), step("days", "Calendar days."),
				step("hours", "Hours of the clock."), step("minutes", "Minutes."), step("seconds", "Seconds."),
				optionDoc("tz", "string", "The time zone of the calendar; UTC when left out."),
			}}},
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "Seconds since 1970."}},
			Errors:  []string{"step has an unknown key, or one that is not a whole number", "the result is outside the years 1 to 9999", "there is no such time zone"},
			Example: `return time.iso(time.add(time.parse("2026-01-31"), { months = 1 }))`,
			Call:    zones.add,
		},
		{
			Name:   "zone",
			Doc:    "Returns what a calendar and a clock show at a moment.",
			Params: []runtime.ParamDoc{momentParam, zoneParam},
			Returns: []runtime.ReturnDoc{{Type: "table", Doc: "The fields of os.date(\"*t\") and three more.", Fields: []runtime.ParamDoc{
				field("year", "integer", "1 to 9999."), field("month", "integer", "1 to 12."), field("day", "integer", "1 to 31."),
				field("hour", "integer", "0 to 23."), field("min", "integer", "0 to 59."), field("sec", "integer", "0 to 59."),
				field("wday", "integer", "1 for Sunday to 7."), field("yday", "integer", "1 to 366."), field("isdst", "boolean", "Whether it is daylight saving time."),
				field("ms", "integer", "0 to 999."), field("offset", "integer", "Seconds ahead of UTC."), field("abbreviation", "string", "Such as \"CET\"."),
			}}},
			Errors: []string{"t is not a number, or outside the years 1 to 9999", "there is no such time zone"},
			Example: `local now = time.zone(time.now(), "Europe/Vienna")
return now.hour >= 22 or now.hour < 6`,
			Call: zones.fields,
		},
	}
}

// momentArg reads a moment that may be left out.
func momentArg(args luax.Args, n int) time.Time {
	if args.L.Get(n) == lua.LNil {
		return runtime.From(args.L).Now().Time()
	}
	seconds := args.Number(n, "t")
	if seconds < earliest || seconds >= latest+1 {
		args.L.RaiseError("%s: argument %d (t) must be a moment in the years 1 to 9999", args.Func, n)
	}
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9)).Round(time.Microsecond).UTC()
}

// pushMoment pushes a moment to the microsecond, about what a number holds.
func pushMoment(args luax.Args, t time.Time) int {
	if t.Unix() < earliest || t.Unix() > latest {
		args.L.RaiseError("%s: the result is outside the years 1 to 9999", args.Func)
	}
	args.L.Push(lua.LNumber(float64(t.UnixMicro()) / 1e6))
	return 1
}

func (z *zones) iso(L *lua.LState) int {
	args := luax.Args{L: L, Func: "time.iso"}
	t := momentArg(args, 1)
	zone := z.find(args, args.OptString(2, "tz", "UTC"))
	L.Push(lua.LString(t.In(zone).Format(isoLayout)))
	return 1
}

func (z *zones) parse(L *lua.LState) int {
	args := luax.Args{L: L, Func: "time.parse"}
	text := args.String(1, "text")
	zone := z.find(args, args.OptString(2, "tz", "UTC"))
	const longest = 64
	if len(text) <= longest {
		for _, layout := range timeLayouts {
			meter.From(L).Step(L, 2)
			if t, err := time.ParseInLocation(layout, strings.TrimSpace(text), zone); err == nil {
				return pushMoment(args, t)
			}
		}
	}
	L.RaiseError("time.parse: argument 1 (text) is not a time such as 2026-03-01T12:00:00Z, got %q", luax.Clip(text))
	return 0
}

// sleep waits on a timer of the run's context, so that it ends with the run.
func sleep(L *lua.LState) int {
	wait := time.Duration(luax.Args{L: L, Func: "time.sleep"}.IntFrom(1, "ms", 0, maxSleep)) * time.Millisecond
	charge, ended, tooLate := meter.From(L), runtime.From(L).Context().Done(), false
	charge.Blocking(func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ended:
			tooLate = true
		}
	})
	if tooLate {
		charge.Fail(L, meter.CauseTimeout, "time limit of "+charge.Limits().Wall.String()+" exceeded in time.sleep")
	}
	return 0
}

func (z *zones) add(L *lua.LState) int {
	args := luax.Args{L: L, Func: "time.add"}
	args.Table(2, "step")
	step := args.Options(2, "step", "years", "months", "weeks", "days", "hours", "minutes", "seconds", "tz")
	t := momentArg(args, 1)
	t = t.In(z.find(args, step.String("tz", "UTC")))
	t = addMonths(t, 12*amount(args, step, "years")+amount(args, step, "months"))
	t = t.AddDate(0, 0, 7*amount(args, step, "weeks")+amount(args, step, "days"))
	// As whole seconds, because a Duration ends after 292 years.
	seconds := 3600*amount(args, step, "hours") + 60*amount(args, step, "minutes") + amount(args, step, "seconds")
	return pushMoment(args, time.Unix(t.Unix()+int64(seconds), int64(t.Nanosecond())))
}

// amount is one step, bounded so that sums of steps cannot overflow.
func amount(args luax.Args, step luax.Options, name string) int {
	const most = 400_000_000_000 // seconds in more than 10,000 years
	n := step.Int(name, 0)
	if n > most || n < -most || (name != "seconds" && name != "minutes" && name != "hours" && (n > 4_000_000 || n < -4_000_000)) {
		args.L.RaiseError("time.add: option %q is too large", name)
	}
	return int(n)
}

// addMonths keeps the day of the month, or takes the last day of a shorter month.
func addMonths(t time.Time, months int) time.Time {
	if months == 0 {
		return t
	}
	moved := t.AddDate(0, months, 0)
	if moved.Day() != t.Day() { // AddDate went on into the next month
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

func (z *zones) fields(L *lua.LState) int {
	args := luax.Args{L: L, Func: "time.zone"}
	t := momentArg(args, 1)
	t = t.In(z.find(args, args.OptString(2, "tz", "UTC")))
	abbreviation, offset := t.Zone()
	meter.From(L).ChargeMemory(L, tableBytes+12*fieldBytes)
	table := L.CreateTable(0, 12)
	for _, field := range []struct {
		name  string
		value int
	}{
		{"year", t.Year()}, {"month", int(t.Month())}, {"day", t.Day()}, {"hour", t.Hour()}, {"min", t.Minute()}, {"sec", t.Second()},
		{"wday", int(t.Weekday()) + 1}, {"yday", t.YearDay()}, {"ms", t.Nanosecond() / 1e6}, {"offset", offset},
	} {
		table.RawSetString(field.name, lua.LNumber(field.value))
	}
	table.RawSetString("isdst", lua.LBool(t.IsDST()))
	table.RawSetString("abbreviation", lua.LString(abbreviation))
	L.Push(table)
	return 1
}
