package main_test

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestAdminPages runs the tests of web/e2e, which drive a real browser, against
// the program under test.
func TestAdminPages(t *testing.T) {
	t.Parallel()
	chromium := needBrowser(t)
	command := exec.CommandContext(t.Context(), "node", "node_modules/@playwright/test/cli.js", "test", "-c", "e2e/playwright.config.ts")
	command.Dir, command.WaitDelay = "web", 10*time.Second
	command.Env = append(os.Environ(), "PICLOUD_BINARY="+binary, "CHROMIUM="+chromium)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("the tests of the admin page: %v\n%s", err, output)
	}
}
