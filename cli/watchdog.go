package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watchdog tells systemd how the service does (sd_notify(3)). Without systemd,
// or without a watchdog in its unit, it does nothing.
type watchdog struct {
	logger *slog.Logger
	checks []func(context.Context) error
	stop   chan struct{}
	ended  chan struct{}
}

// tell sends a state; outside of systemd nobody listens, which is no error.
func (w *watchdog) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		w.logger.Warn("systemd cannot be told", "state", state, "error", err)
	}
}

// startWatchdog says that the service is ready, and from then on feeds the
// unit's watchdog for as long as every check passes.
func startWatchdog(logger *slog.Logger, checks ...func(context.Context) error) *watchdog {
	w := &watchdog{logger: logger, checks: checks, stop: make(chan struct{}), ended: make(chan struct{})}
	w.tell(daemon.SdNotifyReady)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		logger.Warn("the unit's watchdog cannot be fed", "error", err)
	}
	go w.run(every)
	return w
}

// run feeds twice in each period, so that one late turn does not end the service.
func (w *watchdog) run(period time.Duration) {
	defer close(w.ended)
	if period <= 0 {
		<-w.stop
		return
	}
	ticker := time.NewTicker(period / 2)
	defer ticker.Stop()
	for {
		w.feed(period / 4)
		select {
		case <-ticker.C:
		case <-w.stop:
			return
		}
	}
}

// feed withholds the food from a service of which a part does not answer.
func (w *watchdog) feed(within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var failures []error
	for _, check := range w.checks {
		failures = append(failures, check(ctx))
	}
	if err := errors.Join(failures...); err != nil {
		w.logger.Error("the watchdog is not fed", "error", err)
		return
	}
	w.tell(daemon.SdNotifyWatchdog)
}

// close says that the service stops, and ends the feeding.
func (w *watchdog) close() {
	w.tell(daemon.SdNotifyStopping)
	close(w.stop)
	<-w.ended
}
