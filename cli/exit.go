package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"picloud/cli/client"
	"picloud/store"
)

// Exit codes (spec 7).
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotSignedIn = 3
	exitNotFound    = 4
)

// notSignedIn is a call for which there is no credential.
type notSignedIn struct{ url string }

func (e notSignedIn) Error() string { return "you are not signed in at " + e.url }

// notFound is something that an answer of the instance does not have.
type notFound struct{ error }

// exitCode is what a command that ended with err tells the shell.
func exitCode(err error) int {
	var usage usageError
	var stranger notSignedIn
	var missing notFound
	var answer *client.Error
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &stranger):
		return exitNotSignedIn
	case errors.As(err, &missing):
		return exitNotFound
	case errors.As(err, &answer) && answer.Status == http.StatusUnauthorized:
		return exitNotSignedIn
	case errors.As(err, &answer) && answer.Status == http.StatusNotFound:
		return exitNotFound
	}
	return exitFailed
}

// explain says on standard error what went wrong and, where there is one, the
// way on.
func explain(process Process, err error) {
	fmt.Fprintf(process.Stderr, "%s: %s\n", process.Name, plain(err.Error()))
	var answer *client.Error
	if errors.As(err, &answer) {
		for _, line := range details(answer) {
			fmt.Fprintf(process.Stderr, "  %s\n", plain(line))
		}
	}
	var down *client.Unreachable
	if errors.As(err, &down) {
		fmt.Fprintln(process.Stderr, "Is the server running there? --url or PICLOUD_URL says where it is.")
		return
	}
	switch exitCode(err) {
	case exitUsage:
		fmt.Fprintf(process.Stderr, "Run '%s --help' to see the commands, or '%s COMMAND --help' for one of them.\n", process.Name, process.Name)
	case exitNotSignedIn:
		if answer == nil || answer.Code == "unauthorized" {
			fmt.Fprintf(process.Stderr, "Run '%s login', or set PICLOUD_TOKEN to an API key.\n", process.Name)
		}
	}
}

// details are the lines of an API error that say more than its message.
func details(answer *client.Error) []string {
	var known struct {
		Errors           []client.FolderProblem
		Dependents       []store.Dependent
		ConflictingRoute *store.Route `json:"conflicting_route"`
		Line, Column     int
	}
	if json.Unmarshal(answer.Details, &known) != nil {
		return nil
	}
	var lines []string
	for _, e := range known.Errors {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s (%s)", e.File, e.Line, e.Column, e.Message, e.Code))
	}
	for _, d := range known.Dependents {
		lines = append(lines, d.Type+" "+d.Name)
	}
	if r := known.ConflictingRoute; r != nil {
		lines = append(lines, "route "+routeName(r))
	}
	if known.Line > 0 {
		lines = append(lines, fmt.Sprintf("at line %d, column %d", known.Line, known.Column))
	}
	return lines
}

// passing reports whether a failure may be over in a while: the instance cannot
// be reached, is stopping or has too much to do.
func passing(err error) bool {
	var down *client.Unreachable
	var answer *client.Error
	return errors.As(err, &down) || errors.As(err, &answer) && (answer.Status == http.StatusServiceUnavailable || answer.Status == http.StatusTooManyRequests)
}
