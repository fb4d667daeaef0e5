// The example of the first page: a script, its route, and the wait for its first call.
import { ApiError, serverRoot } from "../../api/client";
import type { Execution } from "../../api/executions";
import { createRoute, listScriptRoutes } from "../../api/routes";
import { createScript, listScripts } from "../../api/scripts";
import { waitForCall } from "../../state/firstcall";

export interface Example {
  id: string;
  name: string;
  url: string;
}

const name = "hello";
const routePath = "/hello";

export const source = `local name = ctx.request.query.name or "world"
log.info("greeting", {name = name})
return {hello = name, at = time.iso()}
`;

/** Makes the example in an app, or finds the one that is there. base is the address that the owner has set, or "". */
export async function deploy(app: string, base: string): Promise<Example> {
  const script = await createScript(app, { name, source, description: "Answers with a greeting" }).catch(async (thrown) => {
    const same = (await listScripts(app)).find((each) => each.name === name);
    if (!same || !isConflict(thrown)) {
      throw thrown;
    }
    return same;
  });
  const [route] = await listScriptRoutes(script.id);
  const { path } = route ?? (await createRoute(script.id, { method: "GET", path: routePath }));
  const url = new URL(path.slice(1), base ? `${base.replace(/\/$/, "")}/` : serverRoot);
  url.searchParams.set("name", "Pi");
  return { id: script.id, name, url: url.href };
}

function isConflict(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status === 409;
}

/** Waits until the example is called, and returns that run. Ends with an error when signal says so. */
export const firstCall = (example: Example, signal: AbortSignal): Promise<Execution> => waitForCall(example.id, signal);
