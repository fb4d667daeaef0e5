// What the editor offers while a name is typed, and the help on a name that is there.
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { activateHover, hoverTooltip, type Command, type EditorView, type Tooltip } from "@codemirror/view";
import { detailOf, helpOn } from "./help";
import { callAt, isText, nameAt } from "./names";
import { keywords, type Entry, type Sdk, type Value } from "./sdk";

const kinds = { module: "namespace", function: "function", method: "method", value: "variable", gone: "variable" };

/** Completes names of the library, fields, options of calls, and the script's own names. */
export function completionOf(load: () => Promise<Sdk>): CompletionSource {
  return async (context) => {
    if (isText(context.state, context.pos)) {
      return null;
    }
    const sdk = await load();
    return context.aborted ? null : (membersAt(context, sdk) ?? optionsAt(context, sdk) ?? namesAt(context, sdk));
  };
}

function membersAt(context: CompletionContext, sdk: Sdk): CompletionResult | null {
  const typed = context.matchBefore(/[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*[.:]\w*/);
  if (!typed) {
    return null;
  }
  const path = typed.text.split(/[.:]/);
  const from = context.pos - (path.pop() ?? "").length;
  return { from, options: sdk.members(path, context.state.doc.toString()).map(optionOf), validFor: /^\w*$/ };
}

function optionsAt(context: CompletionContext, sdk: Sdk): CompletionResult | null {
  const typed = context.matchBefore(/[{,]\s*\w*/);
  const call = typed && callAt(context.state, typed.from + 1);
  if (!call?.inTable) {
    return null;
  }
  const entry = sdk.find(call.path, context.state.doc.toString());
  const fields = entry && "callable" in entry ? (entry.callable.params[call.argument]?.fields ?? []) : [];
  if (fields.length === 0) {
    return null;
  }
  const from = context.pos - (typed?.text.match(/\w*$/)?.[0].length ?? 0);
  return { from, options: fields.map(fieldOption), validFor: /^\w*$/ };
}

function namesAt(context: CompletionContext, sdk: Sdk): CompletionResult | null {
  const typed = context.matchBefore(/[A-Za-z_]\w*/);
  if (!typed && !context.explicit) {
    return null;
  }
  const options = [...sdk.globals().map(optionOf), ...keywords.map((label) => ({ label, type: "keyword" }))];
  const known = new Set([...options.map((option) => option.label), typed?.text]);
  const own = new Set(context.state.doc.toString().match(/[A-Za-z_]\w*/g)?.filter((word) => !known.has(word)));
  options.push(...[...own].map((label) => ({ label, type: "text", boost: -1 })));
  return { from: typed?.from ?? context.pos, options, validFor: /^\w*$/ };
}

function optionOf(entry: Entry): Completion {
  return { label: entry.name, type: kinds[entry.kind], detail: detailOf(entry), info: () => helpOn(entry) };
}

function fieldOption(value: Value): Completion {
  return {
    label: value.name, apply: `${value.name} = `, type: "property", detail: value.type, boost: value.optional ? 0 : 1,
    info: () => helpOn({ kind: "value", name: value.name, value }),
  };
}

/** Shows the help on the name under the pointer, and on the one at the cursor when help's command runs. */
export function helpOnNames(load: () => Promise<Sdk>) {
  const tooltip = hoverTooltip((view, position) => helpAt(view, position, load), { hoverTime: 350 });
  const command: Command = (view) => {
    activateHover(view, view.state.selection.main.head, -1, { tooltip });
    return true;
  };
  return { tooltip, command };
}

async function helpAt(view: EditorView, position: number, load: () => Promise<Sdk>): Promise<Tooltip | null> {
  const name = nameAt(view.state, position);
  const entry = name && (await load()).find(name.path, view.state.doc.toString());
  return entry ? { pos: name.from, end: name.to, above: true, create: () => ({ dom: helpOn(entry) }) } : null;
}
