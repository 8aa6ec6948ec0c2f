import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { World } from './world.ts';
import type { WorldOptions } from './world.ts';

export interface InWorld {
  readonly world: World;
  readonly context: ReviewerContext;
}

/**
 * One world for the tests around the call, handed to `take` before the first of them. Before each, `begin` sees to it;
 * unless told, releases are made in another repository then.
 */
export function worldFor(
  options: WorldOptions,
  take: (made: InWorld) => void,
  begin: (world: World) => void = (world) => void world.newTool(),
): void {
  let world: World;
  beforeAll(async () => {
    world = await World.start(options);
    take({ world, context: await world.context() });
  });
  beforeEach(() => begin(world));
  afterAll(() => world[Symbol.asyncDispose]());
}
