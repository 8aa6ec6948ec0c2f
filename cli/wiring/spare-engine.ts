import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** The room for young objects; node's default is 32 MB and more. */
const YOUNG = 8 * 1024 * 1024;
const LOOK_MS = 25;
/**
 * When V8's optimizing compiler takes a function up, at first and then (V8's own default), by the major version of V8: of
 * Node 20, 22 and 24. A later V8 that doesn't know a flag would say so on stderr.
 */
const OPTIMIZE = new Map([
  ['11', ['--interrupt-budget=600000', '--interrupt-budget=67584']],
  ['12', ['--invocation-count-for-turbofan=30000', '--invocation-count-for-turbofan=3000']],
  ['13', ['--invocation-count-for-turbofan=30000', '--invocation-count-for-turbofan=3000']],
]);
/** A run that takes longer gains from optimized functions. */
const SHORT_MS = 1500;

/**
 * Keeps node's heap small, from now on: the room for young objects grows to a quarter of what V8 gives, and the old heap is
 * collected when it has grown by half. `ledger check` of 10,000 records takes 100 MB instead of 160, in the same time.
 * WebAssembly is compiled quickly, and once: all there is of it here is undici's parser of HTTP, which has little to do,
 * and optimizing it takes 25 MiB and a tenth of a second of processor time.
 * At first functions are optimized about ten times later than by default: most runs end before that pays, and `ledger check`
 * of 1,000 records needs a quarter less processor time.
 */
export function spareEngine(): void {
  const [late, usual] = OPTIMIZE.get(process.versions.v8.split('.', 1)[0] ?? '') ?? [];
  if (late === undefined || usual === undefined) return;
  setFlagsFromString(late);
  setTimeout(() => setFlagsFromString(usual), SHORT_MS).unref();
  setFlagsFromString('--heap-growing-percent=50');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  let large = false;
  // Again and again: each thread that starts sets V8's flag back, and room that was given back may be needed once more.
  setInterval(() => {
    const was = large;
    large = youngBytes() >= YOUNG;
    if (large || was) setFlagsFromString(`--semi-space-growth-factor=${large ? 1 : 2}`);
  }, LOOK_MS).unref();
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
