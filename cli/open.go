package cli

import (
	"fmt"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"
)

func (r *remote) openCommand() *cobra.Command {
	var onlyPrint bool
	command := &cobra.Command{
		Use: "open", GroupID: groupWork, Short: "Open the admin page, or print where it is", Args: noArguments,
		Long:    "Print where the admin page is and, at a terminal, open it in the browser.",
		Example: "  {{name}} open\n  {{name}} open --print",
		RunE: func(*cobra.Command, []string) error {
			stored, err := readCredentials(r.process)
			if err != nil {
				return err
			}
			location, err := r.location(stored)
			if err != nil {
				return err
			}
			page := location + "/admin/"
			if r.form == formJSON {
				err = printJSON(r.process.Stdout, map[string]string{"url": page})
			} else {
				_, err = fmt.Fprintln(r.process.Stdout, page)
			}
			if err != nil || onlyPrint || r.form != formTable {
				return err
			}
			if err := browser(page).Run(); err != nil {
				return fmt.Errorf("no browser could be started: %w", err)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&onlyPrint, "print", false, "only print the address")
	return r.named(command)
}

// browser is the system's command that opens a page.
func browser(page string) *exec.Cmd {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", page)
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", page)
	default:
		return exec.Command("xdg-open", page)
	}
}
