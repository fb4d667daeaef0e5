package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type comparison struct {
	picloud          string // the binary
	dir              string
	requests, rounds int
}

// scripts do what creating a record does: they take a text from a JSON body,
// store it durably, and answer with it and its id. "new" makes an entry each
// time, as PocketBase makes a record; "hundred" writes one of a hundred.
var scripts = map[string]string{"new": writeTo("ctx.execution_id"), "hundred": writeTo(`"sensor-" .. math.random(100)`)}

func writeTo(key string) string {
	return "local body = ctx.request.body.body\nlocal key = " + key + "\n" +
		`kv.collection("records"):set(key, {body = body, run = ctx.execution_id})` + "\nreturn {id = key, body = body}"
}

// subject is one of what is compared.
type subject struct {
	name, addr, path string
	rates            []float64
}

// compare runs the subjects in turns. It says whether PiCloud has reached its bar.
func compare(c comparison) (reached bool, err error) {
	dir, err := os.MkdirTemp(c.dir, "comparison-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary, err := filepath.Abs(c.picloud)
	if err != nil {
		return false, err
	}
	pocketBase, err := startPocketBase(dir)
	if pocketBase != nil {
		defer func() { err = errors.Join(err, pocketBase.stop()) }()
	}
	if err != nil {
		return false, fmt.Errorf("starting PocketBase: %w", err)
	}
	picloud, err := startPiCloud(binary, dir, scripts)
	if picloud != nil {
		defer func() { err = errors.Join(err, picloud.stop()) }()
	}
	if err != nil {
		return false, fmt.Errorf("starting PiCloud: %w", err)
	}
	subjects := []*subject{{name: "PocketBase, a new record", addr: pocketBase.addr, path: recordsPath},
		{name: "PiCloud, a new entry", addr: picloud.addr, path: "/new"}, {name: "PiCloud, one of a hundred entries", addr: picloud.addr, path: "/hundred"}}
	if err := c.measure(subjects); err != nil {
		return false, err
	}
	return report(subjects), nil
}

// measure gives each subject a round to warm up, and then the rounds that count.
func (c comparison) measure(subjects []*subject) error {
	body := `{"body":"` + strings.Repeat("x", 100) + `"}`
	for round := range 1 + c.rounds {
		for _, s := range subjects {
			got, err := rate(s.addr, s.path, body, c.requests)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				s.rates = append(s.rates, got)
			}
		}
	}
	return nil
}

// report prints the rates and, for each round, what they are to those of the
// first subject: a ratio of two rounds one after the other holds where the
// machine's speed does not.
func report(subjects []*subject) (reached bool) {
	reached = true
	first := subjects[0]
	fmt.Printf("%-34s %6.0f/s\n", first.name, median(first.rates))
	for _, s := range subjects[1:] {
		var ratios []float64
		for round, got := range s.rates {
			ratios = append(ratios, got/first.rates[round])
		}
		fmt.Printf("%-34s %6.0f/s, %.2f times that (median of %d rounds, %.2f to %.2f; bar: at least %d)\n",
			s.name, median(s.rates), median(ratios), len(ratios), slices.Min(ratios), slices.Max(ratios), bar)
		reached = reached && median(ratios) >= bar
	}
	return reached
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
