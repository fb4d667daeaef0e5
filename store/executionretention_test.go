package store

import (
	"testing"
	"time"
)

func TestRetentionByRows(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	config.LogRetentionRows = 100
	s := openTest(t, config)
	_, _, empty := logPages(t, s)
	busy, slow := s.newID(), s.newID()
	for i := range 20 * flushRows {
		script := busy
		if i%flushRows == 0 {
			script = slow
		}
		s.RecordExecution(testExecution(s, script))
		if i%flushRows == flushRows-1 {
			noError(t, s.FlushExecutions(t.Context()))
		}
	}
	_, _, before := logPages(t, s)
	noError(t, s.RunRetention(t.Context()))
	rows, batches, after := logPages(t, s)
	if rows != 100+20 || batches != 20 {
		t.Errorf("%d rows in %d batches, want 120 in 20", rows, batches)
	}
	if (after-empty)*8 > before-empty {
		t.Errorf("%d pages of %d are still in use: the slow script's batches keep the busy one's space", after-empty, before-empty)
	}
	page := must[Page[Execution]](t)(s.Executions(t.Context(), ExecutionFilter{Script: slow}, PageRequest{Limit: 200}))
	if len(page.Items) != 20 || page.Items[0].Request == nil {
		t.Errorf("the slow script has %d records, want its 20 whole ones", len(page.Items))
	}
}

func TestTickTrimsOverSlack(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	config.LogRetentionRows = 100
	s := openTest(t, config)
	script := s.newID()
	for range 20 {
		for range 100 {
			s.RecordExecution(testExecution(s, script))
		}
		for range logTicks {
			noError(t, s.housekeeper.tick(t.Context()))
		}
	}
	if rows, _, _ := logPages(t, s); rows > 100+64 {
		t.Errorf("%d rows after the ticks, want at most 164", rows)
	}
}

func TestRetentionByAge(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now, config.LogRetentionDays = clock.now, 2
	s := openTest(t, config)
	script := s.newID()
	for range 2500 {
		s.RecordExecution(testExecution(s, script))
	}
	clock.step(49 * time.Hour)
	s.RecordExecution(testExecution(s, script))
	noError(t, s.FlushExecutions(t.Context()))
	groups := s.WriterStats().Groups
	s.log.retention.rows = 1 << 30 // age alone
	noError(t, s.RunRetention(t.Context()))
	if rows, batches, _ := logPages(t, s); rows != 1 || batches != 1 {
		t.Errorf("%d rows in %d batches, want 1 in 1", rows, batches)
	}
	if steps := s.WriterStats().Groups - groups; steps != 3 {
		t.Errorf("trimmed in %d steps, want 3 of at most %d rows", steps, trimRows)
	}
}
