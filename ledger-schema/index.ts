export { ERRORS, PullthroughError, fail } from './error.ts';
export type { ErrorCode, ErrorDetails } from './error.ts';
