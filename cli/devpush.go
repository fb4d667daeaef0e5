package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"picloud/cli/client"
	"picloud/http/folder"
	"picloud/runtime/lint"
	"picloud/store"
)

// push makes the app what the folder is now. again asks for another try later;
// an error ends the watching.
func (d *developer) push(ctx context.Context) (again bool, err error) {
	files, err := readFolder(d.dir)
	var odd *notText
	if errors.As(err, &odd) {
		d.remote.said("Not pushed: %v", err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if maps.Equal(files, d.pushed) {
		return false, nil
	}
	begun := time.Now()
	d.warn(files)
	done, err := d.importFolder(ctx, files)
	var answer *client.Error
	switch {
	case passing(err):
		d.remote.said("Not pushed: %v; trying again.", err)
		return true, nil
	case errors.As(err, &answer) && answer.Code == "import_invalid":
		d.pushed = files
		d.remote.said("Not pushed: %s", answer.Message)
		for _, line := range details(answer) {
			d.remote.said("  %s", line)
		}
		return false, nil
	case err != nil:
		return false, err
	}
	d.report(done.Changes, files)
	d.remote.said("Pushed %s in %d ms.", counted(len(done.Changes), "change"), time.Since(begun).Milliseconds())
	d.pushed = files
	return false, nil
}

// report says what a push has changed, and where it took the place of what
// someone else had saved meanwhile.
func (d *developer) report(changes []store.PlannedChange, files map[string]string) {
	for _, change := range changes {
		d.remote.said("%s %s %s %s", change.Action, change.Kind, change.Name, strings.Join(change.Fields, ", "))
		for _, sources := range sourceFolders {
			file := sources + "/" + change.Name + ".lua"
			before, was := d.pushed[file]
			if change.Kind == "script" && slices.Contains(change.Fields, "source") && was && before == files[file] {
				d.remote.said("  Someone had changed %s in the app; that is now its version before this one.", change.Name)
			}
		}
	}
}

// warn shows what is likely wrong with files that have changed; what is
// certainly wrong the instance says.
func (d *developer) warn(files map[string]string) {
	for _, name := range sortedKeys(files) {
		if name == folder.Settings || d.pushed[name] == files[name] {
			continue
		}
		for _, f := range checkSource(d.linter, name, files[name]) {
			if f.Code != lint.CodeSyntax {
				d.remote.said("%s", f.String())
			}
		}
	}
}

// importFolder pushes files. When something of the folder is gone, it looks what
// the app would lose, and prunes if all of that was in the folder before.
func (d *developer) importFolder(ctx context.Context, files map[string]string) (client.Import, error) {
	body, names := client.Folder{Files: files}, folderNames(files)
	var own, foreign []string
	if slices.ContainsFunc(sortedKeys(d.known), func(name string) bool { return !names[name] }) {
		plan, err := d.client.ImportApp(ctx, d.app, body, client.ImportOptions{DryRun: true, Prune: true})
		if err != nil {
			return plan, err
		}
		own, foreign = d.losses(plan)
	}
	if len(own) > 0 && len(foreign) > 0 {
		d.remote.said("Still in the app: %s. It also has %s, which the folder never had; `pull` brings those, or `push --prune` deletes all.",
			strings.Join(own, ", "), strings.Join(foreign, ", "))
	}
	prune := len(own) > 0 && len(foreign) == 0
	done, err := d.client.ImportApp(ctx, d.app, body, client.ImportOptions{Prune: prune})
	if err != nil {
		return done, err
	}
	if prune {
		clear(d.known)
	}
	maps.Copy(d.known, names)
	return done, nil
}

// losses are the things that a plan deletes: those that were in the folder, and
// those that never were.
func (d *developer) losses(plan client.Import) (own, foreign []string) {
	for _, change := range plan.Changes {
		if change.Action != store.ImportDelete {
			continue
		}
		if name := change.Kind + " " + change.Name; d.known[name] {
			own = append(own, name)
		} else {
			foreign = append(foreign, name)
		}
	}
	return own, foreign
}

// folderNames are the things that files have, in the words of a plan.
func folderNames(files map[string]string) map[string]bool {
	read, _ := folder.Read(files) // what is wrong with them the instance says
	text := func(entry folder.Entry, field string) string {
		value, _ := entry.Fields[field].(string)
		return value
	}
	names := map[string]bool{}
	for _, script := range read.Scripts {
		names["script "+script.Name] = true
	}
	for _, entry := range read.Routes {
		names["route "+text(entry, "method")+" "+text(entry, "host")+text(entry, "path")] = true
	}
	for _, entry := range read.Triggers {
		names["trigger "+text(entry, "name")] = true
	}
	return names
}
