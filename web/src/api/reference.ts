import { callWatched, serverRoot, type CallOptions } from "./client";

/** Where the description of the API is, for tools that read it. */
export const openAPIAddress = new URL("api/v1/openapi.json", serverRoot);

/** The description itself, which nobody has checked yet. */
export const readOpenAPI = (options?: CallOptions) => callWatched<unknown>("GET", openAPIAddress, options);
