/** A field to search and choose one of many: `searchField({ ... })` in a template. Arrow keys move, Enter chooses, Escape closes. */
import { html, nothing, render } from 'lit-html';
import { isAbort } from '../app/problem.js';
import { describedBy, field, invalid } from './fields.js';

/** @typedef {import('../app/names.js').Option} Option */

/**
 * @typedef {object} SearchField
 * @property {string} name
 * @property {string} label
 * @property {string} value The chosen value; empty for none.
 * @property {string} text Its display name.
 * @property {string} placeholder What no choice means, such as `All courses`.
 * @property {(words: string, signal: AbortSignal) => Promise<readonly Option[]>} find Without words, the first options.
 * @property {(option: Option | undefined) => void} onChoose Undefined clears the choice.
 * @property {string | undefined} [help]
 * @property {string | undefined} [problem] What is wrong with the choice.
 */

/** @param {SearchField} parts */
export const searchField = (parts) => html`<tributary-search .parts=${parts}></tributary-search>`;

class SearchElement extends HTMLElement {
  /** @type {SearchField | undefined} */
  #parts;
  /** The typed words; undefined while the field shows the choice. @type {string | undefined} */
  #words;
  /** @type {readonly Option[]} */
  #options = [];
  #isOpen = false;
  #active = -1;
  #failed = false;
  /** Whether a search for the typed words is running. */
  #isSearching = false;
  /** Enter was pressed before the results arrived: choose the first of them. */
  #takesFirst = false;
  #asking = new AbortController();

  /** @param {SearchField} parts */
  set parts(parts) {
    this.#parts = parts;
    if (this.isConnected) this.#draw();
  }

  connectedCallback() {
    this.#draw();
  }

  disconnectedCallback() {
    this.#asking.abort();
  }

  /** @param {string} words */
  async #find(words) {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#isOpen = true;
    this.#isSearching = true;
    this.#takesFirst = false;
    // Results for the previous words are still shown, but Enter alone does not choose one.
    this.#active = -1;
    this.#draw();
    try {
      const found = (await this.#parts?.find(words, asking.signal)) ?? [];
      if (asking.signal.aborted) return;
      this.#options = found;
      this.#failed = false;
      this.#active = words === '' || this.#options.length === 0 ? -1 : 0;
    } catch (error) {
      if (isAbort(error)) return;
      this.#options = [];
      this.#failed = true;
    }
    this.#isSearching = false;
    const first = this.#takesFirst ? this.#options[this.#active] : undefined;
    if (first === undefined) this.#draw();
    else this.#choose(first);
  }

  #close() {
    this.#asking.abort();
    this.#isOpen = false;
    this.#active = -1;
    this.#words = undefined;
    this.#draw();
  }

  /** @param {Option | undefined} option */
  #choose(option) {
    this.#close();
    this.#parts?.onChoose(option);
  }

  /** @param {InputEvent} event */
  #typed = (event) => {
    this.#words = /** @type {HTMLInputElement} */ (event.target).value;
    void this.#find(this.#words);
  };

  /** @param {KeyboardEvent} event */
  #keyed = (event) => {
    const { key } = event;
    if (key === 'Escape' && this.#isOpen) {
      event.preventDefault();
      this.#close();
    } else if (key === 'Enter') {
      event.preventDefault();
      const option = this.#options[this.#active];
      if (this.#isOpen && option !== undefined) this.#choose(option);
      else if (this.#words === '') this.#choose(undefined);
      else this.#takesFirst = this.#isSearching;
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      if (!this.#isOpen) {
        void this.#find(this.#words ?? '');
        return;
      }
      const step = key === 'ArrowDown' ? 1 : -1;
      const count = this.#options.length;
      this.#active = count === 0 ? -1 : (this.#active + step + count) % count;
      this.#draw();
      this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    }
  };

  #left = () => {
    // An emptied field clears the choice.
    if (this.#words === '' && this.#parts?.value !== '') this.#choose(undefined);
    else if (this.#isOpen || this.#words !== undefined) this.#close();
  };

  #draw() {
    if (this.#parts === undefined) return;
    const { name, label, value, text, placeholder, help, problem } = this.#parts;
    const id = `field-${name}`;
    const isShown = this.#isOpen && (this.#options.length > 0 || !this.#isSearching);
    render(
      field({
        name,
        label,
        help,
        problem,
        control: html`<div class="search">
          <input
            id=${id}
            type="text"
            role="combobox"
            autocomplete="off"
            spellcheck="false"
            aria-expanded=${isShown}
            aria-controls="${id}-list"
            aria-autocomplete="list"
            aria-activedescendant=${this.#active < 0 ? nothing : `${id}-${this.#active}`}
            aria-describedby=${describedBy({ name, help, problem })}
            aria-invalid=${invalid({ problem })}
            placeholder=${placeholder}
            .value=${this.#words ?? text}
            @input=${this.#typed}
            @keydown=${this.#keyed}
            @click=${() => void this.#find(this.#words ?? '')}
            @blur=${this.#left}
          />
          ${value === '' ? nothing : html`<button type="button" class="search-clear" aria-label="Clear ${label.toLowerCase()}" @click=${() => this.#choose(undefined)}>×</button>`}
          <ul class="search-list" id="${id}-list" role="listbox" aria-label=${label} ?hidden=${!isShown}>
            ${this.#options.map(
              (option, at) => html`<li
                id="${id}-${at}"
                role="option"
                aria-selected=${at === this.#active}
                @mousedown=${(/** @type {Event} */ event) => event.preventDefault()}
                @click=${() => this.#choose(option)}
              >
                ${option.text}${option.more === undefined ? nothing : html`<span class="search-more">${option.more}</span>`}
              </li>`,
            )}
            ${this.#options.length > 0 || !isShown ? nothing : html`<li class="search-none" role="option" aria-disabled="true" aria-selected="false">${this.#failed ? 'Search failed. Try again.' : 'No results.'}</li>`}
          </ul>
        </div>`,
      }),
      this,
    );
  }
}

customElements.define('tributary-search', SearchElement);
