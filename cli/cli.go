package cli

import (
	"errors"
	"fmt"
	"io"
	_ "time/tzdata" // a Pi may have no zone files

	"github.com/spf13/cobra"
)

// Process is what a command sees of the world around it.
type Process struct {
	Name    string // as it was called: picloud, or pic
	Version string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
	// ConfigDir is the user's folder for settings, as os.UserConfigDir says.
	ConfigDir func() (string, error)
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Run executes the command line in args (without the program's name) and
// returns the process's exit code, one of those of spec 7.
func Run(args []string, process Process) int {
	if process.Name != "pic" {
		process.Name = "picloud"
	}
	root := rootCommand(process)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitDone
	}
	explain(process, err)
	return exitCode(err)
}

func rootCommand(process Process) *cobra.Command {
	remote := &remote{process: process}
	root := &cobra.Command{
		Use:   process.Name,
		Short: "Answer your devices' webhooks with a few lines of Lua",
		Long: "PiCloud turns one small computer into an edge runtime: devices call it, Lua scripts answer,\n" +
			"and everything it keeps lives in one SQLite file.",
		Version:           process.Version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              unknownCommand,
		RunE:              showHelp,
		PersistentPreRunE: func(*cobra.Command, []string) error { return remote.check() },
	}
	root.SetVersionTemplate("picloud {{.Version}}\n")
	root.SetIn(process.Stdin)
	root.SetOut(process.Stdout)
	root.SetErr(process.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddGroup(&cobra.Group{ID: groupServer, Title: "Server:"}, &cobra.Group{ID: groupWork, Title: "Work:"}, &cobra.Group{ID: groupAccess, Title: "Access:"})
	root.SetCompletionCommandGroupID(groupAccess)
	root.SetHelpCommandGroupID(groupAccess)
	remote.addFlags(root)
	root.AddCommand(serveCommand(process), adminCommand(process))
	root.AddCommand(backupCommand(process), restoreCommand(process), installCommand(process), uninstallCommand(process), doctorCommand(process))
	root.AddCommand(remote.workCommands()...)
	root.AddCommand(remote.accessCommands()...)
	refuseUnknownWords(root)
	return root
}

// refuseUnknownWords holds the library's own commands, which print their help
// for any word, to the exit code of the others.
func refuseUnknownWords(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "completion":
			command.Args, command.RunE = unknownCommand, showHelp
			for _, shell := range command.Commands() {
				shell.Args = noArguments
			}
		case "help":
			command.Args = func(_ *cobra.Command, words []string) error {
				found, left, err := root.Find(words)
				if err != nil {
					return usageError{err}
				}
				return unknownCommand(found, left)
			}
		}
	}
}

// The help's headings (spec 7): commands that run the server, those for
// whoever writes scripts, and those that say who may do so.
const (
	groupServer = "server"
	groupWork   = "work"
	groupAccess = "access"
)

func showHelp(command *cobra.Command, _ []string) error { return command.Help() }

func unknownCommand(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	failure := fmt.Sprintf("there is no command %q", args[0])
	command.SuggestionsMinimumDistance = 2 // letters that may differ
	for i, name := range command.SuggestionsFor(args[0]) {
		failure += map[bool]string{true: "; did you mean ", false: " or "}[i == 0] + name
	}
	return usageError{errors.New(failure)}
}

// noArguments refuses positional arguments in the words of the other usage errors.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, but got %q", command.CommandPath(), args[0])}
	}
	return nil
}
