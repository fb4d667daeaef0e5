package cli

import (
	"errors"
	"fmt"
	"io"
	_ "time/tzdata" // a Pi may have no zone files

	"github.com/spf13/cobra"
)

// Exit codes (spec 7).
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Process is what a command sees of the world around it.
type Process struct {
	Version string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Run executes the command line in args (without the program's name) and
// returns the process's exit code: 0 done, 1 failed, 2 called wrongly.
func Run(args []string, process Process) int {
	root := rootCommand(process)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(process.Stderr, "picloud: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(process.Stderr, "Run 'picloud --help' to see the commands, or 'picloud COMMAND --help' for one of them.")
		return exitUsage
	}
	return exitFailed
}

func rootCommand(process Process) *cobra.Command {
	root := &cobra.Command{
		Use:           "picloud",
		Short:         "Answer your devices' webhooks with a few lines of Lua",
		Long:          "PiCloud turns one small computer into an edge runtime: devices call it, Lua scripts answer,\nand everything it keeps lives in one SQLite file.",
		Version:       process.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.SetVersionTemplate("picloud {{.Version}}\n")
	root.SetIn(process.Stdin)
	root.SetOut(process.Stdout)
	root.SetErr(process.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(&cobra.Group{ID: groupServer, Title: "Server:"}, &cobra.Group{ID: groupWork, Title: "Work:"})
	root.AddCommand(serveCommand(process), adminCommand(process), sdkCommand())
	root.AddCommand(backupCommand(process), restoreCommand(process), installCommand(process), uninstallCommand(process), doctorCommand(process))
	return root
}

// The help's headings (spec 7): commands that run the server, and those for
// whoever writes scripts.
const (
	groupServer = "server"
	groupWork   = "work"
)

func unknownCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("there is no command %q", args[0])}
	}
	return nil
}

// noArguments refuses positional arguments in the words of the other usage errors.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, but got %q", command.CommandPath(), args[0])}
	}
	return nil
}
