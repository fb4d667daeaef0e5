package cli

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// keepSettings takes from the unit that is installed what is not said anew: an
// update must not move a service to another port.
func (i *installation) keepSettings() {
	for _, kept := range []struct {
		value           *string
		start, fallback string
	}{{&i.unit.Addr, "Environment=PICLOUD_ADDR=", ":80"}, {&i.unit.MemoryMax, "MemoryMax=", "60%"}} {
		if *kept.value == "" {
			*kept.value = fromUnit(i.root, kept.start)
		}
		if *kept.value == "" {
			*kept.value = kept.fallback
		}
	}
}

// memoryMax is the form of MemoryMax in systemd.resource-control(5).
var memoryMax = regexp.MustCompile(`^(infinity|[0-9]+[KMGT]?|(100|[1-9]?[0-9])%)$`)

// checkUnit refuses what systemd or the server would refuse, or take for
// something else, only after the installation.
func (i *installation) checkUnit() error {
	host, port, err := net.SplitHostPort(i.unit.Addr)
	number, wrong := strconv.ParseUint(port, 10, 16)
	if err != nil || wrong != nil || number == 0 || strings.ContainsFunc(host, unicode.IsSpace) {
		return fmt.Errorf("--addr is %q, but must be HOST:PORT or :PORT, such as :80", i.unit.Addr)
	}
	if !memoryMax.MatchString(i.unit.MemoryMax) {
		return fmt.Errorf("--memory-max is %q, but must be bytes, such as 300M, or a share of the memory, such as 60%%", i.unit.MemoryMax)
	}
	i.unit.Port = port
	return nil
}

// portInForce is where the server will listen: the file of settings wins over
// the unit, which is said.
func (i *installation) portInForce() string {
	addr := settingsFile(i.root)["PICLOUD_ADDR"]
	_, port, err := net.SplitHostPort(addr)
	if err != nil || addr == i.unit.Addr {
		return i.unit.Port
	}
	i.say("note   PICLOUD_ADDR=%s in %s wins over %s", addr, i.at(i.unit.Environment), i.unit.Addr)
	return port
}
