package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"picloud/deploy"
	"picloud/store"
)

// Where an installation lies.
const (
	installedBinary = "/usr/local/bin/picloud"
	installedLink   = "/usr/local/bin/pic"
	installedUnit   = "/etc/systemd/system/picloud.service"
	installedAvahi  = "/etc/avahi/services/picloud.service"
	serviceName     = "picloud.service"
	serviceUser     = "picloud"
	serviceData     = "/var/lib/picloud"
	serviceSettings = "/etc/picloud"
)

// installation is what install and uninstall do, to this machine or, with a
// root, to an image of one.
type installation struct {
	process Process
	root    string
	dryRun  bool
	unit    deploy.Unit
	binary  string // of this program, to be copied
}

func installCommand(process Process) *cobra.Command {
	i := installation{process: process, unit: deploy.Unit{
		Binary: installedBinary, Data: serviceData, Environment: serviceSettings + "/picloud.env", Key: serviceSettings + "/picloud.key", User: serviceUser}}
	command := &cobra.Command{
		Use:     "install",
		GroupID: groupServer,
		Short:   "Make PiCloud a service of this machine",
		Long: "Copy this program to " + installedBinary + " and make it a service of systemd, with its own user, its data in\n" +
			serviceData + " and its settings in " + serviceSettings + "/picloud.env, and start it. Do it again with a newer program to\n" +
			"update: data, settings and key stay as they are.",
		Example: "  sudo ./picloud install",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			i.keepSettings()
			if err := i.checkUnit(); err != nil {
				return usageError{err}
			}
			return i.install()
		},
	}
	i.flags(command)
	command.Flags().StringVar(&i.unit.Addr, "addr", "", "address and port to listen on (those of the installation that is there, else :80)")
	command.Flags().StringVar(&i.unit.MemoryMax, "memory-max", "", "memory that the service may use, as systemd's MemoryMax (that of the installation that is there, else 60%)")
	return command
}

func (i *installation) flags(command *cobra.Command) {
	command.Flags().BoolVar(&i.dryRun, "dry-run", false, "print what would be done, and do nothing")
	command.Flags().StringVar(&i.root, "root", "", "prepare the image of another machine that is mounted there; nothing is started")
}

func (i *installation) install() (err error) {
	if err := i.mayChange(); err != nil {
		return err
	}
	if i.binary, err = os.Executable(); err != nil {
		return err
	}
	service, err := i.unit.Service()
	if err != nil {
		return err
	}
	announced := i.unit
	announced.Port = i.portInForce()
	announcement, err := announced.Avahi()
	if err != nil {
		return err
	}
	key, err := i.key()
	if err != nil {
		return err
	}
	return i.do(
		i.makeUser,
		func() error { return i.copyBinary() },
		func() error { return i.link(installedLink, installedBinary) },
		func() error { return i.writeNew(i.unit.Environment, deploy.Environment, 0o600) },
		func() error { return i.writeNew(i.unit.Key, key, 0o600) },
		func() error { return i.write(installedUnit, service, 0o644) },
		func() error { return i.announce(announcement) },
		func() error { return i.run("systemctl", "daemon-reload") },
		func() error { return i.run("systemctl", "enable", serviceName) },
		func() error { return i.run("systemctl", "restart", serviceName) },
		i.sayInstalled,
	)
}

func (i *installation) do(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mayChange refuses early what would fail in the middle.
func (i *installation) mayChange() error {
	if i.dryRun || i.root != "" {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("only root may do this: run it with sudo, or look at it with --dry-run")
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return errors.New("this machine does not run systemd; start 'picloud serve' with what it has instead")
	}
	return nil
}

func (i *installation) at(path string) string { return filepath.Join(i.root, path) }

// say prints a step; all of them with --dry-run.
func (i *installation) say(format string, arguments ...any) {
	fmt.Fprintf(i.process.Stdout, format+"\n", arguments...)
}

// key is that of a data folder which has one already, or a new one.
func (i *installation) key() (string, error) {
	content, err := os.ReadFile(i.at(filepath.Join(serviceData, store.KeyName)))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(content), err
	}
	if i.dryRun {
		return "(32 random bytes, in base64)\n", nil
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(raw) + "\n", nil
}

func (i *installation) makeUser() error {
	if i.root != "" {
		return i.write("/usr/lib/sysusers.d/picloud.conf", "u "+serviceUser+" - \"PiCloud\" "+serviceData+"\n", 0o644)
	}
	if exec.Command("id", "--user", serviceUser).Run() == nil {
		return nil
	}
	return i.run("useradd", "--system", "--user-group", "--home-dir", serviceData, "--no-create-home", "--shell", "/usr/sbin/nologin", serviceUser)
}

// run executes a command of the machine itself.
func (i *installation) run(name string, arguments ...string) error {
	line := strings.Join(append([]string{name}, arguments...), " ")
	if i.root != "" {
		return nil
	}
	i.say("run    %s", line)
	if i.dryRun {
		return nil
	}
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}

// write makes a file anew, whole or not at all.
func (i *installation) write(path, content string, mode fs.FileMode) error {
	i.say("write  %s (mode %o)", i.at(path), mode)
	if i.dryRun {
		i.say("%s", indented(content))
		return nil
	}
	return i.replace(path, strings.NewReader(content), mode)
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}

func (i *installation) replace(path string, content io.Reader, mode fs.FileMode) (err error) {
	path = i.at(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err == nil {
		err = errors.Join(file.Chmod(mode), file.Sync())
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return os.Rename(path+".new", path)
}

// writeNew leaves a file that exists as it is.
func (i *installation) writeNew(path, content string, mode fs.FileMode) error {
	if _, err := os.Lstat(i.at(path)); err == nil {
		i.say("keep   %s", i.at(path))
		return nil
	}
	return i.write(path, content, mode)
}

// copyBinary replaces the program by name, so that one that runs stays whole.
func (i *installation) copyBinary() error {
	there, err := os.Stat(i.at(installedBinary))
	if own, unread := os.Stat(i.binary); err == nil && unread == nil && os.SameFile(there, own) {
		return nil
	}
	i.say("copy   %s to %s", i.binary, i.at(installedBinary))
	if i.dryRun {
		return nil
	}
	program, err := os.Open(i.binary)
	if err != nil {
		return err
	}
	defer program.Close()
	return i.replace(installedBinary, program, 0o755)
}

func (i *installation) link(name, target string) error {
	if _, err := os.Lstat(i.at(name)); err == nil {
		return nil // another program's, or from last time
	}
	i.say("link   %s to %s", i.at(name), target)
	if i.dryRun {
		return nil
	}
	return os.Symlink(target, i.at(name))
}

// announce tells Avahi, where it is installed.
func (i *installation) announce(content string) error {
	if _, err := os.Stat(filepath.Dir(i.at(installedAvahi))); err != nil {
		return nil
	}
	return i.write(installedAvahi, content, 0o644)
}

func (i *installation) sayInstalled() error {
	switch {
	case i.dryRun:
		return nil
	case i.root != "":
		i.say("\nThe image in %s is ready but for the service, which \"systemctl enable %s\" switches on when it runs.", i.root, serviceName)
		return nil
	}
	i.say("\nPiCloud runs and starts with the machine. The one-time link that makes it yours is in its journal:\n\n"+
		"  journalctl -u picloud | grep setup\n\nKeep a copy of %s, apart from your backups.", i.at(i.unit.Key))
	return nil
}
