package lint

import (
	"strings"

	"picloud/runtime"
)

// entry is what is known about a value.
type entry struct {
	kinds   string            // its types with | between; "" when nothing is known
	members map[string]*entry // of a table with known fields
	closed  bool              // there are no other members, and none can be added
	items   *entry            // what any field of a table of one kind of values holds
	call    *call             // of a function
	name    string            // "json.encode", for messages
}

// call is what is known about calling a function.
type call struct {
	params []runtime.ParamDoc
	result *entry
}

// vocabulary is everything that scripts can name.
type vocabulary struct {
	globals map[string]*entry
	ctx     *entry
	gone    map[string]string            // and what to use instead
	types   map[string]map[string]*entry // methods by type
	colon   map[string]bool              // types whose methods are called with a colon
}

func newVocabulary(d *runtime.Description) *vocabulary {
	v := &vocabulary{globals: map[string]*entry{}, gone: map[string]string{}, types: map[string]map[string]*entry{}, colon: map[string]bool{}}
	for _, module := range d.Modules {
		for _, kind := range module.Types {
			v.types[kind.Name], v.colon[kind.Name] = map[string]*entry{}, kind.Colon
		}
	}
	for _, module := range d.Modules {
		for _, kind := range module.Types {
			for _, method := range kind.Methods {
				v.types[kind.Name][method.Name] = v.function(kind.Name+":"+method.Name, method, false)
			}
		}
		v.globals[module.Name] = v.module(module, false)
	}
	for _, module := range d.Standard {
		if described := v.module(module, true); module.Name != "" {
			v.globals[module.Name] = described
		} else {
			for name, member := range described.members {
				v.globals[name] = member
			}
		}
	}
	for _, global := range d.Gone {
		v.gone[global.Name] = global.Doc
	}
	v.ctx = v.field("", d.Context, true)
	return v
}

// module describes a module's table; standard ones say of each result whether
// it can be nil.
func (v *vocabulary) module(m runtime.ModuleDescription, standard bool) *entry {
	prefix := m.Name + "."
	if m.Name == "" {
		prefix = ""
	}
	table := &entry{kinds: "table", members: map[string]*entry{}, closed: true, name: m.Name}
	for _, fn := range m.Functions {
		table.members[fn.Name] = v.function(prefix+fn.Name, fn, standard)
	}
	for _, value := range m.Values {
		table.members[value.Name] = &entry{kinds: value.Type, name: prefix + value.Name}
	}
	return table
}

func (v *vocabulary) function(name string, fn runtime.FunctionDescription, standard bool) *entry {
	described := &entry{kinds: "function", call: &call{params: fn.Params}, name: name}
	if len(fn.Returns) > 0 {
		described.call.result = v.value(fn.Returns[0].Type, !standard)
	}
	return described
}

// value describes a value by its described type.
func (v *vocabulary) value(described string, maybeNil bool) *entry {
	kinds := strings.ReplaceAll(described, "integer", "number")
	var items *entry
	if inner, ok := strings.CutPrefix(kinds, "table<string, "); ok {
		items = v.value(strings.TrimSuffix(inner, ">"), true)
		kinds = "table"
	}
	if strings.HasSuffix(kinds, "[]") {
		kinds = "table"
	}
	value := &entry{kinds: kinds, items: items}
	if methods, ok := v.types[kinds]; ok && !v.colon[kinds] {
		value.members, value.closed, value.name = methods, true, kinds
	}
	if maybeNil && kinds != "any" {
		value.kinds += "|nil"
	}
	return value
}

// field describes a field of ctx and what is below it.
func (v *vocabulary) field(prefix string, p runtime.ParamDoc, closed bool) *entry {
	described := v.value(p.Type, p.Optional)
	described.name, described.closed = prefix+p.Name, closed && described.items != nil
	if len(p.Fields) == 0 {
		return described
	}
	described.members, described.closed = map[string]*entry{}, closed
	for _, inner := range p.Fields {
		described.members[inner.Name] = v.field(described.name+".", inner, closed)
	}
	return described
}

// member is what is known about a field of e, and whether there is such a field.
func (e *entry) member(name string) (value *entry, there bool) {
	switch {
	case e == nil:
		return nil, true
	case e.items != nil:
		return e.items, true
	case e.members == nil:
		return nil, true
	}
	value, there = e.members[name]
	return value, there || !e.closed
}
