package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// errInterrupted is Ctrl-C in place of an answer.
var errInterrupted = errors.New("interrupted")

// asker returns the terminal that a person answers at, if there is one.
func (r *remote) asker() (terminal *os.File, interactive bool) {
	terminal, isFile := r.process.Stdin.(*os.File)
	return terminal, isFile && term.IsTerminal(int(terminal.Fd()))
}

// ask reads one line. At a terminal it asks for it, and hides what is secret.
func (r *remote) ask(input *bufio.Reader, prompt string, secret bool) (string, error) {
	terminal, interactive := r.asker()
	if !interactive {
		return readLine(input, prompt)
	}
	fmt.Fprint(r.process.Stderr, prompt)
	state, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", err
	}
	answer, err := unlessInterrupted(func() (string, error) {
		if secret {
			text, err := term.ReadPassword(int(terminal.Fd()))
			return string(text), err
		}
		return readLine(input, prompt)
	})
	if secret || err != nil {
		fmt.Fprintln(r.process.Stderr)
	}
	if err != nil {
		err = errors.Join(err, term.Restore(int(terminal.Fd()), state))
	}
	return answer, err
}

func readLine(input *bufio.Reader, prompt string) (string, error) {
	line, err := input.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if err != nil && (!errors.Is(err, io.EOF) || line == "") {
		return "", usageError{fmt.Errorf("standard input ended before the answer to %q", strings.TrimRight(prompt, ": "))}
	}
	return line, nil
}

// unlessInterrupted ends the waiting for an answer with Ctrl-C or SIGTERM, which the commands'
// context would otherwise take for itself. The reading itself cannot be ended;
// it goes with the process.
func unlessInterrupted(read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupts)
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-interrupts:
		return "", errInterrupted
	}
}

// agreed asks a person a question that a program has answered by its flags.
func (r *remote) agreed(question string) (bool, error) {
	if _, interactive := r.asker(); !interactive {
		return true, nil
	}
	answer, err := r.ask(bufio.NewReader(r.process.Stdin), question+" [y/N] ", false)
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}
