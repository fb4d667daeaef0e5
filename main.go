// Command picloud is both the server and its command line.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"picloud/cli"
)

// version is the product's version; releases set it with -ldflags "-X main.version=1.2.3".
var version = "0.1.0-dev"

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.Process{
		Name:      strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"),
		Version:   version,
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Getenv:    os.Getenv,
		ConfigDir: os.UserConfigDir,
	}))
}
