// Formats Lua. It runs as a worker because only the worker's own answer allows WebAssembly (see http/page.go).
import init, { Config, IndentType, LuaVersion, OutputVerification, formatCode } from "@johnnymorganz/stylua/web";
import wasm from "@johnnymorganz/stylua/stylua_lib_bg.wasm?url";

const ready = init({ module_or_path: load() });

self.onmessage = async (event: MessageEvent<{ id: number; source: string }>) => {
  const { id, source } = event.data;
  try {
    await ready;
    self.postMessage({ id, formatted: formatCode(source, settings(), undefined, OutputVerification.Full) });
  } catch (thrown) {
    self.postMessage({ id, failure: thrown instanceof Error ? thrown.message : String(thrown) });
  }
};

// The build keeps the module in its compressed form alone (scripts/compress.mjs): plain it is 3 MB of the binary.
async function load(): Promise<Response> {
  const response = await fetch(import.meta.env.PROD ? `${wasm}.gz` : wasm);
  if (!response.ok || !response.body) {
    throw new Error(`The formatter could not be loaded: status ${response.status}.`);
  }
  const body = import.meta.env.PROD ? response.body.pipeThrough(new DecompressionStream("gzip")) : response.body;
  return new Response(body, { headers: { "Content-Type": "application/wasm" } });
}

function settings(): Config {
  const config = Config.new();
  config.syntax = LuaVersion.Lua52; // 5.1 and goto, which scripts have
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  return config;
}
