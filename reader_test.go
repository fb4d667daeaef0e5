package main_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A document says in a comment above each block what a test does with it.
//
//	<!-- test -->           runs the shell commands as they stand; test:PART are those of one part of the test
//	<!-- fails -->          runs them; one of them must fail
//	<!-- output -->         is all that the commands above have printed; … stands for anything
//	<!-- until -->          is what the commands above print in the end; they run until they do
//	<!-- file:NAME -->      is saved as that file, for the commands below
//	<!-- template:NAME -->  is the script of that template, saved as NAME.lua
//	<!-- setting:NAME -->   is what that template tells people to enter on the device
var blockPattern = regexp.MustCompile("(?ms)^(?:<!-- ([a-z]+)(?::(\\S+))? -->\n)?```([a-z]+)\n(.*?)^```$")

type block struct{ mark, name, language, text string }

func blocksOf(t *testing.T, file string) []block {
	t.Helper()
	var all []block
	for _, found := range blockPattern.FindAllStringSubmatch(readText(t, file), -1) {
		all = append(all, block{mark: found[1], name: found[2], language: found[3], text: found[4]})
	}
	return all
}

// reader follows a page as a person at a terminal does: in one shell, which
// stays open, and with an eye on every answer.
type reader struct {
	t      *testing.T
	folder string
	to     *strings.Replacer // the page's addresses to those of this test
	back   *strings.Replacer // and back
	input  io.Writer
	done   *bufio.Scanner // a line with the exit code after each block
	output string         // the file that all goes to
	read   int            // how much of it has been looked at
}

// asAtATerminal makes picloud print a table where its output is no pipe, and gives
// it what a person types when it asks.
const asAtATerminal = `
set -u
picloud() {
  local form=(--output table) typed=
  if [ -p /dev/stdout ]; then form=(); fi
  case "$*" in
%s  esac
  if [ -n "$typed" ]; then command picloud "${form[@]}" "$@" <<<"$typed"; else command picloud "${form[@]}" "$@"; fi
}
`

// typing are the cases of commands that ask; the command is a pattern.
func typing(typed map[string]string) (cases string) {
	for command, text := range typed {
		cases += fmt.Sprintf("  %s) typed='%s' ;;\n", strings.ReplaceAll(command, " ", `\ `), text)
	}
	return cases
}

// newReader opens the shell. The addresses are pairs: the page's and this test's.
func newReader(t *testing.T, environment []string, typed map[string]string, addresses ...string) *reader {
	t.Helper()
	r := &reader{t: t, folder: t.TempDir(), to: strings.NewReplacer(addresses...)}
	var back []string
	for i := 0; i < len(addresses); i += 2 {
		back = append(back, addresses[i+1], addresses[i])
	}
	r.back = strings.NewReplacer(back...)
	outside := t.TempDir()
	r.output = filepath.Join(outside, "output")
	output, err := os.Create(r.output)
	if err != nil {
		t.Fatal(err)
	}
	done, signal, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.done = bufio.NewScanner(done)
	shell := exec.Command("bash")
	shell.Dir, shell.Stdout, shell.Stderr, shell.ExtraFiles = r.folder, output, output, []*os.File{signal}
	shell.Env = append([]string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + outside}, environment...)
	input, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	signal.Close()
	output.Close()
	if err != nil {
		t.Fatal(err)
	}
	r.input = input
	t.Cleanup(func() { input.Close(); _ = shell.Wait(); done.Close() })
	fmt.Fprintf(input, asAtATerminal, typing(typed))
	return r
}

// follow does what the page says, block by block, and returns what was printed. Of
// a page whose blocks are for several parts of a test it takes those of one.
func (r *reader) follow(file, part string) string {
	r.t.Helper()
	blocks := blocksOf(r.t, file)
	for i, b := range blocks {
		switch {
		case b.runs() && b.part() == part:
			var shown block
			if i+1 < len(blocks) && (blocks[i+1].mark == "output" || blocks[i+1].mark == "until") {
				shown = blocks[i+1]
			}
			r.obey(b, shown)
		case b.mark == "file":
			r.save(b.name, b.text)
		case b.mark == "template":
			r.save(b.name+".lua", b.text)
		}
		if r.t.Failed() {
			break
		}
	}
	return readText(r.t, r.output)
}

// runs says whether it is for the shell. What a template tells people to enter may be.
func (b block) runs() bool {
	return b.mark == "test" || b.mark == "fails" || b.mark == "setting" && b.language == "sh"
}

// part is the part of the test that runs it.
func (b block) part() string {
	if b.mark == "setting" {
		return ""
	}
	return b.name
}

func (r *reader) save(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.folder, name), []byte(r.to.Replace(text)), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// obey runs commands and holds what they print to what the page shows, if it does.
func (r *reader) obey(b, shown block) {
	r.t.Helper()
	var printed string
	looksRight := func() bool {
		var code int
		printed, code = r.run(b.text)
		if failed := code != 0; failed != (b.mark == "fails") {
			r.t.Fatalf("exit code %d of\n%s\n%s", code, b.text, printed)
		}
		return shown.mark == "" || printedAs(shown.text).MatchString(usual(printed))
	}
	if shown.mark == "until" {
		r.t.Cleanup(func() {
			if r.t.Failed() {
				r.t.Logf("%q printed at last\n%s", b.text, printed)
			}
		})
		eventually(r.t, fmt.Sprintf("%q with the output\n%s", b.text, shown.text), looksRight)
	} else if !looksRight() {
		r.t.Errorf("the commands\n%sprint\n%s\nand the page says\n%s", b.text, printed, shown.text)
	}
}

// run gives the shell a block and returns what it has printed, with the page's
// addresses, and the exit code of its last command, or of the first that failed.
func (r *reader) run(commands string) (printed string, code int) {
	r.t.Helper()
	// The trap is that of the first failure; without "set -e" the shell stays open.
	fmt.Fprintf(r.input, "code=0; trap 'failed=$?; [ $code != 0 ] || code=$failed' ERR\n{\n%s} 3>&- </dev/null\ntrap - ERR; echo $code >&3\n", r.to.Replace(commands))
	if !r.done.Scan() {
		r.t.Fatalf("the shell ended in\n%s", commands)
	}
	code, err := strconv.Atoi(r.done.Text())
	if err != nil {
		r.t.Fatal(err)
	}
	all := readText(r.t, r.output)
	printed, r.read = r.back.Replace(all[r.read:]), len(all)
	return printed, code
}

var (
	anyTime     = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?`)
	anyDuration = regexp.MustCompile(` +\d+(\.\d+)? ms`)
	anyEffort   = regexp.MustCompile(`\d+ instructions`)
	anyID       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyColumn   = regexp.MustCompile(` {2,}`)
)

// usual puts one word for what differs from run to run, or from one release to
// the next: times, durations, instructions, ids, and the width of columns.
func usual(text string) string {
	text = anyEffort.ReplaceAllString(anyDuration.ReplaceAllString(anyTime.ReplaceAllString(text, "TIME"), " DURATION"), "N instructions")
	lines := strings.Split(anyColumn.ReplaceAllString(anyID.ReplaceAllString(text, "ID"), "  "), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// printedAs matches the output that a page shows.
func printedAs(expected string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)\A` + strings.ReplaceAll(regexp.QuoteMeta(usual(expected)), "…", ".*?") + `\z`)
}
