package cli

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// maxText bounds a file that is read to be sent, in bytes: no call of the API
// takes as much.
const maxText = 64 << 20

// notText is a file that would be saved otherwise than it is: the API takes
// UTF-8, and another encoding's letters would become question marks.
type notText struct {
	file string
	line int
}

// Error says where the file stops being text.
func (e *notText) Error() string {
	return fmt.Sprintf("%s:%d: this is not UTF-8; save it in that encoding", e.file, e.line)
}

// readText reads a file that is sent; Ctrl-C ends the waiting for a pipe.
func readText(file string) (string, error) {
	return unlessInterrupted(func() (string, error) {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return textOf(file, f)
	})
}

// readInput reads all of standard input; Ctrl-C ends the waiting for it.
func (r *remote) readInput() (string, error) {
	return unlessInterrupted(func() (string, error) { return textOf("standard input", r.process.Stdin) })
}

// textOf reads what is called name to its end.
func textOf(name string, input io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(input, maxText+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxText {
		return "", fmt.Errorf("%s has more than %d MiB, which no instance takes", name, maxText>>20)
	}
	line := 1
	for rest := text; len(rest) > 0; {
		letter, size := utf8.DecodeRune(rest)
		if letter == utf8.RuneError && size == 1 {
			return "", &notText{name, line}
		}
		if letter == '\n' {
			line++
		}
		rest = rest[size:]
	}
	return string(text), nil
}
