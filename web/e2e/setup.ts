import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Builds the server with the page that is in dist, unless PICLOUD_BINARY names one; returns what cleans up. */
export default function setUp(): (() => void) | void {
  if (process.env.PICLOUD_BINARY) {
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "picloud-e2e-"));
  const binary = join(folder, "picloud");
  const root = join(import.meta.dirname, "..", "..");
  execFileSync("go", ["build", "-o", binary, "."], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" }, stdio: "inherit" });
  process.env.PICLOUD_BINARY = binary; // the tests' own processes inherit it
  return () => rmSync(folder, { recursive: true });
}
