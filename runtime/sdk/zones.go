package sdk

import (
	"strings"
	"sync"
	"time"

	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// zones keeps the time zones that scripts have asked for: loading one reads
// and decodes a file. Only names that exist are kept, and there are some 600.
type zones struct{ known sync.Map } // string to *time.Location

// zoneSteps prices loading a zone in instructions: about 50 µs.
const zoneSteps = 2000

func newZones() *zones { return &zones{} }

// find returns a zone by its IANA name, "UTC" or "Local", or raises.
func (z *zones) find(args luax.Args, name string) *time.Location {
	if zone, ok := z.known.Load(name); ok {
		return zone.(*time.Location)
	}
	meter.From(args.L).Step(args.L, zoneSteps)
	if !isZoneName(name) {
		args.L.RaiseError("%s: there is no time zone %q", args.Func, luax.Clip(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		args.L.RaiseError("%s: there is no time zone %q (use a name such as \"Europe/Vienna\")", args.Func, name)
	}
	z.known.Store(name, zone)
	return zone
}

// isZoneName refuses other spellings of a zone's path, of which there is no
// end, before they reach the file system.
func isZoneName(name string) bool {
	foreign := func(c rune) bool {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		return !letter && (c < '0' || c > '9') && !strings.ContainsRune("_+-/", c)
	}
	return name != "" && len(name) <= maxZoneName && !strings.ContainsFunc(name, foreign) &&
		!strings.Contains(name, "//") && !strings.HasSuffix(name, "/")
}
