package main_test

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestAdminPages runs the tests of web/e2e, which drive a real browser, against
// the program under test. It has the machine to itself: the tests beside it
// keep every core busy.
func TestAdminPages(t *testing.T) {
	chromium := needBrowser(t)
	command := exec.CommandContext(t.Context(), "node", "node_modules/@playwright/test/cli.js", "test", "-c", "e2e/playwright.config.ts")
	command.Dir, command.WaitDelay = "web", 10*time.Second
	command.Env = append(os.Environ(), "PICLOUD_BINARY="+binary, "CHROMIUM="+chromium)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("the tests of the admin page: %v\n%s", err, output)
	}
}
