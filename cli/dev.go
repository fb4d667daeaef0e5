package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"

	"picloud/cli/client"
	"picloud/runtime/lint"
	"picloud/store"
)

func (r *remote) devCommand() *cobra.Command {
	var app string
	var quiet bool
	command := &cobra.Command{
		Use: "dev DIR", GroupID: groupWork, Short: "Push each save of a folder, and follow the logs", Args: takes(1, 1),
		Long: "Watch a folder: each save is checked and pushed at once, and what runs is shown as it happens, until Ctrl-C. A file that\n" +
			"is renamed or deleted is so in the app too; what the app had before and the folder never had stays. A mistake is shown\n" +
			"with its file and line, and the app stays as it was until it is mended. The annotation file for the Lua language\n" +
			"server and its settings are written into the folder. At a terminal it asks first if the folder would take the place of\n" +
			"something that the app has otherwise.",
		Example: "  {{name}} pull greenhouse --app greenhouse\n  {{name}} dev greenhouse",
		RunE: r.call(func(ctx context.Context, c *client.Client, args []string) error {
			files, err := readFolder(args[0])
			if err != nil {
				return err
			}
			d := &developer{remote: r, client: c, dir: args[0], app: r.folderApp(app, files), linter: newLinter(), known: map[string]bool{}}
			if agreed, err := d.mayBegin(ctx, files); err != nil || !agreed {
				return err
			}
			return d.run(ctx, !quiet)
		}),
	}
	r.appFlag(command, &app)
	command.Flags().BoolVar(&quiet, "no-logs", false, "do not follow the logs")
	return r.named(command)
}

const (
	// settleTime is how long a folder must be still before it is read: an editor
	// saves in several steps.
	settleTime = 40 * time.Millisecond
	// pushAgain is when a push is tried again that the instance did not take.
	pushAgain = 2 * time.Second
)

// developer keeps an app as its folder is.
type developer struct {
	remote *remote
	client *client.Client
	linter *lint.Linter
	dir    string
	app    string
	pushed map[string]string // the files as they were pushed or refused last
	// known is what the folder has had so far: of the app's other things nothing
	// is deleted.
	known map[string]bool
}

// mayBegin asks a person before the folder takes the place of what the app has:
// it may be older. Mistakes in the folder are no reason not to begin.
func (d *developer) mayBegin(ctx context.Context, files map[string]string) (bool, error) {
	plan, err := d.client.ImportApp(ctx, d.app, client.Folder{Files: files}, client.ImportOptions{DryRun: true})
	var answer *client.Error
	if errors.As(err, &answer) && answer.Code == "import_invalid" {
		return true, nil
	}
	changes := slices.DeleteFunc(plan.Changes, func(c store.PlannedChange) bool { return c.Action == store.ImportCreate })
	if err != nil || len(changes) == 0 {
		return err == nil, err
	}
	for _, change := range changes {
		d.remote.said("%s %s %s %s", change.Action, change.Kind, change.Name, strings.Join(change.Fields, ", "))
	}
	return d.remote.agreed("The folder will take the place of these in the app; `diff` shows how they differ. Go on?")
}

func (d *developer) run(ctx context.Context, follow bool) error {
	if _, err := writeStubs(d.dir); err != nil {
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := d.watch(watcher); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	if follow {
		tail, err := d.tail(ctx)
		if err != nil {
			cancel()
			return err
		}
		go func() { ended <- tail.follow(ctx) }()
	} else {
		close(ended)
		ended = nil
	}
	d.remote.said("Watching %s for the app %s at %s. Ctrl-C ends it.", d.dir, d.app, d.client.URL)
	err = d.loop(ctx, watcher, ended)
	cancel()
	if ended != nil && err == nil {
		err = <-ended
	}
	return err
}

// tail follows what runs from now on.
func (d *developer) tail(ctx context.Context) (*logTail, error) {
	last, err := d.client.AppLogs(ctx, d.app, client.LogFilter{Most: recentRuns})
	if err != nil {
		return nil, err
	}
	tail := &logTail{remote: d.remote, client: d.client, app: d.app, retry: reconnectDelay}
	tail.goOnAfter(last)
	return tail, nil
}

// watch looks at the folder and those of its sources. One that is made later is
// added when the folder changes.
func (d *developer) watch(watcher *fsnotify.Watcher) error {
	for _, name := range append([]string{"."}, sourceFolders...) {
		dir := filepath.Join(d.dir, name)
		if err := watcher.Add(dir); err != nil && (name == "." || !errors.Is(err, os.ErrNotExist)) {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	return nil
}

// loop pushes the folder now and after each change. It ends with ctx, or with
// the error of the tail.
func (d *developer) loop(ctx context.Context, watcher *fsnotify.Watcher, ended <-chan error) error {
	settled := time.NewTimer(0)
	defer settled.Stop()
	for {
		select {
		case <-settled.C:
			if err := d.watch(watcher); err != nil {
				return err
			}
			again, err := d.push(ctx)
			if err != nil && ctx.Err() == nil {
				return err
			}
			if again {
				settled.Reset(pushAgain)
			}
		case event := <-watcher.Events:
			if !event.Has(fsnotify.Chmod) {
				settled.Reset(settleTime)
			}
		case err := <-watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return err
			}
			settled.Reset(settleTime) // more changed than the system counts
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
