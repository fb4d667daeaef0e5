package egress

import (
	"sync"
	"time"
)

// mailRate counts what each app has sent, or tried to, within the last hour
// (findings: G14). It lives in memory: a restart begins anew, and no script can
// bring one about for long, since what ends the process is switched off.
type mailRate struct {
	perHour int
	now     func() time.Time

	mutex sync.Mutex
	sent  map[string][]time.Time // by app, oldest first
}

func newMailRate(perHour int, now func() time.Time) *mailRate {
	return &mailRate{perHour: perHour, now: now, sent: make(map[string][]time.Time)}
}

// take reports whether the app may send one more, and counts it.
func (r *mailRate) take(app string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now := r.now()
	for each, times := range r.sent {
		r.sent[each] = within(times, now)
		if len(r.sent[each]) == 0 {
			delete(r.sent, each)
		}
	}
	if len(r.sent[app]) >= r.perHour {
		return false
	}
	r.sent[app] = append(r.sent[app], now)
	return true
}

// within drops what is over an hour old. A clock that was set back counts
// nothing twice and keeps what lies in its future for an hour at most.
func within(times []time.Time, now time.Time) []time.Time {
	kept := times[:0]
	for _, at := range times {
		if age := now.Sub(at); age < time.Hour && age > -time.Hour {
			kept = append(kept, at)
		}
	}
	return kept
}
