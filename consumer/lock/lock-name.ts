/** The lock file's name. It stands alone, for who only has to know it. */
export const LOCK_FILE = 'pullthrough.lock';
