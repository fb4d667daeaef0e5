package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"picloud/runtime"
	"picloud/runtime/manual"
	"picloud/runtime/sdk"
)

func (r *remote) sdkCommand() *cobra.Command {
	return verbs("sdk", groupWork, "What scripts can call", r.stubsCommand())
}

func (r *remote) stubsCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use:   "stubs [DIR]",
		Short: "Write the annotation file for the Lua language server",
		Long: "Write " + manual.StubsFile + " into a folder of scripts, the present one unless DIR names another, so that an editor\n" +
			"with the Lua language server completes and checks them. " + manual.SettingsFile + ", the server's settings, is written too when\n" +
			"there is none.",
		Example: "  {{name}} sdk stubs scripts/",
		Args:    takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			written, err := writeStubs(dir)
			return errors.Join(err, printList(r, written, column[string]{"file", func(file *string) string { return *file }}))
		},
	})
}

// writeStubs makes the folder if need be and returns the files it wrote.
func writeStubs(dir string) (written []string, err error) {
	var stubs bytes.Buffer
	if err := manual.WriteStubs(&stubs, runtime.Describe(sdk.Modules())); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, manual.StubsFile)
	if err := os.WriteFile(file, stubs.Bytes(), 0o644); err != nil {
		return nil, err
	}
	settings := filepath.Join(dir, manual.SettingsFile)
	switch err := writeNew(settings, manual.Settings); {
	case errors.Is(err, fs.ErrExist):
		return []string{file}, nil
	case err != nil:
		return []string{file}, err
	}
	return []string{file, settings}, nil
}

// writeNew writes a file that must not exist: whoever has settings keeps them.
func writeNew(file, content string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}
