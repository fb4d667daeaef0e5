// Writes a .gz and a .br beside each text file of dist, so that the server never compresses at request time, and
// prints what a first visit costs. A .wasm becomes a .gz alone: its reader unpacks it (src/editor/formatter.worker.ts).
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = join(import.meta.dirname, "..", "dist");
const compressible = new Set([".html", ".css", ".js", ".svg", ".json", ".map"]);

const gzip = (data) => gzipSync(data, { level: constants.Z_BEST_COMPRESSION });
const brotli = (data) =>
  brotliCompressSync(data, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });

const entries = await readdir(dist, { recursive: true, withFileTypes: true });
const filesWith = (matches) =>
  entries
    .filter((entry) => entry.isFile() && matches(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
const files = filesWith((extension) => compressible.has(extension));

const total = { plain: 0, gz: 0, br: 0 };
for (const file of files) {
  const plain = await readFile(file);
  const gz = gzip(plain);
  const br = brotli(plain);
  await writeFile(`${file}.gz`, gz);
  await writeFile(`${file}.br`, br);
  total.plain += plain.length;
  total.gz += gz.length;
  total.br += br.length;
  console.log(`${relative(dist, file)}: ${plain.length} B, gzip ${gz.length} B, brotli ${br.length} B`);
}
console.log(`together: ${total.plain} B, gzip ${total.gz} B, brotli ${total.br} B`);

for (const file of filesWith((extension) => extension === ".wasm")) {
  const packed = gzip(await readFile(file));
  await writeFile(`${file}.gz`, packed);
  await rm(file);
  console.log(`${relative(dist, file)}.gz: ${packed.length} B, loaded when somebody formats a script`);
}
