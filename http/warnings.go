package http

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CertificateState is when the certificate of the encrypted address ends, the
// zero time for none, and why a newer one is not in use, "" when it is.
type CertificateState struct {
	Ends    time.Time
	Failure string
}

// certificateSoon is how long before its end a certificate is warned of. The
// renewal of one that an authority gives is tried from 30 days before.
const certificateSoon = 14 * 24 * time.Hour

// warning is something that whoever runs the instance should look at.
type warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *Server) warnings(stats *instanceStats) []warning {
	warnings := []warning{}
	warn := func(is bool, code, format string, args ...any) {
		if is {
			warnings = append(warnings, warning{code, fmt.Sprintf(format, args...)})
		}
	}
	_, failed := s.config.Backups()
	warn(s.store.SafeMode(), "safe_mode", "safe mode: triggers are off, because the last starts have crashed; switch off the script or trigger that crashes PiCloud, then restart it")
	warn(failed != "", "backup_failed", "the last scheduled backup failed: %s", failed)
	warn(s.store.DiskFull(), "disk_full", "the disk is full, so nothing is stored; free some space")
	certificate, now := s.config.Certificate(), s.config.Now()
	ends := certificate.Ends.UTC().Format(time.DateOnly)
	expired := !certificate.Ends.IsZero() && now.After(certificate.Ends)
	warn(certificate.Failure != "", "certificate_failed", "the TLS certificate: %s", certificate.Failure)
	warn(expired, "certificate_expired", "the TLS certificate has expired on %s, so browsers and devices refuse it", ends)
	warn(!expired && !certificate.Ends.IsZero() && now.Add(certificateSoon).After(certificate.Ends), "certificate_expires", "the TLS certificate ends on %s; renew it", ends)
	warn(s.config.DevMode, "dev_mode", "dev mode is on: secrets are sealed with a key that everybody knows; unset PICLOUD_DEV_MODE before real ones are kept here")
	warn(stats.ActiveOwners > 1, "several_owners", "%d users are owners and may do everything; make those admins or members who need less", stats.ActiveOwners)
	warn(stats.Clock.Waits != "", "clock_doubtful", "cron triggers wait for a right clock: %s", stats.Clock.Waits)
	lifted := s.liftedApps()
	warn(len(lifted) > 0, "sandbox_lifted", "the sandbox is lifted for %s: pages there can act as any admin who visits them", strings.Join(lifted, ", "))
	return warnings
}

// liftedApps are the slugs of the apps whose pages share the admin page's
// origin; with a host of its own it shares it with none.
func (s *Server) liftedApps() (slugs []string) {
	if s.config.AdminHost != "" {
		return nil
	}
	for _, app := range s.store.Catalog().Apps {
		if app.SandboxLifted {
			slugs = append(slugs, app.Slug)
		}
	}
	slices.Sort(slugs)
	return slugs
}
