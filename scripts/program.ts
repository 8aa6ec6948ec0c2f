import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program as the package has it: the bundle, which `npm run build` makes. */
export const PROGRAM = resolve(dirname(fileURLToPath(import.meta.url)), '../../bundle/cli/main.js');
