'use strict';

const fs = require('fs');

/** How often to retry. */
const RETRIES = 3;

/**
 * Read a file as JSON.
 *
 * @param {string} path
 */
async function readJson(path) {
  return JSON.parse(await fs.promises.readFile(path));
}

// Adds two numbers.
const add = (a, b) => a + b;

export const debounced = debounce(function (event) {
  event.preventDefault();
  add(1, 2);
}, 100);

/** Keeps things. */
export class Store extends EventTarget {
  static #instances = 0;
  limit = 10;

  constructor(items = []) {
    super();
    this.items = items;
  }

  /** How many items there are. */
  get size() {
    return this.items.length;
  }

  onChange = (event) => {
    this.dispatchEvent(event);
  };

  *[Symbol.iterator]() {
    yield* this.items;
  }
}

const api = {
  short: () => 1,
  /** Fetch one item. */
  fetch: async function (id) {
    return id;
  },
  nested: {
    remove(id) {
      const index = id;
      return index;
    },
  },
};

Store.prototype.clear = function () {
  this.items = [];
};

module.exports = function createStore() {
  return new Store();
};

exports.close = (store) => {
  store.items = null;
};

export default () => api;

(function () {
  function hidden() {
    return 42;
  }
  hidden();
})();

describe('Store', () => {
  it('is empty at first', () => {
    expect(new Store().size).toBe(0);
  });
});
