// Writes a .gz and a .br beside each text file of dist, so that the server never compresses at request time, and
// prints what a first visit costs.
import { readdir, readFile, writeFile } from "node:fs/promises";
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
const files = entries
  .filter((entry) => entry.isFile() && compressible.has(extname(entry.name)))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();

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
