// What the overview says of the counts since the start, from the instance's figures.
import type { Stats } from "../../api/instance";
import { sayBytes, sayNumber } from "../../parts/numbers";

/** Figures that belong together, each with its name. */
export interface Group {
  title: string;
  figures: [name: string, value: string][];
}

/** All counts in groups; of what was not, such as a status that no run had, there is no line. */
export function groupsOf(stats: Stats): Group[] {
  const { writer, runs, gate, log, dead_letters: letters, password_hashes: hashes } = stats;
  return [
    { title: "Requests answered", figures: happened(byStatus(stats.requests)) },
    { title: "Runs by outcome", figures: happened(Object.entries(stats.executions.by_status).map(([status, n]) => [sayWords(status), n])) },
    {
      title: "What runs used",
      figures: [
        ["instructions", sayNumber(runs.instructions)],
        ["SDK calls", sayNumber(runs.sdk_calls)],
        ["memory, median", runs.memory_bytes ? sayBytes(runs.memory_bytes.p50) : "–"],
        ["memory, p99", runs.memory_bytes ? sayBytes(runs.memory_bytes.p99) : "–"],
        ["turned away, too many waited", sayNumber(gate.refused)],
        ["waiting for the database", sayNumber(gate.aside)],
      ],
    },
    {
      title: "Database",
      figures: [
        ["changes", sayNumber(writer.operations)],
        ["commits", sayNumber(writer.groups)],
        ["of them durable", sayNumber(writer.durable_groups)],
        ["syncs", sayNumber(writer.syncs)],
        ["checkpoints", sayNumber(writer.checkpoints)],
        ["write-ahead log", `${sayBytes(writer.wal_used_bytes)} of ${sayBytes(stats.database.wal_bytes)}`],
      ],
    },
    { title: "Written to the disk", figures: Object.entries(stats.written_bytes).map(([cause, bytes]) => [cause, sayBytes(bytes)]) },
    { title: "Written for a script", figures: stats.written_by_script.map(({ app, name, bytes }) => [`${app}/${name}`, sayBytes(bytes)]) },
    { title: "Found in caches", figures: Object.entries(stats.caches).map(([name, { hits, misses }]) => [name, `${sayNumber(hits)} of ${sayNumber(hits + misses)}`]) },
    {
      title: "Log and dead letters",
      figures: [
        ["records written", sayNumber(log.written)],
        ["records dropped", sayNumber(log.dropped)],
        ["dead letters made", sayNumber(letters.made)],
        ["dead letters dropped", sayNumber(letters.dropped)],
      ],
    },
    {
      title: "Passwords and new keys",
      figures: [
        ["checked", sayNumber(hashes.done)],
        ["being checked", sayNumber(hashes.running)],
        ["waiting", sayNumber(hashes.waiting)],
        ["turned away", sayNumber(hashes.refused)],
      ],
    },
  ].filter(({ figures }) => figures.length > 0) as Group[];
}

function byStatus(requests: Stats["requests"]): [string, number][] {
  return Object.entries(requests).flatMap(([kind, classes]) =>
    Object.entries(classes).map(([status, n]): [string, number] => [`${kind} ${status}`, n]),
  );
}

function happened(counts: [string, number][]): [string, string][] {
  return counts.filter(([, n]) => n > 0).map(([name, n]) => [name, sayNumber(n)]);
}

const sayWords = (name: string) => name.replaceAll("_", " ");
