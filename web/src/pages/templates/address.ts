// The address that devices call.
import { serverRoot } from "../../api/client";

/** Where devices reach this PiCloud: the address that its owner has set, else that of this page. */
export function deviceBase(publicBase: string): string {
  return (publicBase || serverRoot.href).replace(/\/$/, "");
}

/** An address that only this one machine understands. */
export function isLoopback(base: string): boolean {
  return /^(localhost|127\.|\[::1\])/.test(new URL(base).hostname);
}
