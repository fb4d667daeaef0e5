package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func uninstallCommand(process Process) *cobra.Command {
	i := installation{process: process}
	command := &cobra.Command{
		Use:     "uninstall",
		GroupID: groupServer,
		Short:   "Remove the service; data, settings and key stay",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return i.uninstall() },
	}
	i.flags(command)
	return command
}

func (i *installation) uninstall() error {
	if err := i.mayChange(); err != nil {
		return err
	}
	steps := []func() error{}
	if _, err := os.Lstat(i.at(installedUnit)); err == nil {
		steps = append(steps, func() error { return i.run("systemctl", "disable", "--now", serviceName) })
	}
	for _, path := range []string{installedUnit, installedAvahi, installedLink, installedBinary} {
		steps = append(steps, func() error { return i.remove(path) })
	}
	return i.do(append(steps, func() error { return i.run("systemctl", "daemon-reload") }, i.sayUninstalled)...)
}

// sayUninstalled names what stays, of what there was.
func (i *installation) sayUninstalled() error {
	var there []string
	for _, path := range []string{serviceData, serviceSettings} {
		if _, err := os.Stat(i.at(path)); err == nil {
			there = append(there, i.at(path))
		}
	}
	if len(there) == 0 {
		i.say("\nNo data and no settings of PiCloud are here.")
		return nil
	}
	i.say("\nStill there, with everything in it: %s; and the user %s.", strings.Join(there, " and "), serviceUser)
	return nil
}

// remove deletes a file of the installation; a link only if it is ours.
func (i *installation) remove(path string) error {
	if _, err := os.Lstat(i.at(path)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if target, err := os.Readlink(i.at(path)); err == nil && target != installedBinary {
		return nil
	}
	i.say("remove %s", i.at(path))
	if i.dryRun {
		return nil
	}
	return os.Remove(i.at(path))
}
