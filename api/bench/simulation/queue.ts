/** First in, first out, however long it grows. */
export interface Queue<Item> {
  readonly length: number;
  push(item: Item): void;
  first(): Item | undefined;
  /** The first ones, as many as there are. */
  take(most: number): Item[];
}

export function createQueue<Item>(): Queue<Item> {
  let items: Item[] = [];
  let head = 0;
  return {
    get length() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    first: () => items[head],
    take(most) {
      const taken = items.slice(head, head + most);
      head += taken.length;
      // What was taken is let go when it is most of the array, so that taking costs the same at any length.
      if (head > items.length / 2) {
        items = items.slice(head);
        head = 0;
      }
      return taken;
    },
  };
}
