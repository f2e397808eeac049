/** The envelope `do`, byte for byte: a batch that gets another sequence keeps its commands as they were written. */
import type { Command } from "./aliases";
import type { Batch } from "./outbox";

const BEFORE_COMMANDS = '"commands":';

/** A batch on the wire; `commands` as JSON. */
export function written(seq: number, commands: string): string {
  return `{"type":"do","seq":${seq},${BEFORE_COMMANDS}${commands}}`;
}

/** The commands of a batch, byte for byte. */
export function commandsIn(batch: Batch): string {
  return batch.raw.slice(batch.raw.indexOf(BEFORE_COMMANDS) + BEFORE_COMMANDS.length, -1);
}

/** The commands of a batch. */
export function commandsOf(batch: Batch): Command[] {
  return JSON.parse(commandsIn(batch)) as Command[];
}
