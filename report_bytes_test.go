package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"

	"picloud/store"
)

// TestReportedBytes holds the bytes that the instance says it has written
// against those that the kernel counts on a block device of its own, for durable
// values from several writers, relaxed ones, documents, records and checkpoints.
func TestReportedBytes(t *testing.T) {
	if _, err := exec.LookPath("mkfs.ext4"); err != nil || os.Geteuid() != 0 {
		t.Skip("bytes on a device are counted as root with ext4's tools")
	}
	d := newDevice(t)
	b := newBenchAt(t, d.dir)
	script := b.script("write", writeScript, store.Limits{})
	growWAL(t, d.dir)
	writeMixture(t, b, script, 0)
	b.flush()
	before, said := d.counts(), totalWritten(b.store)
	for round := range 4 {
		writeMixture(t, b, script, 1+round)
	}
	b.flush()
	counted, reported := d.counts().since(before).bytes, totalWritten(b.store)-said
	t.Logf("the device took %d bytes, the instance says %d (%.1f %%): %v", counted, reported, 100*float64(reported)/float64(counted), b.store.WrittenBytes().ByCause)
	if difference := float64(reported-counted) / float64(counted); difference < -0.05 || difference > 0.05 {
		t.Errorf("the instance says that it wrote %d bytes, the kernel counted %d on the device", reported, counted)
	}
	if own := b.store.WrittenBytes().ByScript[script.ID]; own < reported/20 {
		t.Errorf("of %d bytes the script has only %d", reported, own)
	}
}

// growWAL makes the WAL as long as it gets. While a file grows the file system
// writes for itself, up to three times as much, and that is not what is counted.
func growWAL(t *testing.T, dir string) {
	t.Helper()
	wal, err := os.OpenFile(filepath.Join(dir, "picloud.db-wal"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer wal.Close()
	if _, err := wal.Write(make([]byte, 20<<20)); err != nil {
		t.Fatal(err)
	}
	if err := wal.Sync(); err != nil {
		t.Fatal(err)
	}
}

func totalWritten(s *store.Store) (total int64) {
	for _, bytes := range s.WrittenBytes().ByCause {
		total += bytes
	}
	return total
}

// writeMixture makes eight writers write at once.
func writeMixture(t *testing.T, b *bench, script *store.Script, round int) {
	t.Helper()
	var group sync.WaitGroup
	for writer := range 8 {
		group.Go(func() {
			for i := range 150 {
				n := strconv.Itoa(round*10_000 + writer*1_000 + i)
				key := store.KVKey{App: b.app.ID, Collection: "c", Key: "k" + strconv.Itoa((i*7+writer)%200)}
				if _, err := b.store.SetKV(context.Background(), key, store.KVWrite{Value: json.RawMessage(n), Relaxed: i%3 == 0}); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					document := store.DocumentWrite{Data: json.RawMessage(fmt.Sprintf(`{"n":%s,"text":%q}`, n, uuid.NewString()))}
					if _, err := b.store.InsertDocument(context.Background(), store.DocumentKey{App: b.app.ID, Collection: "d", ID: n}, document); err != nil {
						t.Error(err)
					}
				}
			}
			for range 50 {
				b.run(script)
			}
		})
	}
	group.Wait()
}
