package sdk

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/store"
)

func topicsModule() runtime.Module {
	return runtime.Module{
		Name: "topics",
		Doc:  "Publishes events for the app's topic triggers.",
		Funcs: []runtime.Func{{
			Name: "publish",
			Doc: "Queues a payload for every topic trigger of the app whose filter matches the topic (home/+/temperature, home/#: MQTT's rules). " +
				"It is on the card when the call returns.",
			Params: []runtime.ParamDoc{
				{Name: "topic", Type: "string", Doc: "1 to 512 bytes, levels separated by slashes, without the wildcards + and #."},
				{Name: "payload", Type: "any", Doc: "What the triggers' scripts find in ctx.event.payload: up to 256 KiB as JSON."},
				optionsDoc("When, and how often.", optionDoc("delay", "number", "Seconds until it is delivered, up to a year."),
					optionDoc("dedupe", "string", "A key; one that was seen on the topic within 24 hours is not queued again.")),
			},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The event's id; for a repeated dedupe key that of the first one."}},
			Errors: []string{
				"the topic, the payload or an option is not as described",
				"the app has too many deliveries waiting",
				"it is called inside kv.transaction",
			},
			Example: `return topics.publish("home/hall/temperature", { celsius = 21.5 }, { dedupe = "reading 17" })`,
			Counted: true, Effect: true,
			Call: publishTopic,
		}},
	}
}

func publishTopic(L *lua.LState) int {
	args := luax.Args{L: L, Func: "topics.publish"}
	run := runtime.From(L)
	publication := store.TopicPublication{App: run.App(), Topic: args.String(1, "topic"), Origin: run.Origin()}
	publication.Payload = jsonArgument(args, 2, "payload", store.MaxPayloadBytes)
	options := args.Options(3, "options", "delay", "dedupe")
	delay := options.Number("delay", 0)
	if delay < 0 || delay > store.MaxDelay.Seconds() {
		L.RaiseError("topics.publish: option %q must be 0 to %d seconds", "delay", int(store.MaxDelay.Seconds()))
	}
	publication.Delay = time.Duration(delay * float64(time.Second))
	publication.Dedupe = options.String("dedupe", "")
	var id uuid.UUID
	settled(args, func(ctx context.Context, s *store.Store) (err error) {
		id, err = s.PublishTopic(ctx, publication)
		return err
	})
	L.Push(lua.LString(id.String()))
	return 1
}

// settled is blocking for a call whose conflicts are errors as well.
func settled(args luax.Args, call func(context.Context, *store.Store) error) {
	if conflict := blocking(args, call); conflict != nil {
		raise(args, conflict)
	}
}

// found is settled for a call that looks for one thing; false when there is none.
func found(args luax.Args, call func(context.Context, *store.Store) error) bool {
	exists := true
	settled(args, func(ctx context.Context, s *store.Store) error {
		err := call(ctx, s)
		var failure *store.Error
		if errors.As(err, &failure) && failure.Kind == store.KindNotFound {
			exists = false
			return nil
		}
		return err
	})
	return exists
}
