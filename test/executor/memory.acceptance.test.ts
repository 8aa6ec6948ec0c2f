import { expect, it } from 'vitest';
import type { ExecutorContext } from '../../executor/context.ts';
import { mirror, plan } from '../../executor/mirror.ts';
import { collectGarbage } from '../../executor/upkeep/gc.ts';
import { readExpected } from '../../executor/upkeep/read-expected.ts';
import { restock } from '../../executor/upkeep/restock.ts';
import { watch } from '../../executor/upkeep/watch.ts';
import type { Tool } from '../../upstream/tools.ts';
import { codeThrown } from '../matchers.ts';
import { world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

type Look = (context: ExecutorContext, tools: Tool[]) => Promise<unknown>;

const LOOKS: Readonly<Record<string, (made: World) => Look>> = {
  plan: () => (context, tools) => plan(context, { tools }),
  mirror: (made) => async (context, tools) => mirror(context, { tools, signing: await made.signing() }),
  restock: () => (context, tools) => restock(context, { tools }),
  watch: () => (context, tools) => watch(context, { tools, only: false }),
  gc: () => (context) => collectGarbage(context, { remove: true }),
  'store check': () => (context) => readExpected(context),
};

it('a ledger that is older than it was seen is refused by plan, mirror, restock, watch, gc and store check', async () => {
  const made = await world();
  const before = made.git(['rev-parse', 'main']);
  made.commit('main', 'README.md', 'newer\n');
  await made.plan();
  made.git(['update-ref', 'refs/heads/main', before]);
  for (const [name, look] of Object.entries(LOOKS)) {
    expect(await codeThrown(() => made.run(look(made))), name).toBe('E_ROLLBACK');
  }
});
