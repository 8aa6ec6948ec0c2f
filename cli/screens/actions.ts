import { appendFileSync } from 'node:fs';
import type { PullthroughError } from '../../ledger-schema/error.ts';
import { annotation, codeSpan, inOneLine } from '../../io/escape.ts';
import type { Environment } from '../../io/environment.ts';
import { markdownTable } from './table.ts';
import type { Table } from './table.ts';

/** GitHub takes 1 MiB of summary per step; anything beyond is left out, and the summary says so. */
const SUMMARY_BYTES = 900 * 1024;

/** What GitHub Actions shows of a run: a group of what happened, annotations, and the job's summary. */
export interface Actions {
  beginGroup(): void;
  endGroup(): void;
  annotate(kind: 'error' | 'warning' | 'notice', message: string, title: string): void;
  table(table: Table): void;
  failed(error: PullthroughError): void;
  end(): void;
}

/** `write` puts a line of commands into the log, through stderr, where the runner reads them too. */
export function openActions(title: string, env: Environment, write: (line: string) => void): Actions {
  const heading = `pullthrough ${title}`.trim();
  const parts: string[] = [];
  let open = false;

  function endGroup(): void {
    if (open) write('::endgroup::');
    open = false;
  }
  return {
    beginGroup() {
      if (!open) write(annotation('group', heading));
      open = true;
    },
    endGroup,
    annotate(kind, message, about) {
      write(annotation(kind, message, about));
      parts.push(`**${kind}:** ${codeSpan(inOneLine(message))}\n\n`);
    },
    table(table) {
      if (table.rows.length > 0) parts.push(`#### ${codeSpan(table.title)}\n\n${markdownTable(table)}\n`);
    },
    failed: endGroup,
    end() {
      endGroup();
      const path = env['GITHUB_STEP_SUMMARY'];
      if (!path || parts.length === 0) return;
      try {
        appendFileSync(path, summary(heading, parts));
      } catch {
        write(annotation('warning', 'the job summary cannot be written', 'pullthrough'));
      }
    },
  };
}

function summary(heading: string, parts: readonly string[]): string {
  let text = `### ${heading}\n\n`;
  let left = SUMMARY_BYTES;
  for (const part of parts) {
    left -= Buffer.byteLength(part);
    if (left < 0) return `${text}More does not fit here; the log has it.\n`;
    text += part;
  }
  return text;
}
