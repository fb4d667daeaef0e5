// The help on one part of the library, as elements: everything in it is text.
import { router } from "../state/router.svelte";
import { referenceName, type Entry, type Value } from "./sdk";

/** Makes the help on an entry: signature, purpose, parameters, errors and an example. */
export function helpOn(entry: Entry): HTMLElement {
  const help = element("div", "", "cm-help");
  switch (entry.kind) {
    case "function":
    case "method": {
      const { signature, doc, params, returns, errors, example } = entry.callable;
      help.append(element("code", signature), element("p", doc), ...listOf(params));
      help.append(...returns.filter((value) => value.doc).map((value) => element("p", `Returns ${value.type}: ${value.doc}`)));
      if (errors.length > 0) {
        help.append(element("p", "Raises an error when:"), list(errors.map((reason) => element("li", reason))));
      }
      if (example) {
        help.append(element("pre", example));
      }
      help.append(linkTo(referenceName(entry.callable)));
      break;
    }
    case "module":
      help.append(element("code", entry.name), element("p", entry.module.doc));
      help.append(element("p", entry.module.functions.map((callable) => callable.name).join(", ")));
      break;
    case "value":
      help.append(element("code", `${entry.name}: ${entry.value.type}`), element("p", entry.value.doc));
      help.append(...listOf(entry.value.fields ?? []));
      break;
    case "gone":
      help.append(element("code", entry.name), element("p", `Scripts do not have this: ${entry.value.doc}.`));
  }
  return help;
}

/** Leads to the reference in a tab of its own: the script may not be saved yet. */
function linkTo(show: string): HTMLElement {
  const link = document.createElement("a");
  link.href = router.href("reference/lua", { show });
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Open in the reference";
  return link;
}

/** What stands behind a name in the list of completions. */
export function detailOf(entry: Entry): string {
  switch (entry.kind) {
    case "function":
    case "method":
      return entry.callable.signature.slice(entry.callable.signature.indexOf("("));
    case "value":
      return entry.value.type;
    default:
      return "";
  }
}

function listOf(values: Value[]): HTMLElement[] {
  const items = values.map(({ name, type, doc, optional, fields }) => {
    const item = element("li", "");
    item.append(element("code", `${name}${optional ? "?" : ""}: ${type}`), ` ${doc}`, ...listOf(fields ?? []));
    return item;
  });
  return items.length === 0 ? [] : [list(items)];
}

function list(items: HTMLElement[]): HTMLElement {
  const made = element("ul", "");
  made.append(...items);
  return made;
}

function element(tag: string, text: string, className = ""): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}
