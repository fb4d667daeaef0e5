package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// answerWithin is how long the server may take to answer the doctor, and
// certificateSoon how long before its end a certificate is doubtful.
const (
	answerWithin    = 5 * time.Second
	certificateSoon = 14 * 24 * time.Hour
)

// examineServer asks who answers where the server should listen.
func examineServer(ctx context.Context, addr string) examination {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return bad(err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port)
	_, body, err := fetchText(ctx, url+"/version")
	if errors.Is(err, syscall.ECONNREFUSED) {
		return doubt("none runs at " + addr + "; 'journalctl -u picloud' or the terminal says why it has ended")
	}
	if err != nil {
		return bad(fmt.Errorf("what listens at %s does not answer: %w", addr, err))
	}
	var version struct{ Product string }
	if json.Unmarshal([]byte(body), &version) != nil || version.Product == "" {
		return bad(fmt.Errorf("another program than PiCloud listens at %s; stop that, or choose another port (PICLOUD_ADDR)", addr))
	}
	status, body, err := fetchText(ctx, url+"/readyz")
	if err != nil {
		return bad(fmt.Errorf("%s does not say how it is: %w", addr, err))
	}
	if status != nethttp.StatusOK {
		return bad(fmt.Errorf("PiCloud %s at %s is not ready: %s", version.Product, addr, strings.TrimSpace(body)))
	}
	return well("PiCloud " + version.Product + " is ready at " + addr)
}

func fetchText(ctx context.Context, url string) (status int, text string, err error) {
	request, err := nethttp.NewRequestWithContext(ctx, nethttp.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	direct := nethttp.Client{Transport: &nethttp.Transport{DisableKeepAlives: true}} // past any proxy
	response, err := direct.Do(request)
	if err != nil {
		return 0, "", err
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	return response.StatusCode, string(content), errors.Join(err, response.Body.Close())
}

// examineCertificate looks at the files of a certificate.
func examineCertificate(s *tlsSettings, now time.Time) examination {
	switch {
	case len(s.Names) > 0:
		return well("fetched when somebody asks for " + strings.Join(s.Names, ", "))
	case s.Cert == "":
		return well("none is set up (PICLOUD_TLS_CERT, PICLOUD_TLS_ACME)")
	}
	files := s.files(newLogger("text", io.Discard))
	if err := files.load(); err != nil {
		return bad(fmt.Errorf("the certificate cannot be used (PICLOUD_TLS_CERT, PICLOUD_TLS_KEY): %w", err))
	}
	ends := files.current.Leaf.NotAfter
	text := s.Cert + " ends on " + ends.UTC().Format(time.DateOnly)
	switch {
	case now.After(ends):
		return bad(errors.New(text + ": it has expired, so browsers and devices refuse it"))
	case now.Add(certificateSoon).After(ends):
		return doubt(text + "; renew it")
	default:
		return well(text)
	}
}

// Bits of the firmware's answer to get_throttled: under-voltage now, and since
// the machine's start (raspberrypi.com/documentation, "vcgencmd").
const (
	lowVoltageNow  = 1 << 0
	lowVoltageOnce = 1 << 16
)

// examinePower reads what a Pi's firmware says about its power supply; other
// machines say nothing.
func examinePower(root string) examination {
	found, err := filepath.Glob(filepath.Join(root, "sys/devices/platform/soc*/*firmware/get_throttled"))
	if err != nil || len(found) == 0 {
		return well("this machine does not say how its power is")
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		return doubt("the firmware does not say how the power is: " + err.Error())
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(string(content)), "0x"), 16, 32)
	const advice = "; use a stronger power supply and a short cable, or cards and drives lose data"
	switch {
	case err != nil:
		return doubt("the firmware's word about the power is not understood: " + err.Error())
	case bits&lowVoltageNow != 0:
		return bad(errors.New("the voltage is too low" + advice))
	case bits&lowVoltageOnce != 0:
		return doubt("the voltage was too low since the machine's start" + advice)
	default:
		return well("the voltage has been right since the machine's start")
	}
}

// examineCard asks the kernel how the file system of a folder is.
func examineCard(root, dir string) examination {
	var file syscall.Stat_t
	var system syscall.Statfs_t
	if err := errors.Join(syscall.Stat(dir, &file), syscall.Statfs(dir, &system)); err != nil {
		return bad(fmt.Errorf("%s cannot be looked at: %w", dir, err))
	}
	const readOnly = 1 // ST_RDONLY of statvfs(3)
	if system.Flags&readOnly != 0 {
		return bad(fmt.Errorf("the file system of %s is mounted read-only, as a card is that fails: back up what is there, see dmesg, and replace it", dir))
	}
	errorsCounted := deviceErrors(root, uint64(file.Dev))
	if errorsCounted > 0 {
		return bad(fmt.Errorf("the file system of %s has met %d errors since it was last checked: back up now, run fsck, and think about a new card", dir, errorsCounted))
	}
	return well("the kernel knows of no errors of the file system of " + dir)
}

// deviceErrors is how many errors the kernel has counted on a device's ext4 file
// system since fsck; 0 where it counts none.
func deviceErrors(root string, device uint64) int64 {
	major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00 // makedev(3)
	name, err := os.Readlink(filepath.Join(root, "sys/dev/block", fmt.Sprintf("%d:%d", major, minor)))
	if err != nil {
		return 0
	}
	content, err := os.ReadFile(filepath.Join(root, "sys/fs/ext4", filepath.Base(name), "errors_count"))
	if err != nil {
		return 0
	}
	count, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0
	}
	return count
}

// examineMemory sees whether the kernel holds the service to its MemoryMax, which
// Raspberry Pi OS switches off.
func examineMemory(root string) examination {
	if _, err := os.Stat(filepath.Join(root, installedUnit)); err != nil {
		return well("no service is installed that has a limit")
	}
	content, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup/cgroup.controllers"))
	if err != nil || !slices.Contains(strings.Fields(string(content)), "memory") {
		return doubt("the kernel does not hold the service to its MemoryMax; add cgroup_enable=memory to /boot/firmware/cmdline.txt and restart the machine (until then PiCloud collects garbage harder from half of the machine's memory on)")
	}
	return well("the kernel holds the service to its MemoryMax")
}
