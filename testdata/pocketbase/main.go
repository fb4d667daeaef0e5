// This program compares durable writes of a script over HTTP with what
// PocketBase, as it comes, needs to create a record. It runs both servers in
// turns, on the same machine in the same minutes, and prints the ratio.
//
//	go run . -picloud ../../bin/picloud
//
// PocketBase syncs nothing when it answers (its database is opened with
// synchronous=NORMAL); PiCloud answers when the write is on the disk.
package main

import (
	"flag"
	"fmt"
	"os"
)

// bar is what PiCloud is to reach: so many times the rate of PocketBase.
const bar = 3

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := servePocketBase(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	picloud := flag.String("picloud", "", "the `path` of the picloud binary")
	requests := flag.Int("requests", 6000, "how many requests one round has")
	rounds := flag.Int("rounds", 9, "how many rounds each server has")
	dir := flag.String("dir", os.TempDir(), "where the data folders are made; a folder on the disk to be measured")
	flag.Parse()
	reached, err := compare(comparison{picloud: *picloud, requests: *requests, rounds: *rounds, dir: *dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !reached {
		os.Exit(1)
	}
}
