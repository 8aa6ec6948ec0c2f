/** Something that is made when it is first asked for, and kept. What could not be made is made again when it is asked for next. */
export class Kept<T> {
  #made: Promise<T> | undefined;

  /** What was made, or is being made. */
  get made(): Promise<T> | undefined {
    return this.#made;
  }

  get(make: () => Promise<T>): Promise<T> {
    if (this.#made !== undefined) return this.#made;
    const made = make();
    this.#made = made;
    made.catch(() => {
      if (this.#made === made) this.#made = undefined;
    });
    return made;
  }
}
