package http

import "fmt"

// warning is something that whoever runs the instance should look at.
type warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// warnings are all that hold at this moment, the gravest first.
func (s *Server) warnings(owners int) []warning {
	list := []warning{}
	warn := func(holds bool, code, format string, arguments ...any) {
		if holds {
			list = append(list, warning{code, fmt.Sprintf(format, arguments...)})
		}
	}
	waits := s.clock().Waits
	_, failed := s.config.Backups()
	warn(s.store.SafeMode(), "safe_mode", "safe mode: triggers are off, because the last starts have crashed; switch off the script or trigger that crashes PiCloud, then restart it")
	warn(failed != "", "backup_failed", "the last scheduled backup failed: %s", failed)
	warn(waits != "", "clock_doubtful", "cron triggers wait for a right clock: %s", waits)
	warn(owners > 1, "several_owners", "%d users are owners and may do everything; make those admins or members who need less", owners)
	return list
}
