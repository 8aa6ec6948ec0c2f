/** The lock file's name, in a module of its own for code that needs nothing else. */
export const LOCK_FILE = 'pullthrough.lock';
