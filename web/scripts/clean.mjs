// Empties dist but for .keep, which stands in git so that Go can embed the folder without a build.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const dist = join(import.meta.dirname, "..", "dist");

await mkdir(dist, { recursive: true });
for (const name of await readdir(dist)) {
  if (name !== ".keep") {
    await rm(join(dist, name), { recursive: true });
  }
}
