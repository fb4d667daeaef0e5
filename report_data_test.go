package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	web "picloud/http"
	"picloud/runtime"
	"picloud/store"
)

// measureData measures key-value entries: what a read costs, what durable
// writes over HTTP reach, and what whole executions with a write cost the card.
func measureData(t *testing.T) []figure {
	figures := append(cachedReadFigures(t), httpWriteFigures(t)...)
	return append(figures, wholeRunFigures(t)...)
}

const cachedReads = 50_000

// cachedReadFigures compares a loop of reads with the same loop over a table.
func cachedReadFigures(t *testing.T) []figure {
	b := newBench(t)
	calls, instructions := int64(100_000), int64(100_000_000)
	limits := store.Limits{SDKCalls: &calls, Instructions: &instructions}
	loop := func(name, setup, read string) *store.Script {
		return b.script(name, fmt.Sprintf("%s for i = 1, %d do local v = %s end", setup, cachedReads, read), limits)
	}
	table := loop("table", `local t = {k = 21.5}`, `t["k"]`)
	number := loop("number", `local c = kv.collection("c") c:set("k", 21.5)`, `c:get("k")`)
	object := loop("object", `local c = kv.collection("c") c:set("o", {temp = 21.5, room = "hall", on = true})`, `c:get("o")`)
	more := func(script *store.Script) float64 {
		var micros []float64
		for range 9 {
			plain := timeOf(func() { b.run(table) })
			micros = append(micros, (timeOf(func() { b.run(script) })-plain).Seconds()*1e6/cachedReads)
		}
		return median(micros)
	}
	small, large := more(number), more(object)
	return []figure{
		{what: "a cached kv:get of a number above a table lookup in Lua", value: fmt.Sprintf("%.2f µs", small), bar: "at most 3 µs", reached: small <= 3},
		{what: "the same of an object with three fields, decoded each time", value: fmt.Sprintf("%.2f µs", large), bar: "at most 3 µs", reached: large <= 3},
	}
}

func timeOf(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

const (
	writeKeys     = 100
	writeRequests = 6000 // in one round
	writeRounds   = 5
)

// writeScript sets one of a hundred keys to what no run has set before.
const writeScript = `kv.collection("sensors"):set("sensor-" .. math.random(100), {temp = 21.5, run = ctx.execution_id})
return {ok = true}`

// httpWriteFigures compares scripts with a bare Echo handler over the same store.
func httpWriteFigures(t *testing.T) []figure {
	b := newBench(t)
	scripts := served{store: b.store, engine: b.engine, script: b.script("write", writeScript, store.Limits{}), method: "POST", path: "/write"}
	scriptAddr, bareAddr := scripts.start(t), serveBareWrites(t, b)
	round := func(addr, path string) (rate, syncs, kilobytes float64) {
		request := []byte("POST " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nContent-Length: 0\r\n\r\n")
		sockets := int64(writeRequests * (len(request) + answerBytes(t, addr, request)))
		written, synced := writtenBytes(t), b.store.WriterStats().Syncs
		elapsed := load(t, addr, request, httpConnections, writeRequests)
		perThousand := float64(writeRequests) / 1000
		return writeRequests / elapsed.Seconds(), float64(b.store.WriterStats().Syncs-synced) / perThousand, float64(writtenBytes(t)-written-sockets) / 1024 / perThousand
	}
	round(bareAddr, "/write") // warm both up
	round(scriptAddr, "/write")
	var ratios, syncs, kilobytes []float64
	for range writeRounds {
		bare, _, _ := round(bareAddr, "/write")
		rate, synced, written := round(scriptAddr, "/write")
		t.Logf("bare %.0f/s, script %.0f/s with %.0f syncs and %.0f KiB for each 1,000", bare, rate, synced, written)
		ratios, syncs, kilobytes = append(ratios, rate/bare), append(syncs, synced), append(kilobytes, written)
	}
	ratio, synced, written := median(ratios), median(syncs), median(kilobytes)
	return []figure{
		{what: "durable kv writes/s of a script over HTTP, 32 connections, against a bare Echo handler over the same writer", value: fmt.Sprintf("%.0f %%", 100*ratio), bar: "at least 60 %", reached: ratio >= 0.60},
		{what: "syncs for each 1,000 of them", value: fmt.Sprintf("%.0f", synced), bar: "at most 100", reached: synced <= 100},
		{what: "bytes written for each 1,000 of them, log included", value: fmt.Sprintf("%.0f KiB", written), bar: "at most 1,300 KiB", reached: written <= 1300},
	}
}

// answerBytes is the length of the answer to a request, all of it.
func answerBytes(t *testing.T, addr string, request []byte) int {
	t.Helper()
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := connection.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// served is a script with a sync route on a port.
type served struct {
	store        *store.Store
	engine       *runtime.Engine
	script       *store.Script
	method, path string
}

func (s served) start(t *testing.T) (addr string) {
	t.Helper()
	draft := store.RouteDraft{Method: s.method, HostKind: "any", PathKind: "exact", Path: s.path, DispatchMode: "sync"}
	_, err := s.store.CreateRoute(context.Background(), s.script.ID, draft, func(store.Route, store.Route) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := web.New(web.Config{Store: s.store, Engine: s.engine, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Product: "0", SDK: runtime.SDKVersion})
	server.Start(listener)
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// serveBareWrites is the yardstick: Echo and the store, without Lua.
func serveBareWrites(t *testing.T, b *bench) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int64
	e := echo.New()
	e.POST("/write", func(c echo.Context) error {
		key := store.KVKey{App: b.app.ID, Collection: "sensors", Key: "sensor-" + strconv.Itoa(rand.IntN(writeKeys))}
		value := fmt.Sprintf(`{"temp":21.5,"run":"01890a5d-ac96-774b-bcce-%012d"}`, count.Add(1))
		if _, err := b.store.SetKV(c.Request().Context(), key, store.KVWrite{Value: json.RawMessage(value)}); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]bool{"ok": true})
	})
	bare := &http.Server{Handler: e}
	go bare.Serve(listener)
	t.Cleanup(func() { bare.Close() })
	return listener.Addr().String()
}

// writtenBytes is what this process has passed to the kernel's write calls.
func writtenBytes(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("/proc/self/io has no wchar")
	return 0
}
