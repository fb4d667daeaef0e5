// A route as its form shows it: every field as text, "" where nothing is said.
import type { Provider, RouteDraft, Verification } from "../../api/routes";
import type { Route } from "../../api/types";

export interface RouteForm {
  method: string;
  path: string;
  /** "" for the one that the path looks like. */
  pathKind: Route["path_kind"] | "";
  host: string;
  hostKind: Route["host_kind"] | "";
  async: boolean;
  provider: Provider | "";
  secret: string;
  tolerance: string;
  /** The texts of verify that the provider has a use for. */
  texts: Record<VerifyText, string>;
  dedupeFrom: string;
  dedupeTTL: string;
  localOnly: boolean;
  perMinute: string;
  burst: string;
  limitKey: string;
}

export type VerifyText = Exclude<keyof Verification, "provider" | "secret" | "tolerance_s">;

interface Text {
  name: VerifyText;
  label: string;
  placeholder: string;
  options?: string[];
}

const texts: Record<VerifyText, Text> = {
  header: { name: "header", label: "Header of the signature", placeholder: "The sender's usual one" },
  in: { name: "in", label: "Where the token stands", placeholder: "header:Authorization, query:key, form:PASSKEY" },
  algorithm: { name: "algorithm", label: "Algorithm", placeholder: "", options: ["sha256", "sha1", "sha512"] },
  prefix: { name: "prefix", label: "Before the signature", placeholder: "sha256=" },
  encoding: { name: "encoding", label: "Encoding", placeholder: "", options: ["hex", "base64"] },
  template: { name: "template", label: "What is signed", placeholder: "{timestamp}.{body}" },
  timestamp_header: { name: "timestamp_header", label: "Header of the time", placeholder: "X-Timestamp" },
  id_header: { name: "id_header", label: "Header of the id", placeholder: "X-Id" },
};

/** The texts that each provider has a use for, and whether it signs the time. */
const uses: Record<Provider, { texts: VerifyText[]; timed: boolean }> = {
  github: { texts: ["header"], timed: false },
  stripe: { texts: ["header"], timed: true },
  slack: { texts: ["header"], timed: true },
  shopify: { texts: ["header"], timed: false },
  telegram: { texts: ["header"], timed: false },
  standard: { texts: [], timed: true },
  hmac: {
    texts: ["header", "algorithm", "encoding", "prefix", "template", "timestamp_header", "id_header"], timed: true,
  },
  token: { texts: ["in"], timed: false },
  basic: { texts: [], timed: false },
};

const names: Record<Provider, string> = {
  github: "GitHub", stripe: "Stripe", slack: "Slack", shopify: "Shopify", telegram: "Telegram",
  standard: "Standard Webhooks", hmac: "HMAC of another sender", token: "A token", basic: "Name and password (Basic)",
};

export const providerOptions = [
  { value: "", text: "Anybody: no proof is asked for" },
  ...(Object.keys(names) as Provider[]).map((value) => ({ value, text: names[value] })),
];

export const textsOf = (provider: Provider | ""): Text[] => (provider ? uses[provider].texts.map((name) => texts[name]) : []);
export const isTimed = (provider: Provider | ""): boolean => provider !== "" && uses[provider].timed;

export function formOfRoute(route?: Route): RouteForm {
  const { verify, dedupe, rate_limit: limit } = route ?? {};
  const words = Object.keys(texts).map((name) => [name, verify?.[name as VerifyText] ?? ""]);
  return {
    method: route?.method ?? "GET", path: route?.path ?? "/", pathKind: "", host: route?.host ?? "", hostKind: "",
    async: route?.dispatch_mode === "async",
    provider: verify?.provider ?? "", secret: verify?.secret ?? "", tolerance: textOf(verify?.tolerance_s),
    texts: Object.fromEntries(words) as RouteForm["texts"],
    dedupeFrom: dedupe?.from ?? "", dedupeTTL: textOf(dedupe?.ttl_s), localOnly: route?.local_only ?? false,
    perMinute: textOf(limit?.per_minute), burst: textOf(limit?.burst), limitKey: limit?.key ?? "ip",
  };
}

/** The route that the form describes. */
export function bodyOf(form: RouteForm): RouteDraft {
  return {
    method: form.method, path: form.path, path_kind: form.pathKind || undefined,
    host: form.host.trim(), host_kind: form.hostKind || undefined,
    dispatch_mode: form.async ? "async" : "sync",
    verify: verifyOf(form),
    dedupe: form.dedupeFrom ? { from: form.dedupeFrom.trim(), ttl_s: numberOf(form.dedupeTTL) } : null,
    local_only: form.localOnly,
    rate_limit: form.perMinute
      ? { per_minute: Number(form.perMinute), burst: numberOf(form.burst), key: form.limitKey }
      : null,
  };
}

function verifyOf(form: RouteForm): RouteDraft["verify"] {
  if (!form.provider) {
    return null;
  }
  const used = textsOf(form.provider).map(({ name }) => [name, form.texts[name].trim() || undefined]);
  const tolerance = isTimed(form.provider) ? numberOf(form.tolerance) : undefined;
  return { provider: form.provider, secret: form.secret, tolerance_s: tolerance, ...Object.fromEntries(used) };
}

const textOf = (value: number | undefined): string => (value === undefined || value === 0 ? "" : String(value));
const numberOf = (text: string): number | undefined => (text === "" ? undefined : Number(text));

/** The address at which a route answers: below base, or at its own host. */
export function addressOf(route: { host: string; path: string }, base: URL): string {
  const host = route.host ? `${base.protocol}//${route.host.replace("*", "any")}${base.port ? `:${base.port}` : ""}` : base.href.replace(/\/$/, "");
  return host + route.path;
}

/** The call of a route for a shell. */
export function curlOf(route: { method: string; host: string; path: string }, base: URL): string {
  const parts = ["curl"];
  const method = route.method === "ANY" ? "GET" : route.method;
  if (method === "HEAD") {
    parts.push("--head");
  } else if (method !== "GET") {
    parts.push("-X", method);
  }
  if (["POST", "PUT", "PATCH"].includes(method)) {
    parts.push("-H", quoted("Content-Type: application/json"), "-d", quoted("{}"));
  }
  return [...parts, quoted(addressOf(route, base))].join(" ");
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
