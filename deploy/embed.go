package deploy

import (
	"bytes"
	_ "embed" // the files below
	"fmt"
	"text/template"
)

//go:embed picloud.service
var unit string

//go:embed picloud.avahi
var avahi string

// Environment is the file of settings that an installation begins with.
//
//go:embed picloud.env
var Environment string

// Unit is what is filled into the files.
type Unit struct {
	Binary      string // path of the program
	Data        string // folder of the database: below /var/lib, which systemd makes
	Addr        string // where it listens, such as ":80"
	Port        string // of Addr
	Environment string // file of further settings
	Key         string // file of the key that seals secrets
	User        string
	MemoryMax   string // as in systemd.resource-control(5)
}

// Service returns the systemd unit.
func (u Unit) Service() (string, error) { return fill("picloud.service", unit, u) }

// Avahi returns the service file by which the home network finds the Pi.
func (u Unit) Avahi() (string, error) { return fill("picloud.avahi", avahi, u) }

func fill(name, text string, u Unit) (string, error) {
	var filled bytes.Buffer
	parsed, err := template.New(name).Option("missingkey=error").Parse(text)
	if err == nil {
		err = parsed.Execute(&filled, u)
	}
	if err != nil {
		return "", fmt.Errorf("filling in %s: %w", name, err)
	}
	return filled.String(), nil
}
