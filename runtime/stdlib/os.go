package stdlib

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

func (lib *Library) osFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"clock": osClock, "date": lib.osDate, "difftime": osDifftime, "time": lib.osTime,
	}
}

// osClock answers the seconds since the run began: a run has no processor time
// of its own that the system would count.
func osClock(L *lua.LState) int {
	m := meter.From(L)
	L.Push(lua.LNumber((m.Limits().Wall - m.Remaining()).Seconds()))
	return 1
}

func osDifftime(L *lua.LState) int {
	later, earlier := checkNumber(L, 1, "difftime"), 0.0
	if L.Get(2) != lua.LNil {
		earlier = checkNumber(L, 2, "difftime")
	}
	L.Push(lua.LNumber(later - earlier))
	return 1
}

func (lib *Library) osTime(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		L.Push(lua.LNumber(lib.hooks.Now().Unix()))
		return 1
	}
	t := reveal(L, checkTable(L, 1, "time"))
	second, minute, hour := dateField(L, t, "sec", 0), dateField(L, t, "min", 0), dateField(L, t, "hour", 12)
	day, month, year := dateField(L, t, "day", -1), dateField(L, t, "month", -1), dateField(L, t, "year", -1)
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, lib.hooks.Now().Location())
	if flag, ok := t.RawGetString("isdst").(lua.LBool); ok && bool(flag) != at.IsDST() {
		if flag { // the clock was an hour ahead of what it shows
			at = at.Add(-time.Hour)
		} else {
			at = at.Add(time.Hour)
		}
	}
	L.Push(lua.LNumber(at.Unix()))
	return 1
}

// dateField reads one field of os.time's table; fallback -1 means required.
func dateField(L *lua.LState, t *lua.LTable, name string, fallback int) int {
	f := math.NaN()
	switch v := t.RawGetString(name).(type) {
	case lua.LNumber:
		f = float64(v)
	case lua.LString:
		if n, ok := parseNumber(string(v)); ok {
			f = float64(n)
		}
	}
	if f != f {
		if fallback < 0 {
			L.RaiseError("field '%s' missing in date table", name)
		}
		return fallback
	}
	if math.Abs(f) > math.MaxInt32 {
		L.RaiseError("field '%s' is out of bounds in date table", name)
	}
	return int(f)
}

func (lib *Library) osDate(L *lua.LState) int {
	format := optString(L, 1, "date", "%c")
	now := lib.hooks.Now()
	at := now
	if L.Get(2) != lua.LNil {
		const farthest = 67767976233532799 // the end of the year 2^31, where C gives up
		seconds := checkNumber(L, 2, "date")
		if !(math.Abs(seconds) <= farthest) {
			L.Push(lua.LNil)
			return 1
		}
		at = time.Unix(int64(seconds), 0).In(now.Location())
	}
	if strings.HasPrefix(format, "!") {
		format, at = format[1:], at.UTC()
	}
	if strings.HasPrefix(format, "*t") {
		L.Push(dateTable(L, at))
		return 1
	}
	out := newBuffer(L)
	writeDate(&out, format, at)
	pushString(L, out.text.String())
	return 1
}

func dateTable(L *lua.LState, t time.Time) *lua.LTable {
	table := L.CreateTable(0, 9)
	for _, field := range []struct {
		name  string
		value int
	}{
		{"sec", t.Second()}, {"min", t.Minute()}, {"hour", t.Hour()}, {"day", t.Day()},
		{"month", int(t.Month())}, {"year", t.Year()}, {"wday", int(t.Weekday()) + 1}, {"yday", t.YearDay()},
	} {
		table.RawSetString(field.name, integer(field.value))
	}
	table.RawSetString("isdst", lua.LBool(t.IsDST()))
	return table
}
