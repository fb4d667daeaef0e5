package cli

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

const manualFile = "../docs/cli.md"

// docs/cli.md is the help of the commands that call an instance; it is made,
// never written.
func TestManualIsTheHelp(t *testing.T) {
	t.Parallel()
	root := rootCommand(Process{Name: "picloud", Getenv: func(string) string { return "" }})
	var text strings.Builder
	text.WriteString("# The command line\n\nThis page is the help of the commands for work and access, made by `go test ./cli -run Manual -update`.\n" +
		"Called by the name `pic` the program is the same. Exit codes: 0 done, 1 failed, 2 called wrongly, 3 not signed in, 4 not found.\n\n## For every command\n")
	writeFlags(&text, root.PersistentFlags())
	for _, group := range root.Groups() {
		if group.ID == groupServer {
			continue // on the box, where --help is at hand
		}
		fmt.Fprintf(&text, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, command := range root.Commands() {
			if command.GroupID == group.ID && command.Name() != "help" && command.Name() != "completion" {
				writeManual(&text, command)
			}
		}
	}
	if *update {
		if err := os.WriteFile(manualFile, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(manualFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), text.String()); diff != "" {
		t.Errorf("docs/cli.md is stale; run go test ./cli -run Manual -update (- page, + help):\n%s", diff)
	}
}

// What help shows as an example is called rightly: it fails, if at all, because
// there is no server and no file.
func TestExamplesAreCalledRightly(t *testing.T) {
	t.Chdir(t.TempDir()) // some would write files
	var visit func(command *cobra.Command)
	visit = func(command *cobra.Command) {
		for line := range strings.Lines(command.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " < ")
			words := shellWords(line)
			if len(words) == 0 || words[0] != "picloud" || onTheBox(command) || command.Name() == "login" { // which asks the network for a name
				continue
			}
			var problems bytes.Buffer
			code := Run(words[1:], Process{Stdin: strings.NewReader("x\n"), Stdout: io.Discard, Stderr: &problems, ConfigDir: func() (string, error) { return t.TempDir(), nil },
				Getenv: func(name string) string {
					return map[string]string{"PICLOUD_URL": "http://127.0.0.1:1", "PICLOUD_TOKEN": "pis_x"}[name]
				}})
			if code == exitUsage {
				t.Errorf("%s: %s", line, &problems)
			}
		}
		for _, below := range command.Commands() {
			visit(below)
		}
	}
	visit(rootCommand(Process{Name: "picloud", Getenv: func(string) string { return "" }}))
}

// onTheBox is for commands of the heading Server, which do without an instance
// to call.
func onTheBox(command *cobra.Command) bool {
	for command.Parent() != nil && command.Parent().Parent() != nil {
		command = command.Parent()
	}
	return command.GroupID == groupServer || command.GroupID == ""
}

// shellWords splits a line as a shell does, with single and double quotes.
func shellWords(line string) (words []string) {
	for _, match := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, match[1]+match[2]+match[3])
	}
	return words
}

func writeManual(text *strings.Builder, command *cobra.Command) {
	fmt.Fprintf(text, "\n### %s\n\n", command.CommandPath())
	about := command.Long
	if about == "" {
		about = command.Short + "."
	}
	text.WriteString(about + "\n")
	if !command.HasSubCommands() || strings.Contains(command.Use, " ") {
		fmt.Fprintf(text, "\n```text\n%s\n```\n", strings.TrimSuffix(command.UseLine(), " [flags]"))
	}
	if command.Example != "" {
		fmt.Fprintf(text, "\n```sh\n%s\n```\n", strings.ReplaceAll(command.Example, "\n  ", "\n")[2:])
	}
	writeFlags(text, command.NonInheritedFlags())
	for _, below := range command.Commands() {
		writeManual(text, below)
	}
}

func writeFlags(text *strings.Builder, flags *pflag.FlagSet) {
	first := true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" {
			return
		}
		if first {
			text.WriteString("\n| flag | |\n| --- | --- |\n")
			first = false
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		fmt.Fprintf(text, "| %s | %s |\n", name, strings.ReplaceAll(f.Usage, "|", `\|`))
	})
}

// Every command that does something says how it is used.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	var visit func(command *cobra.Command)
	visit = func(command *cobra.Command) {
		if command.Short == "" || strings.HasSuffix(command.Short, ".") {
			t.Errorf("%s has the short help %q", command.CommandPath(), command.Short)
		}
		if strings.Contains(command.Use, " ") && command.Example == "" && command.Name() != "help" && !onTheBox(command) {
			t.Errorf("%s has no example", command.CommandPath())
		}
		if strings.Contains(command.Example, "{{") {
			t.Errorf("%s has an example with a hole: %s", command.CommandPath(), command.Example)
		}
		for _, below := range command.Commands() {
			visit(below)
		}
	}
	visit(rootCommand(Process{Name: "picloud", Getenv: func(string) string { return "" }}))
}
