import { fail } from '../../../ledger-schema/error.ts';
import { loadConfig, requirePublicStores } from '../../wiring/settings/config.ts';
import { storeOptions } from '../../wiring/settings/consumer-options.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { getRequest, shortName, showFiles } from './get.ts';
import type { GetFlags } from './get.ts';
import { requireLock } from './lock.ts';
import { fetchFrom } from '../../../consumer/download/fetch-from.ts';
import { findEntries } from '../../../consumer/lock/lock.ts';
import { releaseOf } from '../../../consumer/release.ts';
import { namedAs } from '../../../consumer/download/named-as.ts';
import { selectAssets } from '../../../consumer/download/select-assets.ts';
import type { Fetchable } from '../../../consumer/download/select-assets.ts';

/** `get --locked [TOOL] [ASSET...]`: what pullthrough.lock says, from the stores alone. No ledger, no git, no pin. */
export const getLocked: Handler<GetFlags> = async ([tool, ...patterns], options, context) => {
  if (options.evidence !== undefined) {
    fail('E_USAGE', '--evidence needs the record, and --locked reads no ledger', {
      hint: 'pullthrough get TOOL@TAG --evidence DIR',
    });
  }
  const config = await loadConfig(options, context.cwd);
  requirePublicStores(config);
  const entries = await requireLock(context);
  const wanted = tool === undefined ? entries : findEntries(entries, tool, config.source.host);
  const request = await getRequest(patterns, options, context);
  const files: Fetchable[] = [];
  for (const entry of wanted) {
    const { version, expires } = entry.policy;
    if (Date.parse(expires) <= context.now.getTime()) {
      context.output.warn(
        `${releaseOf(entry)} was locked by policy ${version}, which expired on ${expires}: run pullthrough lock --update`,
      );
    }
    files.push(...(await selectAssets(entry.files, request, releaseOf(entry), entry.tool)));
  }
  const got = await fetchFrom(storeOptions(config, options, context), namedAs(files, request.as), request);
  for (const { tool: name, tag, policy } of wanted) {
    context.output.line(`${shortName(name)} ${tag}, as locked by policy ${policy.version}`, 'good');
  }
  context.output.results({ entries: wanted, files: got });
  showFiles(got, context);
};
