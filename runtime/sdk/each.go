package sdk

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// eachLimit and eachBytes bound a page that a loop holds.
const (
	eachLimit = 200
	eachBytes = 128 << 10
)

// loop is how a for loop goes over all items of a collection, a page at a time.
type loop[T any] struct {
	name   string                            // "kv:each"
	states *runtime.Type                     // without methods
	step   *lua.LFunction                    // what the for loop calls
	bytes  func(items []T) int               // that a page holds
	push   func(args luax.Args, item *T) int // returns how many values it has pushed
}

// loopState is what a loop holds between two steps. No read transaction is open
// meanwhile.
type loopState[T any] struct {
	handle *collectionHandle
	read   func(args luax.Args, cursor string) store.Page[T]
	left   int // items until it ends; below 0: no bound
	page   store.Page[T]
	at     int
	held   int // bytes of page
	last   bool
}

func newLoop[T any](name string, bytes func([]T) int, push func(luax.Args, *T) int) *loop[T] {
	collection, _, _ := strings.Cut(name, ":")
	l := &loop[T]{name: name, bytes: bytes, push: push, states: runtime.NewType(collection+" iterator", "The state of a loop over "+name+".")}
	l.step = luax.Function(l.next)
	return l
}

// begin pushes what a for loop takes.
func (l *loop[T]) begin(L *lua.LState, state *loopState[T]) int {
	L.Push(l.step)
	L.Push(l.states.New(L, state))
	return 2
}

// next is one step of the loop.
func (l *loop[T]) next(L *lua.LState) int {
	args := luax.Args{L: L, Func: l.name}
	state := runtime.Receiver[*loopState[T]](L, l.name)
	meter.From(L).Step(L, 1)
	state.handle.guard(args)
	for state.at == len(state.page.Items) && !state.last {
		l.fetch(args, state)
	}
	if state.at == len(state.page.Items) || state.left == 0 {
		state.page.Items, state.at, state.held, state.last = nil, 0, 0, true
		L.Push(lua.LNil)
		return 1
	}
	state.left--
	state.at++
	return l.push(args, &state.page.Items[state.at-1])
}

func (l *loop[T]) fetch(args luax.Args, state *loopState[T]) {
	meter.From(args.L).ChargeSDKCall(args.L)
	state.page, state.at = state.read(args, state.page.NextCursor), 0
	state.last = state.page.NextCursor == ""
	state.held = l.bytes(state.page.Items)
}

// HeldBytes is for the memory walk: a loop that its script has left holds
// nothing, because nobody can reach it.
func (s *loopState[T]) HeldBytes() int { return s.held }
