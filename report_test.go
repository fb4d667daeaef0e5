package main_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var reportFile = flag.String("report", "", "measure, and write the figures to this file")

// figure is one line of the report.
type figure struct {
	what    string // what was measured
	value   string // what came out
	bar     string // what it has to reach, or noBar
	reached bool
	command string // what gives this figure alone
}

// noBar is the bar of a figure that only informs; it is always reached.
const noBar = "none"

// TestReport measures everything that docs/benchmarks.md states and writes the
// file; it fails when a bar is missed. It runs only when -report names the file.
func TestReport(t *testing.T) {
	if *reportFile == "" {
		t.Skip("measures only when -report names a file: task bench")
	}
	var figures []figure
	for _, m := range []struct {
		name    string
		measure func(*testing.T) []figure
	}{
		{"HTTP", measureHTTP},
		{"Lua", measureLua},
		{"Hello", measureHello},
		{"Log", measureLog},
		{"Events", measureEvents},
		{"Data", measureData},
		{"Backup", measureBackup},
		{"Idle", measureIdle},
	} {
		t.Run(m.name, func(t *testing.T) {
			for _, f := range m.measure(t) {
				f.command = "go test . -count=1 -v -report /dev/stdout -run TestReport/" + m.name
				t.Logf("%s: %s (bar: %s)", f.what, f.value, f.bar)
				if !f.reached {
					t.Errorf("%s: %s misses the bar: %s", f.what, f.value, f.bar)
				}
				figures = append(figures, f)
			}
		})
	}
	if err := os.WriteFile(*reportFile, []byte(reportText(figures)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func reportText(figures []figure) string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\n")
	b.WriteString("Written by `task bench`; each command gives its line's figure again. Ratios compare two programs that ran in turns in the same\n")
	b.WriteString("minute on the same machine, so they hold where absolute times do not; counts (bytes, syncs, allocations) hold everywhere.\n\n")
	fmt.Fprintf(&b, "Machine: %d cores, %s/%s, %s. Taken %s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), time.Now().UTC().Format("2006-01-02"))
	b.WriteString("| what | measured | bar | reached | command |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", f.what, f.value, f.bar, f.verdict(), f.command)
	}
	return b.String()
}

// verdict is the figure's cell in the column "reached".
func (f figure) verdict() string {
	switch {
	case f.bar == noBar:
		return "–"
	case f.reached:
		return "yes"
	default:
		return "**no**"
	}
}
