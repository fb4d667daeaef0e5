package client

import (
	"context"
	"net/http"
	"net/url"

	"picloud/store"
)

// App is an app and what the caller may be in it.
type App struct {
	store.App
	MyRole store.AppRole `json:"my_role"`
}

// AppDraft is a new app; an empty name becomes the slug.
type AppDraft struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Apps lists the apps that the caller may see.
func (c *Client) Apps(ctx context.Context) ([]App, error) {
	return list[App](ctx, c, path("apps"), nil, 0)
}

// App returns the app of that id or slug.
func (c *Client) App(ctx context.Context, app string) (App, error) {
	return get[App](ctx, c, path("apps/", app))
}

// CreateApp makes an app.
func (c *Client) CreateApp(ctx context.Context, draft AppDraft) (App, error) {
	return send[App](ctx, c, http.MethodPost, path("apps"), draft)
}

// DeleteApp deletes an app; force also one that has scripts or data.
func (c *Client) DeleteApp(ctx context.Context, app string, force bool) error {
	var query url.Values
	if force {
		query = url.Values{"force": {"true"}}
	}
	return c.call(ctx, request{method: http.MethodDelete, path: path("apps/", app), query: query}, nil)
}

// Members lists who has a role in an app.
func (c *Client) Members(ctx context.Context, app string) ([]store.Member, error) {
	return list[store.Member](ctx, c, path("apps/", app, "/members"), nil, 0)
}

// MemberRole is what a member may be.
type MemberRole struct {
	Role store.AppRole `json:"role"`
}

// SetMember gives a user, by id or name, a role in an app.
func (c *Client) SetMember(ctx context.Context, app, user string, role MemberRole) (store.Member, error) {
	return send[store.Member](ctx, c, http.MethodPut, path("apps/", app, "/members/", user), role)
}

// RemoveMember takes a user's role away.
func (c *Client) RemoveMember(ctx context.Context, app, user string) error {
	return c.remove(ctx, path("apps/", app, "/members/", user))
}

// Secrets lists the names of an app's secrets.
func (c *Client) Secrets(ctx context.Context, app string) ([]store.AppSecret, error) {
	return list[store.AppSecret](ctx, c, path("apps/", app, "/secrets"), nil, 0)
}

// SecretValue is what a secret holds.
type SecretValue struct {
	Value string `json:"value"`
}

// SetSecret saves a secret.
func (c *Client) SetSecret(ctx context.Context, app, name string, value SecretValue) (store.AppSecret, error) {
	return send[store.AppSecret](ctx, c, http.MethodPut, path("apps/", app, "/secrets/", name), value)
}

// DeleteSecret deletes a secret.
func (c *Client) DeleteSecret(ctx context.Context, app, name string) error {
	return c.remove(ctx, path("apps/", app, "/secrets/", name))
}

// Folder is an app as files, by their slash-separated names.
type Folder struct {
	Files map[string]string `json:"files"`
}

// Import says what an import did, or would do.
type Import struct {
	Applied        bool                  `json:"applied"`
	Changes        []store.PlannedChange `json:"changes"`
	MissingSecrets []string              `json:"missing_secrets"`
}

// FolderProblem is a mistake in a folder that was to be imported; an Error of
// the code "import_invalid" lists them in details.errors.
type FolderProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ImportOptions are those of an import: DryRun changes nothing, Prune deletes
// what the folder has not.
type ImportOptions struct{ DryRun, Prune bool }

// ExportApp returns an app as files.
func (c *Client) ExportApp(ctx context.Context, app string) (Folder, error) {
	return get[Folder](ctx, c, path("apps/", app, "/export"))
}

// ImportApp makes an app what the files say.
func (c *Client) ImportApp(ctx context.Context, app string, folder Folder, options ImportOptions) (Import, error) {
	query := url.Values{}
	if options.DryRun {
		query.Set("dry_run", "true")
	}
	if options.Prune {
		query.Set("prune", "true")
	}
	var done Import
	err := c.call(ctx, request{http.MethodPost, path("apps/", app, "/import"), query, folder}, &done)
	return done, err
}
