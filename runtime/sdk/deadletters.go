package sdk

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

func deadLettersModule() runtime.Module {
	id := runtime.ParamDoc{Name: "id", Type: "string", Doc: "The dead letter's id, as list and ctx.event.dead_letter_id give it."}
	return runtime.Module{
		Name: "dead_letters",
		Doc:  "The app's deliveries that ran out of attempts.",
		Funcs: []runtime.Func{
			{
				Name: "list",
				Doc:  "Returns one page of the app's dead letters, newest first. A page ends early when its events are long.",
				Params: []runtime.ParamDoc{optionsDoc("Which page.", optionDoc("limit", "integer", "1 to 200 items, 50 when left out."),
					optionDoc("cursor", "string", "The next_cursor of the page before."))},
				Returns: []runtime.ReturnDoc{{Type: "table", Doc: "items, and next_cursor when more follow. An item has id, trigger_id, script_id, event, error, " +
					"attempts, state, note and created_at."}},
				Errors:  []string{"the limit or the cursor is not right"},
				Example: `return #dead_letters.list({ limit = 10 }).items`,
				Counted: true, Call: listDeadLetters,
			},
			{
				Name: "get", Doc: "Returns one dead letter.", Params: []runtime.ParamDoc{id},
				Returns: []runtime.ReturnDoc{{Type: "table", Doc: "The dead letter, or nil when the app has none of that id."}},
				Errors:  []string{"id is not an id"},
				Example: `local letter = dead_letters.get("01890a5d-ac96-774b-bcce-b302099a8057")
return letter == nil`,
				Counted: true, Call: getDeadLetter,
			},
			{
				Name: "replay", Doc: "Queues the dead letter's event again, under the same event id.", Params: []runtime.ParamDoc{id},
				Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "true; false when the app has no dead letter of that id."}},
				Errors:  []string{"it was resolved or replayed already, or its trigger is gone", "the app has too many deliveries waiting", "it is called inside kv.transaction"},
				Example: `for _, letter in ipairs(dead_letters.list().items) do
  if letter.state == "open" then dead_letters.replay(letter.id) end
end`,
				Counted: true, Effect: true, Call: replayDeadLetter,
			},
			{
				Name: "resolve", Doc: "Closes a dead letter that needs no other treatment.",
				Params:  []runtime.ParamDoc{id, {Name: "note", Type: "string", Doc: "Why, for whoever looks at it; up to 4 KiB.", Optional: true}},
				Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "true; false when the app has no dead letter of that id."}},
				Errors:  []string{"it was resolved or replayed already", "the note is too long or not text", "it is called inside kv.transaction"},
				Example: `return dead_letters.resolve("01890a5d-ac96-774b-bcce-b302099a8057", "the sensor is gone")`,
				Counted: true, Effect: true, Call: resolveDeadLetter,
			},
		},
	}
}

func listDeadLetters(L *lua.LState) int {
	args := luax.Args{L: L, Func: "dead_letters.list"}
	options := args.Options(1, "options", "limit", "cursor")
	request := store.PageRequest{Limit: int(options.Int("limit", 0)), Cursor: options.String("cursor", "")}
	if options.Has("limit") && request.Limit < 1 {
		L.RaiseError("dead_letters.list: option %q must be 1 to 200", "limit")
	}
	var page store.Page[store.DeadLetter]
	settled(args, func(ctx context.Context, s *store.Store) (err error) {
		page, err = s.DeadLetters(ctx, runtime.From(L).App(), nil, request)
		return err
	})
	chargeLetters(args, page.Items...)
	pushValue(args, page)
	return 1
}

// chargeLetters charges what dead letters hold before they are made to text.
func chargeLetters(args luax.Args, letters ...store.DeadLetter) {
	size := 0
	for i := range letters {
		size += len(letters[i].Event.Data) + len(letters[i].Event.Body)
	}
	meter.From(args.L).ChargeMemory(args.L, size)
}

func getDeadLetter(L *lua.LState) int {
	args := luax.Args{L: L, Func: "dead_letters.get"}
	var letter store.DeadLetter
	id := letterID(args)
	if !found(args, func(ctx context.Context, s *store.Store) (err error) {
		letter, err = ownLetter(ctx, s, runtime.From(L).App(), id)
		return err
	}) {
		L.Push(lua.LNil)
		return 1
	}
	chargeLetters(args, letter)
	pushValue(args, letter)
	return 1
}

func replayDeadLetter(L *lua.LState) int {
	args := luax.Args{L: L, Func: "dead_letters.replay"}
	run, id := runtime.From(L), letterID(args)
	L.Push(lua.LBool(found(args, func(ctx context.Context, s *store.Store) error {
		if _, err := ownLetter(ctx, s, run.App(), id); err != nil {
			return err
		}
		_, err := s.ReplayDeadLetter(ctx, id, run.Origin())
		return err
	})))
	return 1
}

func resolveDeadLetter(L *lua.LState) int {
	args := luax.Args{L: L, Func: "dead_letters.resolve"}
	run, id, note := runtime.From(L), letterID(args), args.OptString(2, "note", "")
	L.Push(lua.LBool(found(args, func(ctx context.Context, s *store.Store) error {
		if _, err := ownLetter(ctx, s, run.App(), id); err != nil {
			return err
		}
		_, err := s.ResolveDeadLetter(ctx, id, note)
		return err
	})))
	return 1
}

func letterID(args luax.Args) uuid.UUID {
	id, err := uuid.Parse(args.String(1, "id"))
	if err != nil {
		args.Fail(1, "id", "must be the id of a dead letter")
	}
	return id
}

// ownLetter returns a dead letter of the app; one of another app is none.
func ownLetter(ctx context.Context, s *store.Store, app, id uuid.UUID) (store.DeadLetter, error) {
	letter, err := s.DeadLetter(ctx, id)
	if err == nil && letter.AppID != app {
		return store.DeadLetter{}, store.Errorf(store.KindNotFound, "not_found", "there is no such dead letter")
	}
	return letter, err
}

// pushValue returns a value of the store in the form that the API gives it.
func pushValue(args luax.Args, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		raise(args, err)
	}
	meter.From(args.L).ChargeMemory(args.L, len(data))
	pushJSON(args, data)
}
