package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"time"

	"github.com/google/uuid"

	"picloud/runtime"
	"picloud/store"
)

// outcome is what became of one attempt. The zero value is success.
type outcome struct {
	failure   string     // why the attempt failed
	execution *uuid.UUID // the run's record
	// retry is how long to wait for the next attempt when the script has said
	// so; nil leaves it to the policy.
	retry *time.Duration
	// bury makes a dead letter of it at once; uncounted when there was no run.
	bury, uncounted bool
	// back gives the delivery back without counting an attempt, after a wait;
	// 0 does not.
	back time.Duration
}

// attempt runs a delivery's script once.
func (d *dispatcher) attempt(c *claim, slot int) (result outcome) {
	if c.burial != nil {
		return outcome{failure: c.burial.Reason, bury: true, uncounted: true}
	}
	catalog := d.store.Catalog()
	trigger := catalog.Triggers[c.Trigger]
	if c.Trigger != uuid.Nil && trigger == nil {
		return outcome{} // follow has dropped the others
	}
	script := catalog.Scripts[c.Script]
	if trigger != nil {
		script = catalog.Scripts[trigger.ScriptID]
	}
	switch {
	case script == nil && catalog.Apps[c.App] == nil:
		return outcome{}
	case script == nil:
		return outcome{failure: "the script was deleted", bury: true, uncounted: true}
	case c.Crashes >= store.MaxCrashes:
		return outcome{failure: fmt.Sprintf("it crashed the host: PiCloud ended %d times while it ran", c.Crashes), bury: true, uncounted: true}
	case c.event.Depth > store.MaxDepth:
		d.stopLoop(c, script)
		return outcome{}
	}
	invocation, err := d.invocation(c, trigger, script)
	if err != nil {
		return outcome{failure: "the stored event cannot be read: " + err.Error(), bury: true, uncounted: true}
	}
	return d.runMarked(c, slot, invocation)
}

// runMarked runs while the store knows that it does.
func (d *dispatcher) runMarked(c *claim, slot int, invocation *runtime.Invocation) outcome {
	d.mark(slot, c.ID)
	if c.Trigger != uuid.Nil {
		d.store.NoteFired(c.Trigger, false)
	}
	return outcomeOf(d.run(d.runs, invocation))
}

// mark notes what runs in a slot. Without the note a crash is not counted,
// which is no reason not to run.
func (d *dispatcher) mark(slot int, id uuid.UUID) {
	if err := d.store.MarkRunning(slot, id); err != nil {
		d.logger.Warn("a crash of this run would not be counted", slog.Any("error", err))
	}
}

// invocation is what the script of a delivery sees.
func (d *dispatcher) invocation(c *claim, trigger *store.Trigger, script *store.Script) (*runtime.Invocation, error) {
	event := c.event
	if event.Kind == store.KindRequest {
		return requestInvocation(event, script)
	}
	event.TriggerName = trigger.Name
	return &runtime.Invocation{
		Script: script, Kind: runtime.KindTrigger, RequestID: event.ID.String(), Background: true, Depth: event.Depth,
		Event: &runtime.Event{Event: *event, Attempt: c.Failures + c.Crashes + 1, MaxAttempts: policyOf(event, trigger).MaxAttempts},
	}, nil
}

func requestInvocation(event *store.Event, script *store.Script) (*runtime.Invocation, error) {
	stored, err := store.DecodeRequest(event)
	if err != nil {
		return nil, err
	}
	request := &runtime.Request{Method: stored.Method, Path: stored.Path, RawTarget: stored.RawTarget, Host: stored.Host, Scheme: stored.Scheme,
		RemoteIP: stored.RemoteIP, Header: nethttp.Header(stored.Headers), RawQuery: stored.Query, Rest: stored.Rest, Body: stored.Body}
	for _, param := range stored.Params {
		request.Params = append(request.Params, runtime.Param{Name: param[0], Value: param[1]})
	}
	return &runtime.Invocation{Script: script, Kind: runtime.KindHTTP, RequestID: stored.RequestID, Request: request,
		Background: true, Depth: event.Depth, Guarded: &runtime.Guarded{Notes: stored.Notes}}, nil
}

// policy is the claim's; its event may never have been read.
func (d *dispatcher) policy(c *claim) store.RetryPolicy {
	event := c.event
	if event == nil {
		event = &store.Event{}
	}
	return policyOf(event, d.store.Catalog().Triggers[c.Trigger])
}

// policyOf: a handler of dead letters is never tried again (spec 4).
func policyOf(event *store.Event, trigger *store.Trigger) store.RetryPolicy {
	switch {
	case event.Kind == string(store.TriggerDeadLetter):
		return store.RetryPolicy{MaxAttempts: 1, Backoff: store.BackoffConstant, BaseMS: 1, MaxMS: 1}
	case trigger == nil:
		return store.DefaultRetry()
	default:
		return trigger.Retry
	}
}

// outcomeOf judges a run: an error, a status of 500 or more, or what the script
// returned to steer its delivery (spec 4).
func outcomeOf(result *runtime.Result) outcome {
	id := &result.ExecutionID
	switch {
	case result.Err != nil && result.Err.Code == runtime.CodeBusy:
		return outcome{back: max(busyWait, result.Err.RetryAfter)}
	case result.Err != nil:
		return outcome{failure: result.Err.Error(), execution: id}
	case result.Steering.Fail != "":
		return outcome{failure: result.Steering.Fail, execution: id, bury: true}
	case result.Steering.RetryAfter != nil:
		return outcome{failure: "the script asked to be tried again", execution: id, retry: result.Steering.RetryAfter}
	case result.Status >= nethttp.StatusInternalServerError:
		return outcome{failure: fmt.Sprintf("the script answered with status %d", result.Status), execution: id}
	}
	return outcome{}
}

// stopLoop records an event that is not run because the chain that led to it is
// too long.
func (d *dispatcher) stopLoop(c *claim, script *store.Script) {
	d.store.NoteFired(c.Trigger, true)
	trigger := &c.Trigger
	if c.Trigger == uuid.Nil {
		trigger = nil
	}
	now := d.clock.Now()
	d.store.RecordExecution(&store.Execution{
		ID: d.store.NewExecutionID(now), AppID: c.App, ScriptID: script.ID, ScriptVersion: script.Version, RequestID: c.event.ID.String(),
		InvocationType: string(runtime.KindTrigger), TriggerID: trigger, Status: store.StatusRejected, StartedAt: store.TimeOf(now),
		Error: &store.ExecutionError{Code: runtime.CodeLoopStopped, Script: script.Name,
			Message: fmt.Sprintf("events caused each other %d times; this one was not run", store.MaxDepth)},
	})
}

// settle brings a claim's outcome into the store and the queue; false when the
// claim is not valid any more: then the outcome is dropped.
func (d *dispatcher) settle(c *claim, o outcome) bool {
	d.mutex.Lock()
	mine := d.queue.own(c)
	var next *again
	switch {
	case !mine:
		d.mutex.Unlock()
		d.logger.Warn("the outcome of a run that outlived its lease was dropped", "delivery_id", c.ID, "script_id", c.Script, "failure", o.failure)
		return false
	case o == (outcome{}):
		d.store.AcknowledgeDelivery(c.PendingDelivery)
	default:
		d.mutex.Unlock()
		next = d.write(c, o)
		d.mutex.Lock()
	}
	d.queue.finish(c, next, d.clock.Now())
	more := d.queue.waiting > 0
	d.mutex.Unlock()
	if next != nil {
		signal(d.poke)
	}
	if more {
		d.wake.Signal()
	}
	return true
}

// write brings the outcome of a run that did not succeed into the store and
// says whether the delivery is to run again.
func (d *dispatcher) write(c *claim, o outcome) *again {
	if o.back > 0 {
		return &again{wait: o.back, place: true}
	}
	// Not the runs' context: the outcome of a run that has ended is kept also
	// while the dispatcher stops.
	ctx := context.WithoutCancel(d.runs)
	failed := store.Attempt{At: store.TimeOf(d.clock.Now()), Error: o.failure, ExecutionID: o.execution}
	policy := d.policy(c)
	if o.bury || c.Failures+c.Crashes+1 >= policy.MaxAttempts {
		return d.bury(ctx, c, o, &failed)
	}
	c.item.Failures++
	wait := backoff(policy, c.item.Failures, d.random())
	if o.retry != nil {
		wait = *o.retry
	}
	switch err := d.store.RetryDelivery(ctx, c.ID, failed, wait); {
	case store.KindOf(err) == store.KindNotFound:
		d.store.AcknowledgeDelivery(c.PendingDelivery)
		return nil
	case err != nil:
		d.logger.Error("a failed attempt cannot be noted", "delivery_id", c.ID, "error", err)
	}
	return &again{wait: wait}
}

// bury makes a dead letter of a delivery. When that cannot be written it is
// tried again later, without another run.
func (d *dispatcher) bury(ctx context.Context, c *claim, o outcome, failed *store.Attempt) *again {
	burial := c.burial
	if burial == nil {
		burial = &store.Burial{Delivery: c.PendingDelivery, Reason: o.failure}
		if !o.uncounted {
			burial.Last = failed
		}
	}
	switch err := d.store.BuryDelivery(ctx, *burial); {
	case err == nil:
		return nil
	case store.KindOf(err) == store.KindNotFound:
		d.store.AcknowledgeDelivery(c.PendingDelivery)
		return nil
	default:
		d.logger.Error("a dead letter cannot be written", "delivery_id", c.ID, "error", err)
	}
	c.item.burial = burial
	return &again{wait: storeWait}
}
