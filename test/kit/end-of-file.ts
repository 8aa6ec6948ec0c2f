import { afterAll } from 'vitest';

const actions: (() => unknown)[] = [];

/** Does something when the test file that runs now is done. A file here is loaded once for many test files: its own afterAll would be that of the first. */
export function atEndOfFile(action: () => unknown): void {
  actions.push(action);
}

/** For the set-up of each test file. */
export function endFile(): void {
  afterAll(async () => {
    for (const action of actions.splice(0).reverse()) await action();
  });
}
