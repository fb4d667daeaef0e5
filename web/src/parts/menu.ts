import type { IconName } from "./icons";

/** A line of a Menu: an action, or a link. */
export interface MenuItem {
  text: string;
  icon?: IconName;
  action?: () => void;
  href?: string;
  download?: boolean;
  danger?: boolean;
  /** For choices of which one holds: whether it is this one. */
  chosen?: boolean;
  /** A line stands above it. */
  rule?: boolean;
}
