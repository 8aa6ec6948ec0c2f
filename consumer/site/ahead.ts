/** The items of a source, the next of which is made while one is used. */
export async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T, void, undefined> {
  let next = source.next();
  for (;;) {
    const step = await next;
    if (step.done === true) return;
    next = source.next();
    // If the user of the items fails, nobody asks for the next one.
    next.catch(() => undefined);
    yield step.value;
  }
}
