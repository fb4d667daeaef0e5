package runtime

import (
	"net/textproto"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// The tables inside ctx.request.
const (
	tableHeaders = iota
	tableCookies
	tableQuery
	tableQueryAll
	tableParams
	requestTables // how many there are
)

// requestFields are the names of ctx.request in the order pairs gives them.
var requestFields = []string{
	"method", "path", "raw_target", "host", "scheme", "remote_ip", "headers", "cookies",
	"query", "query_all", "params", "rest", "body", "body_raw", "is_json",
}

// requestTypes are the metatables of ctx, ctx.event, ctx.request and of the
// tables in that, shared by all states.
type requestTypes struct {
	ctx, request, event *lua.LTable
	tables              [requestTables]*lua.LTable
}

func newRequestTypes() *requestTypes {
	types := &requestTypes{ctx: newCtxType(), event: newEventType()}
	types.request = luax.FrozenType("ctx.request",
		func(L *lua.LState) int { return pushField(L, From(L).requestField) },
		func(L *lua.LState) *lua.LTable { return allFields(L, requestFields, From(L).requestField) },
	)
	types.tables[tableHeaders] = requestTable("headers", tableHeaders, (*Run).header)
	types.tables[tableQuery] = requestTable("query", tableQuery, (*Run).query)
	types.tables[tableCookies] = requestTable("cookies", tableCookies, nil)
	types.tables[tableQueryAll] = requestTable("query_all", tableQueryAll, nil)
	types.tables[tableParams] = requestTable("params", tableParams, nil)
	return types
}

// all lists the metatables.
func (t *requestTypes) all() []*lua.LTable {
	return append([]*lua.LTable{t.ctx, t.request, t.event}, t.tables[:]...)
}

// requestTable is one table of ctx.request. lookup, when there is one, answers
// a single name without making the whole table.
func requestTable(name string, which int, lookup func(*Run, *lua.LState, string) lua.LValue) *lua.LTable {
	contents := func(L *lua.LState) *lua.LTable { return From(L).table(L, which) }
	index := func(L *lua.LState) int {
		key, ok := L.Get(2).(lua.LString)
		if !ok {
			return 0
		}
		if lookup != nil {
			L.Push(lookup(From(L), L, string(key)))
		} else {
			L.Push(contents(L).RawGetString(string(key)))
		}
		return 1
	}
	return luax.FrozenType("ctx.request."+name, index, contents)
}

// requestField is one field of ctx.request.
func (r *Run) requestField(L *lua.LState, name string) lua.LValue {
	switch name {
	case "query":
		return r.state.tables[tableQuery]
	case "headers":
		return r.state.tables[tableHeaders]
	case "params":
		return r.state.tables[tableParams]
	case "cookies":
		return r.state.tables[tableCookies]
	case "query_all":
		return r.state.tables[tableQueryAll]
	case "body":
		return r.readBody(L).value
	case "is_json":
		return lua.LBool(r.readBody(L).isJSON)
	case "body_raw":
		return r.rawBody(L)
	}
	return requestText(r.request, name)
}

func requestText(request *Request, name string) lua.LValue {
	switch name {
	case "method":
		return lua.LString(request.Method)
	case "path":
		return lua.LString(request.Path)
	case "raw_target":
		return lua.LString(request.RawTarget)
	case "host":
		return lua.LString(request.Host)
	case "scheme":
		return lua.LString(request.Scheme)
	case "remote_ip":
		return lua.LString(request.RemoteIP)
	case "rest":
		return lua.LString(request.Rest)
	}
	return lua.LNil
}

// readBody parses the body once per run. The value is the script's own to change.
func (r *Run) readBody(L *lua.LState) *body {
	if !r.body.read {
		value, isJSON := r.parseBody(L)
		r.state.keep(value)
		r.body = body{read: true, value: value, isJSON: isJSON}
	}
	return &r.body
}

// rawBody is the exact bytes; a body over the string limit stops the run.
func (r *Run) rawBody(L *lua.LState) lua.LValue {
	if r.bodyRaw == nil {
		r.bodyRaw = newString(L, r.request.Body)
		r.state.keep(r.bodyRaw)
	}
	return r.bodyRaw
}

// query is the last value of one name.
func (r *Run) query(L *lua.LState, name string) lua.LValue {
	meter.From(L).Step(L, len(r.request.RawQuery)/32)
	if value, ok := lookupPair(r.request.RawQuery, name); ok {
		return lua.LString(value)
	}
	return lua.LNil
}

// header is one header, repeated ones joined; it takes a name in any case.
func (r *Run) header(_ *lua.LState, name string) lua.LValue {
	if values := r.request.Header[textproto.CanonicalMIMEHeaderKey(name)]; len(values) == 1 {
		return lua.LString(values[0])
	} else if len(values) > 1 {
		return lua.LString(strings.Join(values, ", "))
	}
	if r.request.Host != "" && strings.EqualFold(name, "host") {
		return lua.LString(r.request.Host)
	}
	return lua.LNil
}

// table makes the contents of one of the tables once per run.
func (r *Run) table(L *lua.LState, which int) *lua.LTable {
	if r.contents[which] == nil {
		table := L.CreateTable(0, 4)
		charge := meter.From(L)
		r.state.keep(table)
		r.fill(table, which, func(name, value string) {
			charge.Step(L, 1+len(value)/64)
			charge.ChargeMemory(L, pairBytes+len(name)+len(value))
		})
		r.contents[which] = table
	}
	return r.contents[which]
}

// fill puts everything into a table, announcing each pair first.
func (r *Run) fill(table *lua.LTable, which int, announce func(name, value string)) {
	set := func(name, value string) {
		announce(name, value)
		table.RawSetString(name, lua.LString(value))
	}
	switch which {
	case tableHeaders:
		r.fillHeaders(set)
	case tableCookies:
		// The first of a name wins: browsers send the most specific first (RFC 6265, 5.4).
		eachCookie(r.request.Header["Cookie"], func(name, value string) {
			if table.RawGetString(name) == lua.LNil {
				set(name, value)
			}
		})
	case tableParams:
		for _, param := range r.request.Params {
			set(param.Name, param.Value)
		}
	case tableQuery:
		eachPair(r.request.RawQuery, func(name, value string) bool {
			set(unescape(name), unescape(value))
			return true
		})
	case tableQueryAll:
		eachPair(r.request.RawQuery, func(name, value string) bool {
			announce(name, value)
			appendValue(table, unescape(name), unescape(value))
			return true
		})
	}
}

// fillHeaders sets the headers in the order of their names.
func (r *Run) fillHeaders(set func(name, value string)) {
	names := make([]string, 0, len(r.request.Header)+1)
	for name := range r.request.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if r.request.Host != "" && r.request.Header["Host"] == nil {
		set("host", r.request.Host)
	}
	for _, name := range names {
		set(strings.ToLower(name), strings.Join(r.request.Header[name], ", "))
	}
}

// appendValue adds to the list under a name in query_all.
func appendValue(table *lua.LTable, name, value string) {
	list, ok := table.RawGetString(name).(*lua.LTable)
	if !ok {
		list = luax.NewArray(&lua.LState{}, 1)
		table.RawSetString(name, list)
	}
	list.Append(lua.LString(value))
}
