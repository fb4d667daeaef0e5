package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/store"
)

func (r *remote) routesCommand() *cobra.Command {
	return verbs("routes", groupWork, "Routes: which request runs which script",
		r.routesListCommand(), r.routesCreateCommand(), r.routesChangeCommand(), r.routesDeleteCommand(), r.routesMatchCommand())
}

func routeName(route *store.Route) string { return route.Method + " " + route.Host + route.Path }

func routeColumns(scripts scriptNames) []column[store.Route] {
	return []column[store.Route]{
		{"method", func(route *store.Route) string { return route.Method }},
		{"host", func(route *store.Route) string { return route.Host }},
		{"path", func(route *store.Route) string { return route.Path }},
		{"script", func(route *store.Route) string { return scripts.of(route.ScriptID) }},
		{"mode", func(route *store.Route) string { return route.DispatchMode }},
		{"guards", guardNames},
		{"id", func(route *store.Route) string { return route.ID.String() }},
	}
}

// scriptNames are the names of an app's scripts. As JSON nobody needs them.
type scriptNames map[uuid.UUID]string

func (n scriptNames) of(id uuid.UUID) string { return cmp.Or(n[id], id.String()) }

func (r *remote) scriptNames(ctx context.Context, c *client.Client, app string) (scriptNames, error) {
	if r.form == formJSON {
		return nil, nil
	}
	scripts, err := c.AppScripts(ctx, app)
	names := make(scriptNames, len(scripts))
	for _, script := range scripts {
		names[script.ID] = script.Name
	}
	return names, err
}

func (r *remote) printRoute(ctx context.Context, c *client.Client, route store.Route, err error) error {
	if err != nil {
		return err
	}
	names, err := r.scriptNames(ctx, c, route.AppID.String())
	if err != nil {
		return err
	}
	return printOne(r, route, routeColumns(names)...)
}

func guardNames(route *store.Route) string {
	var names []string
	if route.Verify != nil {
		names = append(names, "verify "+route.Verify.Provider)
	}
	if route.Dedupe != nil {
		names = append(names, "dedupe")
	}
	if route.LocalOnly {
		names = append(names, "local only")
	}
	if route.RateLimit != nil {
		names = append(names, "rate limit")
	}
	return strings.Join(names, ", ")
}

// route finds the route that an argument names: an id, or "GET /hello".
func (r *remote) route(ctx context.Context, c *client.Client, app, named string) (store.Route, error) {
	routes, err := c.Routes(ctx, app)
	if err != nil {
		return store.Route{}, err
	}
	for _, route := range routes {
		if route.ID.String() == named || routeName(&route) == named {
			return route, nil
		}
	}
	return store.Route{}, notFound{fmt.Errorf("the app %s has no route %q", app, named)}
}

// routeUse says in help how a route is named.
const routeUse = "ROUTE is an id, or a method, host and path such as 'GET /hello'."

func (r *remote) routesListCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "ls", Short: "List an app's routes", Args: noArguments,
		RunE: r.call(func(ctx context.Context, c *client.Client, _ []string) error {
			routes, err := c.Routes(ctx, r.app(app))
			if err != nil {
				return err
			}
			names, err := r.scriptNames(ctx, c, r.app(app))
			if err != nil {
				return err
			}
			return printList(r, routes, routeColumns(names)...)
		}),
	}
	r.appFlag(command, &app)
	return command
}

// routeFlags are the flags that a new and a changed route share.
type routeFlags struct {
	host, mode                string
	verify, dedupe, rateLimit string
	localOnly                 bool
}

func (f *routeFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.host, "host", "", "only requests for this host, such as sub.example.com or *.example.com")
	flags.StringVar(&f.mode, "mode", "", "sync: the caller waits for the answer; async: it gets 202, and the run is retried")
	flags.BoolVar(&f.localOnly, "local-only", false, "only requests of the local network")
	flags.StringVar(&f.verify, "verify", "", "check who sends, such as '{\"provider\":\"github\",\"secret\":\"HOOK\"}'")
	flags.StringVar(&f.dedupe, "dedupe", "", "answer repeats once, such as '{\"from\":\"header:X-GitHub-Delivery\"}'")
	flags.StringVar(&f.rateLimit, "rate-limit", "", "bound the requests, such as '{\"per_minute\":60}'")
}

// object reads a flag with a JSON object; nil when it was not given.
func object(command *cobra.Command, flag, text string) (json.RawMessage, error) {
	if !command.Flags().Changed(flag) {
		return nil, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, usageError{fmt.Errorf("--%s is %q, but must be JSON", flag, text)}
	}
	return json.RawMessage(text), nil
}

// guards reads the three guards that are objects.
func (f *routeFlags) guards(command *cobra.Command) (verify, dedupe, rateLimit json.RawMessage, err error) {
	if verify, err = object(command, "verify", f.verify); err != nil {
		return nil, nil, nil, err
	}
	if dedupe, err = object(command, "dedupe", f.dedupe); err != nil {
		return nil, nil, nil, err
	}
	rateLimit, err = object(command, "rate-limit", f.rateLimit)
	return verify, dedupe, rateLimit, err
}

func (r *remote) routesCreateCommand() *cobra.Command {
	var app string
	var given routeFlags
	command := &cobra.Command{
		Use: "create SCRIPT METHOD PATH", Short: "Lead requests to a script", Args: takes(3, 3),
		Long: "Lead requests to a script. METHOD is one such as GET, or ANY. PATH is /greet, /files/* for all below it,\n" +
			"or /users/:id with a captured segment. " + scriptUse,
		Example: "  {{name}} routes create hello GET /hello\n  {{name}} routes create hook POST /hooks/github --verify '{\"provider\":\"github\",\"secret\":\"HOOK\"}'",
	}
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		draft := client.RouteDraft{Method: args[1], Path: args[2], Host: given.host, DispatchMode: given.mode, LocalOnly: given.localOnly}
		var err error
		if draft.Verify, draft.Dedupe, draft.RateLimit, err = given.guards(command); err != nil {
			return err
		}
		found, err := r.script(ctx, c, app, args[0])
		if err != nil {
			return err
		}
		route, err := c.CreateRoute(ctx, found.ID.String(), draft)
		return r.printRoute(ctx, c, route, err)
	})
	r.scriptFlag(command, &app)
	given.add(command)
	return r.named(command)
}

// routeChangeFlags say what of a route changes.
type routeChangeFlags struct {
	routeFlags
	method, path, script string
}

func (f *routeChangeFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.script, "script", "", "the script that it leads to")
	flags.StringVar(&f.method, "method", "", "its method")
	flags.StringVar(&f.path, "path", "", "its path")
	f.routeFlags.add(command)
}

// change is what the given flags say, but for the script, which has to be found.
func (f *routeChangeFlags) change(command *cobra.Command) (change client.RouteChange, err error) {
	if change.Verify, change.Dedupe, change.RateLimit, err = f.guards(command); err != nil {
		return change, err
	}
	set := func(flag string, field **string, value *string) {
		if command.Flags().Changed(flag) {
			*field = value
		}
	}
	set("method", &change.Method, &f.method)
	set("path", &change.Path, &f.path)
	set("host", &change.Host, &f.host)
	set("mode", &change.DispatchMode, &f.mode)
	if command.Flags().Changed("local-only") {
		change.LocalOnly = &f.localOnly
	}
	return change, nil
}

func (r *remote) routesChangeCommand() *cobra.Command {
	var app string
	var given routeChangeFlags
	command := &cobra.Command{
		Use: "change ROUTE", Short: "Change a route", Args: takes(1, 1),
		Long:    "Change what is given of a route; a guard that is 'null' is taken away. " + routeUse,
		Example: "  {{name}} routes change 'GET /hello' --path /hello/:name\n  {{name}} routes change 'POST /hook' --rate-limit null",
	}
	command.RunE = r.call(func(ctx context.Context, c *client.Client, args []string) error {
		change, err := given.change(command)
		if err != nil {
			return err
		}
		if given.script != "" {
			found, err := r.script(ctx, c, app, given.script)
			if err != nil {
				return err
			}
			id := found.ID.String()
			change.ScriptID = &id
		}
		found, err := r.route(ctx, c, r.app(app), args[0])
		if err != nil {
			return err
		}
		route, err := c.ChangeRoute(ctx, found.ID.String(), change)
		return r.printRoute(ctx, c, route, err)
	})
	r.appFlag(command, &app)
	given.add(command)
	return r.named(command)
}

func (r *remote) routesDeleteCommand() *cobra.Command {
	var app string
	command := &cobra.Command{
		Use: "delete ROUTE", Aliases: []string{"rm"}, Short: "Delete a route", Args: takes(1, 1), Long: "Delete a route. " + routeUse,
		Example: "  {{name}} routes delete 'GET /hello'",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := r.route(ctx, c, r.app(app), args[0])
			if err != nil {
				return err
			}
			if err := c.DeleteRoute(ctx, found.ID.String()); err != nil {
				return err
			}
			r.said("Deleted the route %s.", routeName(&found))
			return nil
		}),
	}
	r.appFlag(command, &app)
	return r.named(command)
}

// matchColumns show a match without its route's every field.
var matchColumns = []column[client.RouteMatch]{
	{"matched", func(m *client.RouteMatch) string { return yesNo(m.Matched) }},
	{"route", func(m *client.RouteMatch) string {
		if m.Route == nil {
			return ""
		}
		return routeName(m.Route)
	}},
	{"params", func(m *client.RouteMatch) string {
		var params []string
		for _, name := range sortedKeys(m.Params) {
			params = append(params, name+"="+m.Params[name])
		}
		return strings.Join(params, " ")
	}},
	{"rest", func(m *client.RouteMatch) string { return m.Rest }},
	{"allow", func(m *client.RouteMatch) string { return strings.Join(m.Allow, ", ") }},
}

func (r *remote) routesMatchCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "match METHOD URL", Short: "Say which route answers a request", Args: takes(2, 2),
		Long:    "Say which route answers a request. URL is a path for any host, or a whole URL.",
		Example: "  {{name}} routes match GET /users/7",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			match, err := c.MatchRoute(ctx, client.Match{Method: args[0], URL: args[1]})
			if err != nil {
				return err
			}
			return printOne(r, match, matchColumns...)
		}),
	})
}
