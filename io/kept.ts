/** Something that is made when it is first asked for, and kept. What could not be made is made again when it is asked for next. */
export class Kept<T> {
  #made: Promise<T> | undefined;

  /** `made`: by somebody else, of the very same. */
  constructor(made?: Promise<T>) {
    if (made !== undefined) void this.#keep(made);
  }

  /** What was made, or is being made. */
  get made(): Promise<T> | undefined {
    return this.#made;
  }

  get(make: () => Promise<T>): Promise<T> {
    if (this.#made !== undefined) return this.#made;
    return this.#keep(make());
  }

  #keep(made: Promise<T>): Promise<T> {
    this.#made = made;
    made.catch(() => {
      if (this.#made === made) this.#made = undefined;
    });
    return made;
  }
}
