import React from 'react';

/** What a widget needs. */
export interface WidgetProps<T> {
  items: T[];
  /** Called with the chosen item. */
  onChoose(item: T): void;
}

type Key = string | number;

/** Finds a key. */
export function keyOf(item: string): Key;
export function keyOf(item: number): Key;
export function keyOf(item: any): Key {
  return item;
}

/** Shows items. */
@Component({ selector: 'widget' })
export abstract class Widget<T> extends React.Component<WidgetProps<T>> {
  private readonly cache = new Map<Key, T>();

  constructor(private readonly log: Logger) {
    super({});
  }

  /** Chooses an item. */
  @Input({ lazy: true })
  async choose(item: T): Promise<void> {
    this.props.onChoose(item);
  }

  protected abstract describe(item: T): string;
}

export enum Mode {
  Light,
  Dark,
}

namespace Themes {
  export function current(): Mode {
    return Mode.Light;
  }
}

export const List = React.memo(function List<T>({ items }: { items: T[] }) {
  return <ul>{items.map((item) => <li>{String(item)}</li>)}</ul>;
});
