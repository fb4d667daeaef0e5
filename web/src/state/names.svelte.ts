// Names of scripts that have been on a page, so that the next page about one has its title before the server answers.
class Names {
  #known = $state.raw(new Map<string, string>());

  of(id: string): string | undefined {
    return this.#known.get(id);
  }

  keep(id: string, name: string): void {
    if (this.#known.get(id) !== name) {
      this.#known = new Map(this.#known).set(id, name);
    }
  }
}

export const names = new Names();
